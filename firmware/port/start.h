/* SPDX-License-Identifier: Apache-2.0
 *
 * Start-up of a machine without an operating system, once there is a stack, and how deep that got: what bare.c and
 * cortex_m.c share. Symbols that nothing here defines come from the linker script. To be included once. */
#ifndef START_H
#define START_H

#include "port.h"

#define STACK_PAINT 0xC5C5C5C5u

typedef void port_construct_fn(void);
extern uint32_t port_stack_low[], port_stack_top[];
extern uint32_t port_data_load[], port_data_start[], port_data_end[], port_bss_start[], port_bss_end[];
extern port_construct_fn *const port_construct_start[], *const port_construct_end[];

int main(void);

/* volatile: the compiler must not turn these loops into calls of memset and memcpy, whose frames would lie in the
 * stack being painted. */
static inline void start_fill(volatile uint32_t *from, const volatile uint32_t *to, uint32_t word) {
    while (from < to) {
        *from++ = word;
    }
}

static inline void start_paint_stack(const uint32_t *stack_pointer) {
    start_fill(port_stack_low, stack_pointer, STACK_PAINT);
}

static inline void start_variables(void) {
    const volatile uint32_t *load = port_data_load;
    for (volatile uint32_t *data = port_data_start; data < port_data_end; data++) {
        *data = *load++;
    }
    start_fill(port_bss_start, port_bss_end, 0);
}

static inline void start_constructors(void) {
    for (port_construct_fn *const *construct = port_construct_start; construct < port_construct_end; construct++) {
        (*construct)();
    }
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

#endif
