/* SPDX-License-Identifier: Apache-2.0
 *
 * A process: stdin and stdout are the line (POSIX poll, read, write). It has no ticks and no stack figures. */
#define _POSIX_C_SOURCE 200809L
#include "port.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define IDLE_MS 5 /* the longest wait of port_read(), so that an idle process sleeps */

static uint8_t in[4096], out[4096];
static size_t in_next, in_end, out_end;

void port_init(void) {
}

int port_read(void) {
    if (in_next == in_end) {
        port_flush();
        struct pollfd line = {.fd = STDIN_FILENO, .events = POLLIN};
        if (poll(&line, 1, IDLE_MS) <= 0) {
            return -1;
        }
        ssize_t bytes = read(STDIN_FILENO, in, sizeof in);
        if (bytes <= 0) {
            return bytes < 0 && errno == EINTR ? -1 : -2;
        }
        in_next = 0;
        in_end = (size_t)bytes;
    }
    return in[in_next++];
}

void port_write(uint8_t byte) {
    out[out_end++] = byte;
    if (out_end == sizeof out) {
        port_flush();
    }
}

void port_flush(void) {
    for (size_t sent = 0; sent < out_end;) {
        ssize_t bytes = write(STDOUT_FILENO, out + sent, out_end - sent);
        if (bytes < 0 && errno != EINTR) {
            exit(1); /* nobody listens any more */
        }
        sent += bytes > 0 ? (size_t)bytes : 0;
    }
    out_end = 0;
}

uint64_t port_ticks(void) {
    return 0;
}

uint32_t port_tick_hz(void) {
    return 0;
}

port_tick_kind_t port_tick_kind(void) {
    return PORT_TICKS_NONE;
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
