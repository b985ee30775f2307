/* SPDX-License-Identifier: Apache-2.0
 *
 * nRF52 at 64 MHz, its only clock (Nordic nRF52840 Product Specification: CLOCK, NVMC, GPIO, UART). The UART without
 * DMA, which the nRF51 has at the same place, on the pins PORT_UART_TX and PORT_UART_RX of port P0. */
#include "cortex_m.h"
#include "port.h"

#define CLOCK_HFCLKSTART 0x40000000u
#define CLOCK_HFCLKSTARTED 0x40000100u
#define APPROTECT_DISABLE 0x40000558u
#define APPROTECT_DISABLE_VALUE 0x5Au
#define NVMC_ICACHECNF 0x4001E540u
#define GPIO_OUTSET 0x50000508u
#define GPIO_PIN_CNF(pin) (0x50000700u + 4u * (pin))
#define PIN_CNF_OUTPUT 3u       /* output, input buffer off */
#define PIN_CNF_PULLED_UP 0x0Cu /* input: an open line is an idle one */

#define UART 0x40002000u
#define UART_STARTRX (UART + 0x000u)
#define UART_STARTTX (UART + 0x008u)
#define UART_RXDRDY (UART + 0x108u)
#define UART_TXDRDY (UART + 0x11Cu)
#define UART_INTENSET (UART + 0x304u)
#define UART_INTEN_RXDRDY (1u << 2)
#define UART_ENABLE (UART + 0x500u)
#define UART_ENABLED 4u
#define UART_PSELTXD (UART + 0x50Cu)
#define UART_PSELRXD (UART + 0x514u)
#define UART_RXD (UART + 0x518u)
#define UART_TXD (UART + 0x51Cu)
#define UART_BAUDRATE (UART + 0x524u)
#define UART_BAUDRATE_115200 0x01D7E000u
#define UART_IRQ 2u

static void uart_interrupt(void) {
    if (*port_register(UART_RXDRDY) != 0) {
        *port_register(UART_RXDRDY) = 0; /* before the read, which lets the next of six bytes in */
        (void)*port_register(UART_RXDRDY);
        port_received((uint8_t)*port_register(UART_RXD));
    }
}

PORT_UART_INTERRUPT(UART_IRQ, uart_interrupt);

void port_init(void) {
    *port_register(APPROTECT_DISABLE) = APPROTECT_DISABLE_VALUE; /* later revisions else lock the debugger out */
    *port_register(NVMC_ICACHECNF) = 1;
    *port_register(CLOCK_HFCLKSTART) = 1; /* the crystal: the internal oscillator is too inexact for a UART */
    (void)port_becomes(CLOCK_HFCLKSTARTED, 1, 1);
    *port_register(GPIO_OUTSET) = 1u << PORT_UART_TX;
    *port_register(GPIO_PIN_CNF(PORT_UART_TX)) = PIN_CNF_OUTPUT;
    *port_register(GPIO_PIN_CNF(PORT_UART_RX)) = PIN_CNF_PULLED_UP;
    *port_register(UART_PSELTXD) = PORT_UART_TX;
    *port_register(UART_PSELRXD) = PORT_UART_RX;
    *port_register(UART_BAUDRATE) = UART_BAUDRATE_115200;
    *port_register(UART_ENABLE) = UART_ENABLED;
    *port_register(UART_INTENSET) = UART_INTEN_RXDRDY;
    port_enable_interrupt(UART_IRQ);
    *port_register(UART_STARTRX) = 1;
    *port_register(UART_STARTTX) = 1;
    port_start_ticks(PORT_CLOCK_HZ);
}

void port_write(uint8_t byte) {
    *port_register(UART_TXDRDY) = 0;
    *port_register(UART_TXD) = byte;
    while (*port_register(UART_TXDRDY) == 0) {
    }
}

void port_flush(void) {
}
