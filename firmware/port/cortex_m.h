/* SPDX-License-Identifier: Apache-2.0
 *
 * What every Cortex-M port shares: start-up, the tick counter, the bytes received and the stack's high-water mark
 * (cortex_m.c). A family's own file adds port_init(), which sets the clocks and the UART up and then calls
 * port_start_ticks() and port_enable_interrupt(), the UART's interrupt handler, port_write() and port_flush(). */
#ifndef CORTEX_M_H
#define CORTEX_M_H

#include <stdbool.h>
#include <stdint.h>

typedef void port_handler_fn(void);

/* The chip's part of the vector table, up to the only interrupt that is ever enabled: the UART's. */
#define PORT_UART_INTERRUPT(number, handler)                                                                           \
    __attribute__((section(".vectors.device"), used)) static port_handler_fn *const device_vectors[(number) + 1] = {   \
        [number] = handler}

/* Lets the UART's interrupt reach the core. */
void port_enable_interrupt(uint32_t number);

/* Called by the interrupt's handler for each byte, for port_read() to give out; there must be room. With the last room
 * the interrupt is off until port_read() has made some, so that an emulator, which waits, loses nothing; on a real line
 * the UART then loses bytes: the frame that they belong to fails its CRC and is sent again. The handler must find out
 * by itself whether there is a byte. */
bool port_has_room(void);
void port_received(uint8_t byte);

/* Starts the tick counter on a core that runs at hz. */
void port_start_ticks(uint32_t hz);

/* A 32-bit register, or any word of memory, by its address. */
static inline volatile uint32_t *port_register(uint32_t address) {
    return (volatile uint32_t *)(uintptr_t)address;
}

/* Sets the bits of mask, shifted, to value. */
static inline void port_set_field(uint32_t address, uint32_t shift, uint32_t mask, uint32_t value) {
    *port_register(address) = (*port_register(address) & ~(mask << shift)) | value << shift;
}

#define PORT_READY_POLLS 400000u /* 10 ms on the fastest core, 0.1 s on slow ones; crystals take some ms */

/* Waits until the bits of mask are value, and says whether they became it. */
static inline int port_becomes(uint32_t address, uint32_t mask, uint32_t value) {
    for (uint32_t polls = 0; polls < PORT_READY_POLLS; polls++) {
        if ((*port_register(address) & mask) == value) {
            return 1;
        }
    }
    return 0;
}

#endif
