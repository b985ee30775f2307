/* SPDX-License-Identifier: Apache-2.0
 *
 * The UART of QEMU's machines: a 16550 (National Semiconductor PC16550D), as it is after reset. QEMU holds back what
 * its one-byte buffer has no room for, and models no speed. Before the include a port defines PORT_UART, its address,
 * and PORT_UART_STRIDE, how many bytes its registers are apart. */
#ifndef UART_16550_H
#define UART_16550_H

#include "port.h"

#define UART_DATA PORT_UART
#define UART_LINE_STATUS (PORT_UART + 5u * PORT_UART_STRIDE)
#define LINE_STATUS_RECEIVED 0x01u
#define LINE_STATUS_CAN_SEND 0x20u

static inline volatile uint8_t *uart(uint32_t address) {
    return (volatile uint8_t *)(uintptr_t)address;
}

int port_read(void) {
    return *uart(UART_LINE_STATUS) & LINE_STATUS_RECEIVED ? *uart(UART_DATA) : -1;
}

void port_write(uint8_t byte) {
    while ((*uart(UART_LINE_STATUS) & LINE_STATUS_CAN_SEND) == 0) {
    }
    *uart(UART_DATA) = byte;
}

void port_flush(void) {
}

#endif
