/* SPDX-License-Identifier: Apache-2.0
 *
 * Any board with an Arduino core: its Serial is the line, micros() the counter (32 bits that wrap after 71 minutes,
 * which are added up). How deep the stack is only the core's own start-up code could know. Arduino's main() calls
 * setup() once and loop() for ever; link_run() never returns. */
#include <Arduino.h>

#include "engine.h"
#include "link.h"
#include "port.h"

#ifndef PORT_BAUD
#define PORT_BAUD 115200
#endif

void port_init(void) {
    Serial.begin(PORT_BAUD);
    while (!Serial) { /* USB serial of some boards: until the host has opened it */
    }
}

int port_read(void) {
    int byte = Serial.read();
    if (byte < 0) {
        yield(); /* lets an operating system beneath the core run, and its watchdog be fed */
    }
    return byte < 0 ? -1 : byte;
}

void port_write(uint8_t byte) {
    Serial.write(byte);
}

void port_flush(void) {
    Serial.flush();
}

uint64_t port_ticks(void) {
    static uint32_t last, wraps;
    uint32_t now = micros();
    wraps += now < last;
    last = now;
    return (uint64_t)wraps << 32 | now;
}

uint32_t port_tick_hz(void) {
    return 1000000;
}

port_tick_kind_t port_tick_kind(void) {
    return PORT_TICKS_TIMER;
}

port_fault_t port_last_fault(uint32_t *pc) {
    *pc = 0;
    return PORT_FAULT_NONE;
}

uint32_t port_stack_used(void) {
    return 0;
}

uint32_t port_stack_bytes(void) {
    return 0;
}

void setup() {
    port_init();
}

void loop() {
    link_run(engine_init());
}
