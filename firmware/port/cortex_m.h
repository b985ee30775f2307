/* SPDX-License-Identifier: Apache-2.0
 *
 * What every Cortex-M port shares: start-up, the tick counter and the stack's high-water mark (cortex_m.c). A family's
 * own file adds port_init(), which sets the clocks and the UART up and then calls port_start_ticks(), port_read(),
 * port_write() and port_flush(). */
#ifndef CORTEX_M_H
#define CORTEX_M_H

#include <stdint.h>

/* Starts the tick counter on a core that runs at hz. */
void port_start_ticks(uint32_t hz);

/* A 32-bit register, or any word of memory, by its address. */
static inline volatile uint32_t *port_register(uint32_t address) {
    return (volatile uint32_t *)(uintptr_t)address;
}

#endif
