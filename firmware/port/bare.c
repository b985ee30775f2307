/* SPDX-License-Identifier: Apache-2.0
 *
 * Start-up once there is a stack, and how deep it got. Symbols that nothing here defines come from the linker script
 * and the machine's own file. */
#include "bare.h"
#include "fault.h"
#include "port.h"

#define STACK_PAINT 0xC5C5C5C5u

extern uint32_t port_stack_low[], port_stack_top[];
extern uint32_t port_data_load[], port_data_start[], port_data_end[], port_bss_start[], port_bss_end[];
typedef void port_construct_fn(void);
extern port_construct_fn *const port_construct_start[], *const port_construct_end[];

int main(void);
void port_reset(void);

register uint32_t *stack_pointer __asm("sp");

/* volatile: the compiler must not turn these loops into calls of memset and memcpy, whose frames would lie in the
 * stack being painted. */
static inline void fill(volatile uint32_t *from, const volatile uint32_t *to, uint32_t word) {
    while (from < to) {
        *from++ = word;
    }
}

void port_reset(void) {
    fill(port_stack_low, stack_pointer, STACK_PAINT);
    port_map_constants();
    const volatile uint32_t *load = port_data_load;
    for (volatile uint32_t *data = port_data_start; data < port_data_end; data++) {
        *data = *load++;
    }
    fill(port_bss_start, port_bss_end, 0);
    for (port_construct_fn *const *construct = port_construct_start; construct < port_construct_end; construct++) {
        (*construct)();
    }
    fault_recall();
    main();
    port_restart();
}

void port_fault(uint32_t stack_pointer, uint32_t pc) {
    fault_note(stack_pointer, pc);
    port_restart();
}

uint64_t port_extended(uint32_t count) {
    static uint32_t last, wraps;
    wraps += count < last;
    last = count;
    return (uint64_t)wraps << 32 | count;
}

uint32_t port_stack_bytes(void) {
    return (uint32_t)((uintptr_t)port_stack_top - (uintptr_t)port_stack_low);
}

uint32_t port_stack_used(void) {
    const volatile uint32_t *deepest = port_stack_low;
    while (deepest < port_stack_top && *deepest == STACK_PAINT) {
        deepest++;
    }
    return (uint32_t)((uintptr_t)port_stack_top - (uintptr_t)deepest);
}
