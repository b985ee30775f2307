/* SPDX-License-Identifier: Apache-2.0
 *
 * RP2040 at PORT_CLOCK_HZ from a crystal of 12 MHz (Raspberry Pi RP2040 Datasheet: resets 2.14, clocks 2.15, XOSC 2.16,
 * PLL 2.18, GPIO 2.19, UART 4.2). UART0 on GP0 (out) and GP1 (in). rp2040_boot2.S runs before; the chip's second core
 * sleeps in its boot ROM. */
#include "cortex_m.h"
#include "port.h"

#define SET(address) ((address) + 0x2000u)   /* writing here sets bits */
#define CLEAR(address) ((address) + 0x3000u) /* and here clears them */

#define RESETS 0x4000C000u
#define RESETS_DONE 0x4000C008u
#define RESET_IO_BANK0 (1u << 5)
#define RESET_PADS_BANK0 (1u << 8)
#define RESET_PLL_SYS (1u << 12)
#define RESET_UART0 (1u << 22)
#define RESET_USED (RESET_IO_BANK0 | RESET_PADS_BANK0 | RESET_PLL_SYS | RESET_UART0)

#define XOSC_CTRL 0x40024000u
#define XOSC_CTRL_ENABLE (0xFABu << 12 | 0xAA0u) /* for 1 to 15 MHz */
#define XOSC_STATUS 0x40024004u
#define XOSC_STATUS_STABLE (1u << 31)
#define XOSC_STARTUP 0x4002400Cu

#define CLK_REF_CTRL 0x40008030u
#define CLK_REF_SELECTED 0x40008038u /* one bit for each source */
#define CLK_REF_XOSC 2u
#define CLK_SYS_CTRL 0x4000803Cu
#define CLK_SYS_SELECTED 0x40008044u
#define CLK_SYS_REF 0u
#define CLK_SYS_PLL 1u /* the auxiliary source, of which 0 is the system PLL */
#define CLK_PERI_CTRL 0x40008048u
#define CLK_PERI_FROM_SYS (1u << 11)

#define PLL_CS 0x40028000u
#define PLL_CS_LOCK (1u << 31)
#define PLL_PWR 0x40028004u
#define PLL_PWR_OFF (1u << 0 | 1u << 5) /* core and oscillator */
#define PLL_PWR_POST_OFF (1u << 3)
#define PLL_FBDIV 0x40028008u
#define PLL_PRIM 0x4002800Cu

#define UART_DR 0x40034000u
#define UART_FR 0x40034018u
#define UART_FR_RXFE (1u << 4)
#define UART_FR_TXFF (1u << 5)
#define UART_IBRD 0x40034024u
#define UART_FBRD 0x40034028u
#define UART_LCR_H 0x4003402Cu
#define UART_LCR_H_8_BITS (3u << 5) /* no FIFO: an interrupt for each byte */
#define UART_CR 0x40034030u
#define UART_CR_ON (1u << 0 | 1u << 8 | 1u << 9)
#define UART_IMSC 0x40034038u
#define UART_IMSC_RX (1u << 4)
#define UART_IRQ 20u
#define BAUD 115200u

#define GPIO_CTRL(pin) (0x40014004u + 8u * (pin))
#define GPIO_CTRL_UART 2u
#define PAD(pin) (0x4001C004u + 4u * (pin))
#define PAD_OUTPUT 0x56u /* as reset leaves it: 4 mA, Schmitt trigger, input on, pulled down */
#define PAD_PULLED_UP 0x5Au
#define TX_PIN 0u
#define RX_PIN 1u

/* PLL: 12 MHz x 125 = 1500 MHz, / 6 / 2 = 125 MHz. */
#define XOSC_HZ 12000000u
#define PLL_TIMES 125u
#define PLL_DIV1 6u
#define PLL_DIV2 2u
#define VCO_HZ (XOSC_HZ * PLL_TIMES)
_Static_assert(VCO_HZ == PORT_CLOCK_HZ * PLL_DIV1 * PLL_DIV2, "the PLL gives another clock");
_Static_assert(VCO_HZ >= 750000000 && VCO_HZ <= 1600000000, "the PLL's oscillator");
_Static_assert(PORT_CLOCK_HZ <= 133000000, "the chip's limit");

