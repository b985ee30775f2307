/* SPDX-License-Identifier: Apache-2.0
 *
 * Arm's FPGA images for MPS2 (AN385, AN386, AN500, AN505) and MPS3 (AN547): the CMSDK APB UART 0 at PORT_UART and a
 * core at PORT_CLOCK_HZ; what differs from the first three (Arm application note 386) is in the board's .ini. The
 * UART's own clock is the core's on MPS2 and 25 MHz on MPS3. */
#include "cortex_m.h"
#include "port.h"

#ifndef PORT_UART_HZ
#define PORT_UART_HZ PORT_CLOCK_HZ
#endif
#ifndef PORT_UART
#define PORT_UART 0x40004000u
#endif
#ifndef PORT_UART_IRQ
#define PORT_UART_IRQ 0u
#endif
#define BAUD 115200u
#define UART_DATA (PORT_UART + 0x00u)
#define UART_STATE (PORT_UART + 0x04u)    /* 1 transmit buffer full, 2 receive buffer full */
#define UART_CTRL (PORT_UART + 0x08u)     /* 1 transmit enable, 2 receive enable, 8 receive interrupt */
#define UART_INTCLEAR (PORT_UART + 0x0Cu) /* 2 receive */
#define UART_BAUDDIV (PORT_UART + 0x10u)

static void uart_interrupt(void) {
    *port_register(UART_INTCLEAR) = 2; /* before the read, which lets the next byte in */
    if (*port_register(UART_STATE) & 2) {
        port_received((uint8_t)*port_register(UART_DATA));
    }
}

PORT_UART_INTERRUPT(PORT_UART_IRQ, uart_interrupt);

void port_init(void) {
    *port_register(UART_BAUDDIV) = PORT_UART_HZ / BAUD;
    *port_register(UART_CTRL) = 1 | 2 | 8;
    port_enable_interrupt(PORT_UART_IRQ);
    port_start_ticks(PORT_CLOCK_HZ);
}

void port_write(uint8_t byte) {
    while (*port_register(UART_STATE) & 1) {
    }
    *port_register(UART_DATA) = byte;
}

void port_flush(void) {
}
