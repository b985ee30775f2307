/* SPDX-License-Identifier: Apache-2.0
 *
 * What the RISC-V and Xtensa ports share: start-up in C and the stack's high-water mark (bare.c). An architecture adds
 * its first instructions (riscv.S, xtensa.S), a machine's own file the rest of port.h and port_restart(). */
#ifndef BARE_H
#define BARE_H

#include <stdint.h>

/* Resets the machine; what an exception ends in. Nothing could be said over the line without being taken for an answer:
 * the host, which repeats its question, finds a fresh session. */
__attribute__((noreturn)) void port_restart(void);

/* Where an exception ends: notes it and restarts. */
__attribute__((noreturn)) void port_fault(uint32_t stack_pointer, uint32_t pc);

/* What the machine needs before the constants can be read; called with a stack but without any variables. */
void port_map_constants(void);

/* A counter extended to 64 bits by counting its wraps: right between two calls that are less than a wrap apart. */
uint64_t port_extended(uint32_t count);

/* A 32-bit register, or any word of memory, by its address. */
static inline volatile uint32_t *port_register(uint32_t address) {
    return (volatile uint32_t *)(uintptr_t)address;
}

#endif
