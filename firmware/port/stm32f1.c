/* SPDX-License-Identifier: Apache-2.0
 *
 * STM32F100 and F103 at PORT_CLOCK_HZ from a crystal of 8 MHz (ST RM0041 and RM0008: FLASH_ACR in chapter 3, RCC
 * chapters 6 and 7, GPIO chapters 7 and 9), USART1 on PA9 (out) and PA10 (in). Without the crystal the core stays on
 * its internal 8 MHz. */
#define PORT_RCC_CR 0x40021000u
#define PORT_USART 0x40013800u
#define PORT_USART_IRQ 37u
#define PORT_USART_GENERATION 1
#include "stm32.h"

#define RCC_CR_HSIRDY (1u << 1)
#define RCC_CFGR 0x40021004u
#define RCC_CFGR_PLL 2u
#define RCC_CFGR_USED (3u << 2)
#define RCC_CFGR_PLL_USED (2u << 2)
#define RCC_CFGR_APB1_DIV2 (4u << 8)
#define RCC_CFGR_PLL_HSE (1u << 16)
#define RCC_CFGR_PLL_TIMES(n) (((n)-2u) << 18)
#define RCC_APB2ENR 0x40021018u
#define RCC_APB2ENR_GPIOA_USART1 (1u << 2 | 1u << 14)
#define FLASH_ACR 0x40022000u
#define FLASH_ACR_PREFETCH (1u << 4)
#define GPIOA_CRH 0x40010804u
#define CRH_PA9_PA10_MASK 0xFF0u
#define CRH_PA9_OUT_PA10_IN 0x8B0u /* alternate function, push-pull, 50 MHz; input, pulled */
#define GPIOA_BSRR 0x40010810u
#define BSRR_PA10_UP (1u << 10) /* an open line is an idle one */

#define HSI_HZ 8000000u
#define HSE_HZ 8000000u
#define PLL_TIMES (PORT_CLOCK_HZ / HSE_HZ)
_Static_assert(PORT_CLOCK_HZ == HSE_HZ * PLL_TIMES && PLL_TIMES >= 2 && PLL_TIMES <= 16, "the PLL's factor");

/* The value line (F100, 24 MHz) knows no wait states. The performance line wants one above 24 MHz and two above 48, and
 * no more than 36 MHz on APB1; USART1 is on APB2. */
#if PORT_CLOCK_HZ > 24000000
#define WAIT_STATES ((PORT_CLOCK_HZ - 1u) / 24000000u)
#define BUSES RCC_CFGR_APB1_DIV2
_Static_assert(PORT_CLOCK_HZ <= 72000000, "the performance line's limit");
#else
#define WAIT_STATES 0u
#define BUSES 0u
#endif

static int clocks_start(void) {
    if ((*port_register(PORT_RCC_CR) & RCC_CR_HSIRDY) == 0) {
        return 1; /* impossible on silicon, which runs from HSI here: an emulator without clocks, at full speed */
    }
    if (!hse_start(RCC_CR_HSEON)) {
        return 0;
    }
    const uint32_t cfgr = RCC_CFGR_PLL_HSE | RCC_CFGR_PLL_TIMES(PLL_TIMES) | BUSES;
    *port_register(RCC_CFGR) = cfgr;
    if (!pll_start()) {
        return 0;
    }
    if (WAIT_STATES > 0) {
        *port_register(FLASH_ACR) = FLASH_ACR_PREFETCH | WAIT_STATES;
    }
    *port_register(RCC_CFGR) = cfgr | RCC_CFGR_PLL;
    return port_becomes(RCC_CFGR, RCC_CFGR_USED, RCC_CFGR_PLL_USED);
}

void port_init(void) {
    uint32_t core_hz = clocks_start() ? PORT_CLOCK_HZ : HSI_HZ;
    *port_register(RCC_APB2ENR) |= RCC_APB2ENR_GPIOA_USART1;
    (void)*port_register(RCC_APB2ENR); /* a peripheral answers two cycles after its clock starts */
    *port_register(GPIOA_BSRR) = BSRR_PA10_UP;
    port_set_field(GPIOA_CRH, 0, CRH_PA9_PA10_MASK, CRH_PA9_OUT_PA10_IN);
    usart_start(usart_divider(core_hz));
    port_start_ticks(core_hz);
}
