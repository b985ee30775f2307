/* SPDX-License-Identifier: Apache-2.0
 *
 * STM32F100 at 24 MHz from a crystal of 8 MHz (ST RM0041: RCC chapter 6, GPIO chapter 7), USART1 on PA9 (out) and
 * PA10 (in). Without the crystal the core stays on its internal 8 MHz. */
#define PORT_RCC_CR 0x40021000u
#define PORT_RCC_CFGR 0x40021004u
#define PORT_USART 0x40013800u
#include "stm32.h"

#define RCC_CFGR_PLL_HSE_X3 (1u << 16 | 1u << 18)
#define RCC_APB2ENR 0x40021018u
#define RCC_APB2ENR_GPIOA_USART1 (1u << 2 | 1u << 14)
#define GPIOA_CRH 0x40010804u
#define CRH_PA9_PA10_MASK 0xFF0u
#define CRH_PA9_OUT_PA10_IN 0x4B0u /* alternate function, push-pull, 50 MHz; floating input */

#define HSI_HZ 8000000u
#define CORE_HZ 24000000u

void port_init(void) {
    uint32_t core_hz = clocks_start(PORT_RCC_CFGR, RCC_CFGR_PLL_HSE_X3, RCC_CFGR_PLL_HSE_X3) ? CORE_HZ : HSI_HZ;
    *port_register(RCC_APB2ENR) |= RCC_APB2ENR_GPIOA_USART1;
    (void)*port_register(RCC_APB2ENR); /* a peripheral answers two cycles after its clock starts */
    *port_register(GPIOA_CRH) = (*port_register(GPIOA_CRH) & ~CRH_PA9_PA10_MASK) | CRH_PA9_OUT_PA10_IN;
    usart_start(core_hz);
    port_start_ticks(core_hz);
}
