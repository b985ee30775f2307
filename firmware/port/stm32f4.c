/* SPDX-License-Identifier: Apache-2.0
 *
 * STM32F405/407 at 168 MHz from a crystal of PORT_HSE_HZ (ST RM0090: FLASH chapter 3, RCC chapter 7, GPIO chapter 8),
 * USART1 on the pins PORT_UART_TX and PORT_UART_RX of GPIO port PORT_UART_GPIO (0 is A), all given by the board's
 * .ini. Without the crystal the core stays on its internal 16 MHz. */
#define PORT_RCC_CR 0x40023800u
#define PORT_RCC_CFGR 0x40023808u
#define PORT_USART 0x40011000u
#include "stm32.h"

#define RCC_PLLCFGR 0x40023804u
#define RCC_CFGR_APB1_DIV4_APB2_DIV2 (5u << 10 | 4u << 13)
#define RCC_AHB1ENR 0x40023830u
#define RCC_APB2ENR 0x40023844u
#define RCC_APB2ENR_USART1 (1u << 4)
#define FLASH_ACR 0x40023C00u
#define FLASH_ACR_CACHES_5WS 0x705u /* five wait states, prefetch, both caches */
#define GPIO (0x40020000u + 0x400u * PORT_UART_GPIO)
#define GPIO_MODER (GPIO + 0x00u)
#define GPIO_PUPDR (GPIO + 0x0Cu)
#define GPIO_AFR(pin) (GPIO + 0x20u + 4u * ((pin) / 8u))
#define AF_USART1 7u

#define HSI_HZ 16000000u
#define CORE_HZ 168000000u

/* PLL: input crystal / M = 1 MHz, x N = 336 MHz, / P = 168 MHz, / Q = 48 MHz. */
#define PLL_M (PORT_HSE_HZ / 1000000u)
_Static_assert(PLL_M >= 2 && PLL_M <= 63 && PORT_HSE_HZ % 1000000u == 0, "the PLL wants a crystal of whole MHz");
#define PLLCFGR_168_MHZ (PLL_M | 336u << 6 | 0u << 16 | 1u << 22 | 7u << 24)

static void set_field(uint32_t address, uint32_t shift, uint32_t mask, uint32_t value) {
    *port_register(address) = (*port_register(address) & ~(mask << shift)) | value << shift;
}

static void pin_start(uint32_t pin) {
    set_field(GPIO_AFR(pin), 4 * (pin % 8), 15, AF_USART1);
    set_field(GPIO_PUPDR, 2 * pin, 3, 1); /* pulled up: an open line is an idle one */
    set_field(GPIO_MODER, 2 * pin, 3, 2);
}

void port_init(void) {
    *port_register(FLASH_ACR) = FLASH_ACR_CACHES_5WS;
    int fast = clocks_start(RCC_PLLCFGR, PLLCFGR_168_MHZ, RCC_CFGR_APB1_DIV4_APB2_DIV2);
    *port_register(RCC_AHB1ENR) |= 1u << PORT_UART_GPIO;
    *port_register(RCC_APB2ENR) |= RCC_APB2ENR_USART1;
    (void)*port_register(RCC_APB2ENR); /* a peripheral answers two cycles after its clock starts */
    usart_start(fast ? CORE_HZ / 2 : HSI_HZ);
    pin_start(PORT_UART_TX);
    pin_start(PORT_UART_RX);
    port_start_ticks(fast ? CORE_HZ : HSI_HZ);
}
