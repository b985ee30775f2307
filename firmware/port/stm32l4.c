/* SPDX-License-Identifier: Apache-2.0
 *
 * STM32L4+ at PORT_CLOCK_HZ from its internal 16 MHz, which every board has (ST RM0432: FLASH chapter 3, PWR chapter 5,
 * RCC chapter 6, GPIO chapter 8, LPUART chapter 51). LPUART1 on PG7 (out) and PG8 (in), as NUCLEO-L4R5ZI wires it to
 * its debugger; it runs from those 16 MHz itself, which are within 1 %. Without the PLL the core stays on them. */
#define PORT_RCC_CR 0x40021000u
#define PORT_USART 0x40008000u
#define PORT_USART_IRQ 70u
#define PORT_USART_GENERATION 2
#include "stm32.h"

#define RCC_CR_HSION (1u << 8)
#define RCC_CR_HSIRDY (1u << 10)
#define RCC_CFGR 0x40021008u
#define RCC_CFGR_HSI 1u
#define RCC_CFGR_PLL 3u
#define RCC_CFGR_USED(clock) ((clock) << 2)
#define RCC_CFGR_AHB_DIV2 (8u << 4)
#define RCC_PLLCFGR 0x4002100Cu
#define RCC_AHB2ENR 0x4002104Cu
#define RCC_AHB2ENR_GPIOG (1u << 6)
#define RCC_APB1ENR1 0x40021058u
#define RCC_APB1ENR1_PWR (1u << 28)
#define RCC_APB1ENR2 0x4002105Cu
#define RCC_APB1ENR2_LPUART1 1u
#define RCC_CCIPR 0x40021088u
#define CCIPR_LPUART1_SHIFT 10u
#define CCIPR_LPUART1_HSI 2u
#define PWR_CR2 0x40007004u
#define PWR_CR2_IOSV (1u << 9) /* VDDIO2, the supply of PG2 to PG15, is there */
#define PWR_SR2 0x40007014u
#define PWR_SR2_VOSF (1u << 10) /* the voltage is still changing */
#define PWR_CR5 0x40007080u
#define PWR_CR5_R1MODE (1u << 8) /* cleared: range 1 in boost mode, for more than 80 MHz */
#define FLASH_ACR 0x40022000u
#define FLASH_ACR_CACHES (1u << 8 | 1u << 9 | 1u << 10) /* prefetch, both caches */
#define GPIOG 0x48001800u
#define AF_LPUART1 8u

#define HSI_HZ 16000000u
#define WAIT_STATES ((PORT_CLOCK_HZ - 1u) / 20000000u) /* one for each 20 MHz in boost mode */

/* PLL: 16 MHz / M = 4 MHz, x N, / 2 is the core's clock. */
#define PLL_M 4u
#define PLL_N (2u * PORT_CLOCK_HZ / (HSI_HZ / PLL_M))
#define PLLCFGR (2u | (PLL_M - 1u) << 4 | PLL_N << 8 | 1u << 24 | 0u << 25)
_Static_assert(HSI_HZ / PLL_M * PLL_N == 2u * PORT_CLOCK_HZ, "the PLL gives another clock");
_Static_assert(PLL_N >= 16 && PLL_N <= 86, "the PLL's factor, and its oscillator at 64 to 344 MHz");
_Static_assert(PORT_CLOCK_HZ > 80000000 && PORT_CLOCK_HZ <= 120000000, "boost mode's range");

static int clocks_start(void) {
    *port_register(PWR_CR5) &= ~PWR_CR5_R1MODE;
    if (!port_becomes(PWR_SR2, PWR_SR2_VOSF, 0)) {
        return 0;
    }
    *port_register(RCC_PLLCFGR) = PLLCFGR;
    if (!pll_start()) {
        return 0;
    }
    *port_register(FLASH_ACR) = FLASH_ACR_CACHES | WAIT_STATES;
    /* The buses may not jump by more than 80 MHz: half the clock for 1 us first, here some 40 reads of a register. */
    port_set_field(RCC_CFGR, 0, 3u | 15u << 4, RCC_CFGR_PLL | RCC_CFGR_AHB_DIV2);
    int fast = port_becomes(RCC_CFGR, RCC_CFGR_USED(3u), RCC_CFGR_USED(RCC_CFGR_PLL));
    for (uint32_t reads = 0; reads < 100; reads++) {
        (void)*port_register(RCC_CFGR);
    }
    *port_register(RCC_CFGR) &= ~(15u << 4);
    return fast;
}

void port_init(void) {
    *port_register(RCC_APB1ENR1) |= RCC_APB1ENR1_PWR;
    (void)*port_register(RCC_APB1ENR1); /* a peripheral answers two cycles after its clock starts */
    *port_register(PORT_RCC_CR) |= RCC_CR_HSION;
    (void)port_becomes(PORT_RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY);
    port_set_field(RCC_CFGR, 0, 3u, RCC_CFGR_HSI); /* from the 4 MHz of reset */
    (void)port_becomes(RCC_CFGR, RCC_CFGR_USED(3u), RCC_CFGR_USED(RCC_CFGR_HSI));
    uint32_t core_hz = clocks_start() ? PORT_CLOCK_HZ : HSI_HZ;
    *port_register(PWR_CR2) |= PWR_CR2_IOSV;
    *port_register(RCC_AHB2ENR) |= RCC_AHB2ENR_GPIOG;
    port_set_field(RCC_CCIPR, CCIPR_LPUART1_SHIFT, 3, CCIPR_LPUART1_HSI);
    *port_register(RCC_APB1ENR2) |= RCC_APB1ENR2_LPUART1;
    (void)*port_register(RCC_APB1ENR2);
    pin_start(GPIOG, 7, AF_LPUART1);
    pin_start(GPIOG, 8, AF_LPUART1);
    usart_start(256u * (HSI_HZ / 128u) / (USART_BAUD / 128u)); /* an LPUART counts 256ths of a clock */
    port_start_ticks(core_hz);
}
