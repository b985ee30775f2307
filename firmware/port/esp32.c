/* SPDX-License-Identifier: Apache-2.0
 *
 * ESP32 without a second boot loader (ESP32 Technical Reference Manual): the boot ROM loads code and constants into
 * RAM. The clocks stay as it leaves them, the core at the crystal's 40 MHz: the PLL is set through an analog bus that
 * the manual does not describe. Constants that are too large for RAM stay in flash, at PORT_FLASH_CONSTANTS, and are
 * seen through the cache: its set-up follows the manual, but no chip has run it yet. */
#define PORT_UART_READ 0x3FF40000u
#define PORT_UART_WRITE 0x60000000u /* the FIFO as the other bus sees it, ESP32 errata CPU-3.3 */
#define PORT_UART_STATUS 0x3FF4001Cu
#define PORT_UART_COUNT 0xFFu
#include "esp.h"
#include "xtensa.h"

#define CORE_HZ 40000000u

#define RTC_OPTIONS 0x3FF48000u
#define RTC_RESET_SYSTEM (1u << 31)
#define RTC_WATCHDOG_CONFIG 0x3FF4808Cu
#define RTC_WATCHDOG_PROTECT 0x3FF480A4u
#define TIMER_0_WATCHDOG_CONFIG 0x3FF5F048u
#define TIMER_0_WATCHDOG_PROTECT 0x3FF5F064u
#define TIMER_1_WATCHDOG_CONFIG 0x3FF60048u
#define TIMER_1_WATCHDOG_PROTECT 0x3FF60064u

#define CACHE_CTRL 0x3FF00040u
#define CACHE_ENABLE (1u << 3)
#define CACHE_FLUSH (1u << 4)
#define CACHE_FLUSH_DONE (1u << 5)
#define CACHE_CTRL_1 0x3FF00044u
#define CACHE_MASK_DROM (1u << 4)
#define CACHE_PAGES 0x3FF10000u /* the flash page behind each page of the window */
#define CACHE_POLLS 100000u
#define PAGE_BYTES 0x10000u
#define WINDOW 0x3F400000u
#define WINDOW_PAGES 64u

extern const uint8_t port_constants_start[];

void port_restart(void) {
    *port_register(RTC_OPTIONS) |= RTC_RESET_SYSTEM;
    for (;;) {
    }
}

void port_map_constants(void) {
    if ((uintptr_t)port_constants_start - WINDOW >= WINDOW_PAGES * PAGE_BYTES) {
        return; /* they are in RAM */
    }
    *port_register(CACHE_CTRL) &= ~CACHE_ENABLE;
    *port_register(CACHE_CTRL) &= ~CACHE_FLUSH;
    *port_register(CACHE_CTRL) |= CACHE_FLUSH;
    for (uint32_t polls = 0; polls < CACHE_POLLS && (*port_register(CACHE_CTRL) & CACHE_FLUSH_DONE) == 0; polls++) {
    }
    uint32_t first = PORT_FLASH_CONSTANTS / PAGE_BYTES;
    for (uint32_t page = 0; page < WINDOW_PAGES - first; page++) {
        *port_register(CACHE_PAGES + 4 * page) = first + page;
    }
    *port_register(CACHE_CTRL_1) &= ~CACHE_MASK_DROM;
    *port_register(CACHE_CTRL) |= CACHE_ENABLE;
}

void port_init(void) {
    watchdog_stop(RTC_WATCHDOG_PROTECT, RTC_WATCHDOG_CONFIG, 0);
    watchdog_stop(TIMER_0_WATCHDOG_PROTECT, TIMER_0_WATCHDOG_CONFIG, 0);
    watchdog_stop(TIMER_1_WATCHDOG_PROTECT, TIMER_1_WATCHDOG_CONFIG, 0);
}

uint64_t port_ticks(void) {
    return port_extended(port_ccount());
}

uint32_t port_tick_hz(void) {
    return CORE_HZ;
}

port_tick_kind_t port_tick_kind(void) {
    return PORT_TICKS_CYCLES;
}
