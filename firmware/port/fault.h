/* SPDX-License-Identifier: Apache-2.0
 *
 * Why the firmware had to start again, kept over the reset in memory that neither start-up nor loader writes: section
 * .noinit of the linker script. */
#ifndef FAULT_H
#define FAULT_H

#include "port.h"

#define FAULT_MAGIC 0xFA017ED5u /* no memory holds it by chance, twice */
#define FAULT_MARGIN 256u /* the most that one instruction, or the core itself on its way here, may push at once */

extern uint32_t port_stack_low[];

/* Aligned so that it is in one line of a cache. */
static volatile struct {
    uint32_t magic, kind, pc, check;
} fault_record __attribute__((section(".noinit"), aligned(16)));

static port_fault_t fault_last;
static uint32_t fault_last_pc;

/* To be called before the reset. A stack pointer that has left the stack, or almost, says that the stack was too small:
 * it is lowest in RAM, so that whatever grows out of it faults. */
static inline void fault_note(uint32_t stack_pointer, uint32_t pc) {
    uint32_t low = (uint32_t)(uintptr_t)port_stack_low;
    fault_record.magic = FAULT_MAGIC;
    fault_record.kind = stack_pointer < low + FAULT_MARGIN ? PORT_FAULT_STACK : PORT_FAULT_OTHER;
    fault_record.pc = pc;
    fault_record.check = FAULT_MAGIC ^ fault_record.kind ^ pc;
}

/* To be called at start-up, once there are variables. A record is of the last start only. */
static inline void fault_recall(void) {
    if (fault_record.magic == FAULT_MAGIC &&
        fault_record.check == (FAULT_MAGIC ^ fault_record.kind ^ fault_record.pc)) {
        fault_last = (port_fault_t)fault_record.kind;
        fault_last_pc = fault_record.pc;
    }
    fault_record.magic = 0;
}

port_fault_t port_last_fault(uint32_t *pc) {
    *pc = fault_last_pc;
    return fault_last;
}

#endif
