/* SPDX-License-Identifier: Apache-2.0
 *
 * Start-up once there is a stack. Symbols that nothing here defines come from the machine's own file. */
#include "bare.h"
#include "fault.h"
#include "port.h"
#include "start.h"

void port_reset(void);

register uint32_t *stack_pointer __asm("sp");

void port_reset(void) {
    start_paint_stack(stack_pointer);
    port_map_constants();
    start_variables();
    start_constructors();
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
