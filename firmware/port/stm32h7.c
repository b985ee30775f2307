/* SPDX-License-Identifier: Apache-2.0
 *
 * STM32H743 at PORT_CLOCK_HZ from an 8 MHz clock, which NUCLEO-H743ZI's debugger gives (ST RM0433: FLASH chapter 4, PWR
 * chapter 6, RCC chapter 8, GPIO chapter 11, USART chapter 48). 400 MHz, not 480: revision Y, which the older boards
 * have, ends there, and revision V reaches 480 only with a higher voltage still. USART3 on PD8 (out) and PD9 (in), run
 * from the internal 64 MHz. Without the clock the core stays on those. Data is in the AXI SRAM, behind the cache. */
#define PORT_RCC_CR 0x58024400u
#define PORT_USART 0x40004800u
#define PORT_USART_IRQ 39u
#define PORT_USART_GENERATION 2
#include "stm32.h"

#define RCC_CFGR 0x58024410u
#define RCC_CFGR_PLL1 3u
#define RCC_CFGR_USED (7u << 3)
#define RCC_CFGR_PLL1_USED (3u << 3)
#define RCC_D1CFGR 0x58024418u
#define D1CFGR_AHB_DIV2_APB3_DIV2 (8u | 4u << 4)
#define RCC_D2CFGR 0x5802441Cu
#define D2CFGR_APB1_DIV2_APB2_DIV2 (4u << 4 | 4u << 8)
#define RCC_D3CFGR 0x58024420u
#define D3CFGR_APB4_DIV2 (4u << 4)
#define RCC_PLLCKSELR 0x58024428u
#define RCC_PLLCFGR 0x5802442Cu
#define RCC_PLL1DIVR 0x58024430u
#define RCC_D2CCIP2R 0x58024454u
#define D2CCIP2R_USART3_HSI 3u
#define RCC_AHB4ENR 0x580244E0u
#define RCC_AHB4ENR_GPIOD (1u << 3)
#define RCC_APB1LENR 0x580244E8u
#define RCC_APB1LENR_USART3 (1u << 18)
#define PWR_CSR1 0x58024804u
#define PWR_CSR1_ACTVOSRDY (1u << 13)
#define PWR_CR3 0x5802480Cu
#define PWR_CR3_SUPPLY 7u /* SCUEN, LDOEN, BYPASS */
#define PWR_CR3_LDO 2u
#define PWR_D3CR 0x58024818u
#define PWR_D3CR_VOSRDY (1u << 13)
#define FLASH_ACR 0x52002000u
#define FLASH_ACR_2WS_185_MHZ (2u | 2u << 4) /* two wait states, signals for an AXI clock of 185 to 210 MHz */
#define DBGMCU_IDCODE 0x5C001000u
#define IDCODE_AFTER_REVISION_Y 0x20000000u /* Y is 0x1003 in the upper half, V 0x2003 */
#define AXI_TARG7_FN_MOD 0x51008108u
#define GPIOD 0x58020C00u
#define AF_USART3 7u

/* Cortex-M7 caches (ARM DDI 0489, Armv7-M Architecture Reference Manual B2.2). */
#define SCB_CCR 0xE000ED14u
#define SCB_CCR_DATA (1u << 16)
#define SCB_CCR_INSTRUCTION (1u << 17)
#define SCB_CSSELR 0xE000ED84u
#define SCB_ICIALLU 0xE000EF50u
#define SCB_DCISW 0xE000EF60u
#define DATA_SETS 128u /* 16 kB of four ways and 32-byte lines */
#define DATA_WAYS 4u

#define HSI_HZ 64000000u
#define HSE_HZ 8000000u

/* PLL1: 8 MHz / M = 2 MHz, x N = 800 MHz, / P = 400 MHz. */
#define PLL_M 4u
#define PLL_P 2u
#define PLL_N (PORT_CLOCK_HZ * PLL_P / (HSE_HZ / PLL_M))
_Static_assert(HSE_HZ / PLL_M * PLL_N == PORT_CLOCK_HZ * PLL_P, "the PLL gives another clock");
_Static_assert(PLL_N >= 96 && PLL_N <= 418, "the PLL's factor, and its oscillator at 192 to 836 MHz");
_Static_assert(PORT_CLOCK_HZ <= 400000000, "revision Y's limit");

