/* SPDX-License-Identifier: Apache-2.0
 *
 * ESP32-C3 by direct boot (ESP32-C3 Technical Reference Manual): the boot ROM of revision 0.3 and later maps a flash
 * that begins with the magic number twice, for instructions at 0x42000000 and for data at 0x3C000000, and jumps behind
 * it, with the core at half the crystal's 40 MHz. There it stays: the PLL would clock the flash's controller, too, from
 * which the core is running. */
#define PORT_UART_READ 0x60000000u
#define PORT_UART_WRITE 0x60000000u
#define PORT_UART_STATUS 0x6000001Cu
#define PORT_UART_COUNT 0x3FFu
#include "esp.h"

#define CORE_HZ 20000000u

#define RTC_OPTIONS 0x60008000u
#define RTC_RESET_SYSTEM (1u << 31)
#define RTC_WATCHDOG_CONFIG 0x60008090u
#define RTC_WATCHDOG_PROTECT 0x600080A8u
#define SUPER_WATCHDOG_CONFIG 0x600080ACu
#define SUPER_WATCHDOG_AUTO_FEED (1u << 31)
#define SUPER_WATCHDOG_PROTECT 0x600080B0u
#define SUPER_WATCHDOG_KEY 0x8F1D312Au
#define TIMER_0_WATCHDOG_CONFIG 0x6001F048u
#define TIMER_0_WATCHDOG_PROTECT 0x6001F064u
#define TIMER_1_WATCHDOG_CONFIG 0x60020048u
#define TIMER_1_WATCHDOG_PROTECT 0x60020064u
#define TIMER_WATCHDOG_UPDATE (1u << 22) /* without it the timers' go by what they were told before */

__attribute__((section(".magic"), used)) static const uint32_t magic[] = {0xAEDB041Du, 0xAEDB041Du};

void port_restart(void) {
    *port_register(RTC_OPTIONS) |= RTC_RESET_SYSTEM;
    for (;;) {
    }
}

void port_map_constants(void) {
}

void port_init(void) {
    watchdog_stop(RTC_WATCHDOG_PROTECT, RTC_WATCHDOG_CONFIG, 0);
    watchdog_stop(TIMER_0_WATCHDOG_PROTECT, TIMER_0_WATCHDOG_CONFIG, TIMER_WATCHDOG_UPDATE);
    watchdog_stop(TIMER_1_WATCHDOG_PROTECT, TIMER_1_WATCHDOG_CONFIG, TIMER_WATCHDOG_UPDATE);
    *port_register(SUPER_WATCHDOG_PROTECT) = SUPER_WATCHDOG_KEY;
    *port_register(SUPER_WATCHDOG_CONFIG) |= SUPER_WATCHDOG_AUTO_FEED;
    *port_register(SUPER_WATCHDOG_PROTECT) = 0;
    __asm volatile("csrwi 0x7e0, 1\n\t"   /* mpcer: count cycles */
                   "csrwi 0x7e1, 1\n\t"); /* mpcmr: go on counting */
}

/* mpccr, the chip's own counter, since it lacks the standard's mcycle. */
uint64_t port_ticks(void) {
    uint32_t count;
    __asm volatile("csrr %0, 0x7e2" : "=r"(count));
    return port_extended(count);
}

uint32_t port_tick_hz(void) {
    return CORE_HZ;
}

port_tick_kind_t port_tick_kind(void) {
    return PORT_TICKS_CYCLES;
}
