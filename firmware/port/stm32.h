/* SPDX-License-Identifier: Apache-2.0
 *
 * What the STM32 families share: bits of RCC_CR, the GPIO ports (F2 and later) and the USART in its two generations
 * (ST RM0090 chapters 8 and 30; RM0433 chapters 11 and 48). Before the include a port defines PORT_RCC_CR and
 * PORT_USART, the addresses of its registers, PORT_USART_IRQ, and PORT_USART_GENERATION: 1 for F1, F2 and F4, 2 for
 * all later ones. */
#ifndef STM32_H
#define STM32_H

#include "cortex_m.h"
#include "port.h"

#define RCC_CR_HSEON (1u << 16)
#define RCC_CR_HSERDY (1u << 17)
#define RCC_CR_HSEBYP (1u << 18) /* a clock comes from outside, there is no crystal */
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)

#if PORT_USART_GENERATION == 1
#define USART_STATUS (PORT_USART + 0x00u)
#define USART_RECEIVE (PORT_USART + 0x04u)
#define USART_TRANSMIT (PORT_USART + 0x04u)
#define USART_BRR (PORT_USART + 0x08u)
#define USART_CR1 (PORT_USART + 0x0Cu)
#define USART_CR1_UE (1u << 13)
#define USART_STATUS_ORE (1u << 3) /* overrun: interrupts, even without a byte */
#else
#define USART_CR1 (PORT_USART + 0x00u)
#define USART_CR3 (PORT_USART + 0x08u)
#define USART_CR3_OVRDIS (1u << 12) /* no overrun flag, which would want to be cleared */
#define USART_BRR (PORT_USART + 0x0Cu)
#define USART_STATUS (PORT_USART + 0x1Cu)
#define USART_RECEIVE (PORT_USART + 0x24u)
#define USART_TRANSMIT (PORT_USART + 0x28u)
#define USART_CR1_UE 1u
#define USART_STATUS_ORE 0u
#endif
#define USART_STATUS_RXNE (1u << 5)
#define USART_STATUS_TXE (1u << 7)
#define USART_CR1_RE (1u << 2)
#define USART_CR1_TE (1u << 3)
#define USART_CR1_RXNEIE (1u << 5)
#define USART_BAUD 115200u

/* Reading the status and then the data clears generation 1's overrun too; a damaged byte is left to the frame's CRC.
 * A second byte waits only in an emulator, where it may raise no interrupt of its own. */
static void usart_interrupt(void) {
    uint32_t status;
    while (port_has_room() && (status = *port_register(USART_STATUS)) & (USART_STATUS_RXNE | USART_STATUS_ORE)) {
        uint8_t byte = (uint8_t)*port_register(USART_RECEIVE);
        if (status & USART_STATUS_RXNE) {
            port_received(byte);
        }
    }
}

PORT_UART_INTERRUPT(PORT_USART_IRQ, usart_interrupt);

/* divider: clocks a bit, as BRR wants it. */
static inline void usart_start(uint32_t divider) {
#if PORT_USART_GENERATION == 2
    *port_register(USART_CR3) = USART_CR3_OVRDIS;
#endif
    *port_register(USART_BRR) = divider;
    *port_register(USART_CR1) = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE | USART_CR1_RXNEIE;
    port_enable_interrupt(PORT_USART_IRQ);
}

static inline uint32_t usart_divider(uint32_t clock_hz) {
    return (clock_hz + USART_BAUD / 2) / USART_BAUD;
}

void port_write(uint8_t byte) {
    while ((*port_register(USART_STATUS) & USART_STATUS_TXE) == 0) {
    }
    *port_register(USART_TRANSMIT) = byte;
}

void port_flush(void) {
}

/* Starts the oscillator (hse: RCC_CR_HSEON, with RCC_CR_HSEBYP where a clock comes from outside). */
static inline int hse_start(uint32_t hse) {
    *port_register(PORT_RCC_CR) |= hse & RCC_CR_HSEBYP; /* may be set only while the oscillator is off */
    *port_register(PORT_RCC_CR) |= hse;
    return port_becomes(PORT_RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY);
}

/* Starts the PLL, whose settings have been written. */
static inline int pll_start(void) {
    *port_register(PORT_RCC_CR) |= RCC_CR_PLLON;
    return port_becomes(PORT_RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY);
}

/* Gives pin of the GPIO port at address gpio to the alternate function; not for the F1, whose ports differ. */
static inline void pin_start(uint32_t gpio, uint32_t pin, uint32_t function) {
    uint32_t moder = gpio + 0x00u, pupdr = gpio + 0x0Cu, afr = gpio + 0x20u + 4u * (pin / 8u);
    port_set_field(afr, 4 * (pin % 8), 15, function);
    port_set_field(pupdr, 2 * pin, 3, 1); /* pulled up: an open line is an idle one */
    port_set_field(moder, 2 * pin, 3, 2);
}

#endif