/* The supply can be chosen once after power is on, and the voltage raised only after that. */
static int voltage_raise(void) {
    *port_register(PWR_CR3) = (*port_register(PWR_CR3) & ~PWR_CR3_SUPPLY) | PWR_CR3_LDO;
    if (!port_becomes(PWR_CSR1, PWR_CSR1_ACTVOSRDY, PWR_CSR1_ACTVOSRDY)) {
        return 0;
    }
    port_set_field(PWR_D3CR, 14, 3, 3); /* scale 1, the highest of run mode */
    return port_becomes(PWR_D3CR, PWR_D3CR_VOSRDY, PWR_D3CR_VOSRDY);
}

static int clocks_start(void) {
    if (!voltage_raise() || !hse_start(RCC_CR_HSEON | RCC_CR_HSEBYP)) {
        return 0;
    }
    *port_register(RCC_PLLCKSELR) = 2u | PLL_M << 4;
    *port_register(RCC_PLLCFGR) = 1u << 2 | 1u << 16; /* input of 2 to 4 MHz, wide oscillator, output P alone */
    *port_register(RCC_PLL1DIVR) = (PLL_N - 1u) | (PLL_P - 1u) << 9;
    if (!pll_start()) {
        return 0;
    }
    *port_register(RCC_D1CFGR) = D1CFGR_AHB_DIV2_APB3_DIV2; /* before the switch: AXI bears 200 MHz, the APBs 100 */
    *port_register(RCC_D2CFGR) = D2CFGR_APB1_DIV2_APB2_DIV2;
    *port_register(RCC_D3CFGR) = D3CFGR_APB4_DIV2;
    port_set_field(RCC_CFGR, 0, 7, RCC_CFGR_PLL1);
    if (!port_becomes(RCC_CFGR, RCC_CFGR_USED, RCC_CFGR_PLL1_USED)) {
        return 0;
    }
    *port_register(FLASH_ACR) = FLASH_ACR_2WS_185_MHZ; /* after it: reset leaves seven wait states */
    return 1;
}

static void barrier(void) {
    __asm volatile("dsb\n\tisb" ::: "memory");
}

static void caches_start(void) {
    *port_register(SCB_ICIALLU) = 0;
    *port_register(SCB_CSSELR) = 0;
    barrier();
    for (uint32_t set = 0; set < DATA_SETS; set++) {
        for (uint32_t way = 0; way < DATA_WAYS; way++) {
            *port_register(SCB_DCISW) = way << 30 | set << 5;
        }
    }
    barrier();
    *port_register(SCB_CCR) |= SCB_CCR_DATA | SCB_CCR_INSTRUCTION;
    barrier();
}

void port_init(void) {
    if (*port_register(DBGMCU_IDCODE) < IDCODE_AFTER_REVISION_Y) {
        *port_register(AXI_TARG7_FN_MOD) = 1; /* revision Y may read the AXI SRAM wrongly else (ES0392 2.2.10) */
    }
    uint32_t core_hz = clocks_start() ? PORT_CLOCK_HZ : HSI_HZ;
    caches_start();
    *port_register(RCC_AHB4ENR) |= RCC_AHB4ENR_GPIOD;
    port_set_field(RCC_D2CCIP2R, 0, 7, D2CCIP2R_USART3_HSI);
    *port_register(RCC_APB1LENR) |= RCC_APB1LENR_USART3;
    (void)*port_register(RCC_APB1LENR); /* a peripheral answers two cycles after its clock starts */
    pin_start(GPIOD, 8, AF_USART3);
    pin_start(GPIOD, 9, AF_USART3);
    usart_start(usart_divider(HSI_HZ));
    port_start_ticks(core_hz);
}
