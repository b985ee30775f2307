/* SPDX-License-Identifier: Apache-2.0
 *
 * A port to drive the real link.c with probe_engine.c behind it: as a process over stdin and stdout (`link_probe
 * STATUS` starts with that engine_status_t), or as a shared library through probe_feed(). */
#include "link.h"
#include "port.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern uint64_t probe_ticks;

static uint8_t in[4096], out[1 << 16];
static size_t in_size, in_next, out_size;
static bool from_stdin;

void port_init(void) {
}

int port_read(void) {
    if (in_next == in_size && from_stdin) {
        ssize_t count = read(STDIN_FILENO, in, sizeof in);
        in_size = count > 0 ? (size_t)count : 0;
        in_next = 0;
    }
    return in_next < in_size ? in[in_next++] : -2;
}

void port_write(uint8_t byte) {
    if (out_size < sizeof out)
        out[out_size++] = byte;
}

void port_flush(void) {
    if (!from_stdin)
        return;
    if (write(STDOUT_FILENO, out, out_size) != (ssize_t)out_size)
        _exit(1);
    out_size = 0;
}

/* Lets the device read size bytes, at most sizeof in; returns how many it sends back, in *reply until the next call. */
size_t probe_feed(const uint8_t *data, size_t size, const uint8_t **reply) {
    memcpy(in, data, size);
    in_size = size;
    in_next = out_size = 0;
    link_run(ENGINE_OK);
    *reply = out;
    return out_size;
}

uint64_t port_ticks(void) {
    return probe_ticks;
}

uint32_t port_tick_hz(void) {
    return 1000000;
}

port_tick_kind_t port_tick_kind(void) {
    return PORT_TICKS_TIMER;
}

port_fault_t port_last_fault(uint32_t *pc) {
    *pc = 0x1234;
    return PORT_FAULT_STACK;
}

uint32_t port_stack_used(void) {
    return 123;
}

uint32_t port_stack_bytes(void) {
    return 456;
}

int main(int count, char **words) {
    from_stdin = true;
    link_run(count > 1 ? (engine_status_t)atoi(words[1]) : ENGINE_OK);
    return 0;
}
