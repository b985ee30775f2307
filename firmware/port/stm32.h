/* SPDX-License-Identifier: Apache-2.0
 *
 * What the STM32F1, F2 and F4 families share: the start of the clocks (ST RM0041 chapter 6, RM0090 chapter 7) and the
 * USART (RM0041 chapter 23, RM0090 chapter 30). Before the include a port defines PORT_RCC_CR, PORT_RCC_CFGR and
 * PORT_USART, the addresses of its registers. Polled: a byte must be read within 86 us at 115200 baud. */
#ifndef STM32_H
#define STM32_H

#include "cortex_m.h"
#include "port.h"

#define RCC_CR_HSIRDY (1u << 1)
#define RCC_CR_HSEON (1u << 16)
#define RCC_CR_HSERDY (1u << 17)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)
#define RCC_CFGR_USE_PLL 2u
#define RCC_CFGR_USED (3u << 2)
#define RCC_CFGR_PLL_USED (2u << 2)
#define READY_POLLS 400000u /* 0.1 s and more; a crystal takes some milliseconds */

#define USART_SR (PORT_USART + 0x00u)
#define USART_DR (PORT_USART + 0x04u)
#define USART_BRR (PORT_USART + 0x08u)
#define USART_CR1 (PORT_USART + 0x0Cu)
#define USART_SR_ERROR 0x0Fu /* parity, framing, noise, overrun */
#define USART_SR_RXNE (1u << 5)
#define USART_SR_TXE (1u << 7)
#define USART_CR1_UE_TE_RE 0x200Cu
#define USART_BAUD 115200u

static int becomes(uint32_t address, uint32_t mask, uint32_t value) {
    for (uint32_t polls = 0; polls < READY_POLLS; polls++) {
        if ((*port_register(address) & mask) == value) {
            return 1;
        }
    }
    return 0;
}

/* Crystal, then PLL set by writing pll to pll_register, then the core on the PLL with the bus dividers of cfgr.
 * Returns 0 where the crystal or the PLL does not start: then the core stays on its internal oscillator. */
static int clocks_start(uint32_t pll_register, uint32_t pll, uint32_t cfgr) {
    if ((*port_register(PORT_RCC_CR) & RCC_CR_HSIRDY) == 0) {
        return 1; /* impossible on silicon, which runs from HSI here: an emulator without clocks, at full speed */
    }
    *port_register(PORT_RCC_CR) |= RCC_CR_HSEON;
    if (!becomes(PORT_RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY)) {
        return 0;
    }
    *port_register(pll_register) = pll;
    *port_register(PORT_RCC_CR) |= RCC_CR_PLLON;
    if (!becomes(PORT_RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY)) {
        return 0;
    }
    *port_register(PORT_RCC_CFGR) = cfgr | RCC_CFGR_USE_PLL;
    return becomes(PORT_RCC_CFGR, RCC_CFGR_USED, RCC_CFGR_PLL_USED);
}

/* clock_hz: of the bus that feeds the USART. */
static void usart_start(uint32_t clock_hz) {
    *port_register(USART_BRR) = (clock_hz + USART_BAUD / 2) / USART_BAUD;
    *port_register(USART_CR1) = USART_CR1_UE_TE_RE;
}

/* Reading SR and then DR also clears the error flags; a damaged byte is left to the frame's CRC. */
int port_read(void) {
    uint32_t status = *port_register(USART_SR);
    if ((status & (USART_SR_RXNE | USART_SR_ERROR)) == 0) {
        return -1;
    }
    int byte = (int)(*port_register(USART_DR) & 0xFF);
    return (status & USART_SR_RXNE) ? byte : -1;
}

void port_write(uint8_t byte) {
    while ((*port_register(USART_SR) & USART_SR_TXE) == 0) {
    }
    *port_register(USART_DR) = byte;
}

void port_flush(void) {
}

#endif
