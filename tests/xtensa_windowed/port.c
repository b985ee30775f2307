/* SPDX-License-Identifier: Apache-2.0
 *
 * QEMU's Xtensa machine "lx60" with a core that has register windows. Between two calls of port_ticks(), that is while
 * a model or a kernel runs, the timer interrupts it; its interrupts are what is counted. */
#define PORT_UART 0xFD050020u
#define PORT_UART_STRIDE 4u
#include "port/uart_16550.h"
#include "port/xtensa.h"

#define FPGA_RESET 0xFD020010u
#define FPGA_RESET_NOW 0xDEADu
#define TIMER_0 (1u << 6) /* in INTENABLE of sample_controller */
#define FIRST_INTERRUPT 200u

volatile uint32_t port_interrupts; /* start.S */

void port_restart(void) {
    *port_register(FPGA_RESET) = FPGA_RESET_NOW;
    for (;;) {
    }
}

void port_map_constants(void) {
}

void port_init(void) {
}

uint64_t port_ticks(void) {
    static uint32_t enabled;
    enabled ^= TIMER_0;
    __asm volatile("wsr %0, ccompare0\n\twsr %1, intenable\n\trsync"
                   :
                   : "a"(port_ccount() + FIRST_INTERRUPT), "a"(enabled)
                   : "memory");
    return port_interrupts;
}

uint32_t port_tick_hz(void) {
    return 1000000000u;
}

port_tick_kind_t port_tick_kind(void) {
    return PORT_TICKS_TIMER;
}
