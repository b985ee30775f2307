/* SPDX-License-Identifier: Apache-2.0
 *
 * The wire protocol between host and device. gen/device/session.py is the other side; the layout is written down here,
 * once.
 *
 * Stop and wait: the host sends a request, the device one reply. On the line both are COBS-encoded (Cheshire and Baker,
 * "Consistent Overhead Byte Stuffing", 1999) between two zero bytes, so that noise before a frame can't spoil it:
 *
 *   type u8 | seq u32 | length u16 | payload, length bytes | CRC-32 (IEEE 802.3) of all before      (little-endian)
 *
 * A reply has its request's seq and type + LINK_REPLY, or the type LINK_ERROR and one byte of link_error_t as payload.
 * LINK_HELLO is always accepted and starts a session at its seq, which the host draws at random: replies to an earlier
 * session are then known by their seq; a late copy of it is answered and changes nothing. After it each request must
 * have the seq after the last one. The last request sent once more (same seq, same CRC) is answered again, but nothing
 * is run twice. */
#ifndef LINK_H
#define LINK_H

#include "engine.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LINK_VERSION 1

/* Largest payload in either direction; a board whose UART drops bytes may make it smaller. */
#ifndef LINK_MAX_PAYLOAD
#define LINK_MAX_PAYLOAD 240
#endif

/* Requests: payload -> payload of the reply. place = kind u8 (link_kind_t), index u16. */
typedef enum {
    LINK_HELLO = 1,  /* anything -> see hello() in link.c; its first byte is LINK_VERSION in every version */
    LINK_TENSOR = 2, /* place -> bytes u32 */
    LINK_WRITE = 3,  /* place of an input, offset u32, data -> nothing */
    LINK_READ = 4,   /* place, offset u32, length u16 -> data */
    LINK_RUN = 5,    /* nothing -> engine_status_t u8, ticks u64 of engine_invoke() alone */
    LINK_RUN_OP = 6, /* index u16 -> the same of engine_invoke_op() */
    LINK_INIT = 7,   /* nothing -> the same of engine_init() */
    LINK_STACK = 8,  /* nothing -> port_stack_used() u32, port_stack_bytes() u32 */
    LINK_ECHO = 9,   /* data -> the same data */
    /* No request: with LINK_ANNOUNCE a device sends, once it has started and unasked, the replies of a LINK_HELLO and
     * of this, both of seq 0, which a host takes for noise. Every input byte number i is LINK_SELF_TEST_BYTE(i);
     * payload: engine_status_t u8, ticks u64 of engine_invoke(), and the CRC-32 of each output u32. */
    LINK_SELF_TEST = 10,
    LINK_FAULT = 11, /* nothing -> port_last_fault(): kind u8, pc u32 */
    /* As LINK_WRITE, of data that repeat: after a byte c below 128 come c + 1 bytes of data, after any other one byte
     * that stands c - 125 times. */
    LINK_WRITE_RUNS = 12,
    LINK_RESET = 13, /* nothing -> as LINK_RUN of engine_reset() */
    LINK_REPLY = 0x80,
    LINK_ERROR = 0xFF
} link_type_t;

#define LINK_SELF_TEST_BYTE(i) ((uint8_t)(37 * (i) + 11))

typedef enum { LINK_INPUT = 0, LINK_OUTPUT = 1, LINK_OP_OUTPUT = 2 } link_kind_t;

typedef enum {
    LINK_GARBLED = 1,     /* a frame was damaged: send it again. Its seq is unknown, the reply's is the last good one */
    LINK_NO_SESSION = 2,  /* no LINK_HELLO since reset */
    LINK_BAD_SEQ = 3,     /* neither the next request nor the last one again */
    LINK_BAD_REQUEST = 4, /* unknown type, or a payload of the wrong length */
    LINK_BAD_INDEX = 5,   /* no such tensor */
    LINK_BAD_RANGE = 6,   /* offset and length leave the tensor, or the reply would exceed LINK_MAX_PAYLOAD */
    LINK_NOT_READY = 7    /* engine_init() failed, there are no tensors */
} link_error_t;

/* Serves the host until the line is closed. status is what engine_init() gave: after a failure the host can still ask
 * why. */
void link_run(engine_status_t status);

#ifdef __cplusplus
}
#endif
#endif