/* The UART divides by 16 and 64ths. */
#define DIVIDER_64THS ((4u * PORT_CLOCK_HZ + BAUD / 2u) / BAUD)

static void uart_interrupt(void) {
    if ((*port_register(UART_FR) & UART_FR_RXFE) == 0) {
        port_received((uint8_t)*port_register(UART_DR));
    }
}

PORT_UART_INTERRUPT(UART_IRQ, uart_interrupt);

static void wait_for(uint32_t address, uint32_t bits) {
    while ((*port_register(address) & bits) != bits) {
    }
}

/* A reset of the core alone leaves the clocks as they were: first away from the PLL. There is nothing to fall back to,
 * since the ring oscillator is far too inexact for a UART. */
static void clocks_start(void) {
    *port_register(CLEAR(CLK_SYS_CTRL)) = 1;
    wait_for(CLK_SYS_SELECTED, 1u << CLK_SYS_REF);
    *port_register(XOSC_STARTUP) = XOSC_HZ / 1000u / 256u + 1u; /* 1 ms */
    *port_register(XOSC_CTRL) = XOSC_CTRL_ENABLE;
    wait_for(XOSC_STATUS, XOSC_STATUS_STABLE);
    *port_register(CLK_REF_CTRL) = CLK_REF_XOSC;
    wait_for(CLK_REF_SELECTED, 1u << CLK_REF_XOSC);

    *port_register(SET(RESETS)) = RESET_USED;
    *port_register(CLEAR(RESETS)) = RESET_USED;
    wait_for(RESETS_DONE, RESET_USED & ~RESET_UART0); /* the UART's waits for its clock */

    *port_register(PLL_CS) = 1; /* the crystal is not divided */
    *port_register(PLL_FBDIV) = PLL_TIMES;
    *port_register(CLEAR(PLL_PWR)) = PLL_PWR_OFF;
    wait_for(PLL_CS, PLL_CS_LOCK);
    *port_register(PLL_PRIM) = PLL_DIV1 << 16 | PLL_DIV2 << 12;
    *port_register(CLEAR(PLL_PWR)) = PLL_PWR_POST_OFF;
    *port_register(CLK_SYS_CTRL) = 0;
    *port_register(SET(CLK_SYS_CTRL)) = CLK_SYS_PLL;
    wait_for(CLK_SYS_SELECTED, 1u << CLK_SYS_PLL);
    *port_register(CLK_PERI_CTRL) = CLK_PERI_FROM_SYS;
    wait_for(RESETS_DONE, RESET_UART0);
}

void port_init(void) {
    clocks_start();
    *port_register(PAD(TX_PIN)) = PAD_OUTPUT;
    *port_register(PAD(RX_PIN)) = PAD_PULLED_UP; /* an open line is an idle one */
    *port_register(GPIO_CTRL(TX_PIN)) = GPIO_CTRL_UART;
    *port_register(GPIO_CTRL(RX_PIN)) = GPIO_CTRL_UART;
    *port_register(UART_IBRD) = DIVIDER_64THS / 64u;
    *port_register(UART_FBRD) = DIVIDER_64THS % 64u;
    *port_register(UART_LCR_H) = UART_LCR_H_8_BITS; /* also takes the dividers over */
    *port_register(UART_IMSC) = UART_IMSC_RX;
    *port_register(UART_CR) = UART_CR_ON;
    port_enable_interrupt(UART_IRQ);
    port_start_ticks(PORT_CLOCK_HZ);
}

void port_write(uint8_t byte) {
    while (*port_register(UART_FR) & UART_FR_TXFF) {
    }
    *port_register(UART_DR) = byte;
}

void port_flush(void) {
}
