/* SPDX-License-Identifier: Apache-2.0
 *
 * QEMU's Xtensa machine "lx60" (Avnet LX60, Tensilica's evaluation board). */
#define PORT_UART 0xFD050020u
#define PORT_UART_STRIDE 4u
#include "uart_16550.h"
#include "xtensa.h"

#define FPGA_RESET 0xFD020010u
#define FPGA_RESET_NOW 0xDEADu

void port_restart(void) {
    *port_register(FPGA_RESET) = FPGA_RESET_NOW;
    for (;;) {
    }
}

void port_map_constants(void) {
}

void port_init(void) {
}

/* With -icount shift=7 an instruction takes 2^7 ns, and CCOUNT, which follows that time at 40 MHz, is how many were
 * executed times 2^7 / 25, rounded down. */
uint64_t port_ticks(void) {
    return (port_extended(port_ccount()) * 25 + 127) >> 7;
}

/* As if an instruction took one nanosecond, like on the other emulated machines. */
uint32_t port_tick_hz(void) {
    return 1000000000u;
}

port_tick_kind_t port_tick_kind(void) {
    return PORT_TICKS_TIMER;
}
