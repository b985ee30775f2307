/* SPDX-License-Identifier: Apache-2.0
 *
 * QEMU's RISC-V machine "virt" (QEMU's documentation, "virt" Generic Virtual Platform). */
#define PORT_UART 0x10000000u
#define PORT_UART_STRIDE 1u
#include "bare.h"
#include "uart_16550.h"

#define FINISHER 0x100000u /* SiFive's test finisher */
#define FINISHER_RESET 0x7777u

void port_restart(void) {
    *port_register(FINISHER) = FINISHER_RESET;
    for (;;) {
    }
}

/* The machine has one RAM: what is flash to us is the 4 MB before the rest, and below the stack. A physical memory
 * protection entry (The RISC-V Instruction Set Manual, volume II, section 3.7) makes it read-only, so that a stack that
 * grows too deep faults. 0x9D: locked, so that it holds in machine mode; a naturally aligned power of two; read,
 * execute; the address is that of the region with as many ones below as its size in 8 bytes has bits. */
void port_map_constants(void) {
    __asm volatile("csrw pmpaddr0, %0\n\tcsrw pmpcfg0, %1" ::"r"(0x80000000u >> 2 | ((4u << 20 >> 3) - 1)), "r"(0x9Du));
}

void port_init(void) {
}

/* minstret: with -icount shift=0 an instruction takes one nanosecond of the machine's time. */
uint64_t port_ticks(void) {
    uint32_t low, high, again;
    do {
        __asm volatile("csrr %0, minstreth\n\tcsrr %1, minstret\n\tcsrr %2, minstreth"
                       : "=&r"(high), "=&r"(low), "=r"(again));
    } while (high != again);
    return (uint64_t)high << 32 | low;
}

uint32_t port_tick_hz(void) {
    return 1000000000u;
}

port_tick_kind_t port_tick_kind(void) {
    return PORT_TICKS_TIMER;
}
