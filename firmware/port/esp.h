/* SPDX-License-Identifier: Apache-2.0
 *
 * What the ports of Espressif's chips share: UART 0 as the boot ROM leaves it (115200 baud on its own pins), and how a
 * watchdog is silenced (ESP32 Technical Reference Manual, chapters "UART Controller" and "Watchdog Timers"; ESP32-C3
 * Technical Reference Manual, the same). Polled: the FIFO holds 128 bytes, 11 ms at that speed, and the device only
 * listens while it has nothing else to do. Before the include a port defines PORT_UART_READ and PORT_UART_WRITE, the
 * addresses of the FIFO, PORT_UART_STATUS and PORT_UART_COUNT, the mask of the counts in it. */
#ifndef ESP_H
#define ESP_H

#include "bare.h"
#include "port.h"

#define UART_SENDING_SHIFT 16u
#define UART_FIFO_ROOM 120u /* of 128 bytes: the count may lag behind what was just written */

#define WATCHDOG_KEY 0x50D83AA1u

/* protect: the register that takes the key; config: the one that enables every stage; off: its value without any. */
static inline void watchdog_stop(uint32_t protect, uint32_t config, uint32_t off) {
    *port_register(protect) = WATCHDOG_KEY;
    *port_register(config) = off;
    *port_register(protect) = 0;
}

int port_read(void) {
    return *port_register(PORT_UART_STATUS) & PORT_UART_COUNT ? (int)(*port_register(PORT_UART_READ) & 0xFF) : -1;
}

void port_write(uint8_t byte) {
    while ((*port_register(PORT_UART_STATUS) >> UART_SENDING_SHIFT & PORT_UART_COUNT) > UART_FIFO_ROOM) {
    }
    *port_register(PORT_UART_WRITE) = byte;
}

void port_flush(void) {
}

#endif
