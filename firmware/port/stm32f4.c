/* SPDX-License-Identifier: Apache-2.0
 *
 * STM32F405, F407 (168 MHz) and F446 (180 MHz) at PORT_CLOCK_HZ from a crystal of PORT_HSE_HZ, or from a clock of that
 * frequency where PORT_HSE_BYPASS is defined (ST RM0090 and RM0390: FLASH chapter 3, PWR chapter 5, RCC chapters 7 and
 * 6, GPIO chapters 8 and 7). USART number PORT_UART (1 or 2) on the pins PORT_UART_TX and PORT_UART_RX of GPIO port
 * PORT_UART_GPIO (0 is A), all given by the board's .ini. Without the oscillator the core stays on its internal
 * 16 MHz. */
#define PORT_RCC_CR 0x40023800u
#if PORT_UART == 1
#define PORT_USART 0x40011000u
#define PORT_USART_IRQ 37u
#define RCC_USART_ENR 0x40023844u
#define RCC_USART_ENABLE (1u << 4)
#define USART_BUS_DIVIDER APB2_DIVIDER
#elif PORT_UART == 2
#define PORT_USART 0x40004400u
#define PORT_USART_IRQ 38u
#define RCC_USART_ENR RCC_APB1ENR
#define RCC_USART_ENABLE (1u << 17)
#define USART_BUS_DIVIDER APB1_DIVIDER
#else
#error "PORT_UART is 1 or 2"
#endif
#define PORT_USART_GENERATION 1
#include "stm32.h"

#define RCC_CR_HSIRDY (1u << 1)
#define RCC_PLLCFGR 0x40023804u
#define RCC_CFGR 0x40023808u
#define RCC_CFGR_PLL 2u
#define RCC_CFGR_USED (3u << 2)
#define RCC_CFGR_PLL_USED (2u << 2)
#define RCC_CFGR_APB1_DIV4_APB2_DIV2 (5u << 10 | 4u << 13)
#define RCC_AHB1ENR 0x40023830u
#define RCC_APB1ENR 0x40023840u
#define RCC_APB1ENR_PWR (1u << 28)
#define PWR_CR 0x40007000u
#define PWR_CSR 0x40007004u
#define PWR_OVER_DRIVE (1u << 16) /* in PWR_CR: on; in PWR_CSR: ready */
#define PWR_OVER_DRIVE_SWITCH (1u << 17)
#define FLASH_ACR 0x40023C00u
#define FLASH_ACR_CACHES_5WS 0x705u /* prefetch, both caches, five wait states: up to 180 MHz at 2.7 V */
#define GPIO (0x40020000u + 0x400u * PORT_UART_GPIO)
#define AF_USART1_2 7u

#ifdef PORT_HSE_BYPASS
#define HSE (RCC_CR_HSEON | RCC_CR_HSEBYP)
#else
#define HSE RCC_CR_HSEON
#endif
#define HSI_HZ 16000000u
#define APB1_DIVIDER 4u
#define APB2_DIVIDER 2u

/* PLL: input / M = 1 MHz, x N, / 2 is the core's clock; / Q, which we don't use, at most 48 MHz; R as reset has it. */
#define PLL_M (PORT_HSE_HZ / 1000000u)
#define PLL_N (2u * PORT_CLOCK_HZ / 1000000u)
#define PLL_Q ((PLL_N + 47u) / 48u)
#define PLLCFGR (PLL_M | PLL_N << 6 | 0u << 16 | 1u << 22 | PLL_Q << 24 | 2u << 28)
_Static_assert(PLL_M >= 2 && PLL_M <= 63, "the PLL's input divider");
_Static_assert(PLL_N >= 192 && PLL_N <= 432, "the PLL's factor, and its oscillator at 192 to 432 MHz");
_Static_assert(2ull * PLL_M * PORT_CLOCK_HZ == 1ull * PORT_HSE_HZ * PLL_N, "the PLL gives another clock");
_Static_assert(PORT_CLOCK_HZ <= 180000000, "the family's limit");

/* The regulator is at its highest scale after reset; above 168 MHz it must be over-driven before the switch. */
static int over_drive(void) {
    *port_register(RCC_APB1ENR) |= RCC_APB1ENR_PWR;
    (void)*port_register(RCC_APB1ENR);
    *port_register(PWR_CR) |= PWR_OVER_DRIVE;
    if (!port_becomes(PWR_CSR, PWR_OVER_DRIVE, PWR_OVER_DRIVE)) {
        return 0;
    }
    *port_register(PWR_CR) |= PWR_OVER_DRIVE_SWITCH;
    return port_becomes(PWR_CSR, PWR_OVER_DRIVE_SWITCH, PWR_OVER_DRIVE_SWITCH);
}

static int clocks_start(void) {
    if ((*port_register(PORT_RCC_CR) & RCC_CR_HSIRDY) == 0) {
        return 1; /* impossible on silicon, which runs from HSI here: an emulator without clocks, at full speed */
    }
    if (!hse_start(HSE)) {
        return 0;
    }
    *port_register(RCC_PLLCFGR) = PLLCFGR;
    if (!pll_start() || (PORT_CLOCK_HZ > 168000000 && !over_drive())) {
        return 0;
    }
    *port_register(FLASH_ACR) = FLASH_ACR_CACHES_5WS;
    *port_register(RCC_CFGR) = RCC_CFGR_APB1_DIV4_APB2_DIV2; /* before the switch: APB1 bears 45 MHz, APB2 90 */
    *port_register(RCC_CFGR) |= RCC_CFGR_PLL;
    return port_becomes(RCC_CFGR, RCC_CFGR_USED, RCC_CFGR_PLL_USED);
}

void port_init(void) {
    int fast = clocks_start();
    *port_register(RCC_AHB1ENR) |= 1u << PORT_UART_GPIO;
    *port_register(RCC_USART_ENR) |= RCC_USART_ENABLE;
    (void)*port_register(RCC_USART_ENR); /* a peripheral answers two cycles after its clock starts */
    pin_start(GPIO, PORT_UART_TX, AF_USART1_2);
    pin_start(GPIO, PORT_UART_RX, AF_USART1_2);
    usart_start(usart_divider(fast ? PORT_CLOCK_HZ / USART_BUS_DIVIDER : HSI_HZ));
    port_start_ticks(fast ? PORT_CLOCK_HZ : HSI_HZ);
}
