/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"
#include "port.h"

#include <stdbool.h>
#include <string.h>

enum { HEADER = 7, CRC = 4, PLACE = 3, NAME_MAX = 31, HELLO_MAX = 58 + 2 * (NAME_MAX + 1) };

_Static_assert(LINK_MAX_PAYLOAD >= HELLO_MAX && LINK_MAX_PAYLOAD <= 0xFFFF, "LINK_MAX_PAYLOAD");

/* The request, and then the reply in its place: a request is never needed again once it is answered. */
static uint8_t frame[HEADER + LINK_MAX_PAYLOAD + CRC];
static uint8_t *const payload = frame + HEADER;

/* The COBS decoder, between two bytes. */
static struct {
    size_t size;  /* bytes in frame */
    uint8_t left; /* bytes until the next code byte */
    bool zero;    /* the block that ends there stands for a zero too, unless it is the last */
    bool bad;     /* longer than any frame */
} rx;

static struct {
    engine_status_t status;
    bool open;
    uint32_t start;    /* seq of the LINK_HELLO that opened it */
    uint32_t seq, crc; /* of the last request accepted */
    /* What it ran. Any other request can simply be done again. */
    engine_status_t ran_status;
    uint64_t ran_ticks;
} session;

static uint32_t crc32(const uint8_t *data, size_t size) {
    static const uint32_t table[16] = {0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
                                       0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
                                       0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }
    return ~crc;
}

static uint32_t get(const uint8_t *p, unsigned bytes) {
    uint32_t value = 0;
    while (bytes-- > 0)
        value = value << 8 | p[bytes];
    return value;
}

static uint8_t *put(uint8_t *p, uint64_t value, unsigned bytes) {
    for (; bytes > 0; bytes--, value >>= 8)
        *p++ = (uint8_t)value;
    return p;
}

static uint8_t *put_name(uint8_t *p, const char *name) {
    for (unsigned i = 0; i < NAME_MAX && name[i] != 0; i++)
        *p++ = (uint8_t)name[i];
    *p = 0;
    return p + 1;
}

static void reply(uint8_t type, uint32_t seq, size_t length) {
    frame[0] = type;
    put(put(frame + 1, seq, 4), length, 2);
    size_t size = HEADER + length;
    put(frame + size, crc32(frame, size), CRC);
    size += CRC;

    port_write(0);
    for (size_t i = 0; i <= size;) {
        size_t block = 0;
        while (block < 254 && i + block < size && frame[i + block] != 0)
            block++;
        port_write((uint8_t)(block + 1));
        for (size_t k = 0; k < block; k++)
            port_write(frame[i + k]);
        i += block + (block < 254); /* past the zero that a short block stands for; the last one is imagined */
    }
    port_write(0);
    port_flush();
}

static int hello(void) {
    const engine_info_t *info = engine_info();
    uint8_t *p = put(payload, LINK_VERSION, 1);
    p = put(p, LINK_MAX_PAYLOAD, 2);
    p = put(p, session.status, 1);
    memcpy(p, info->model_sha256, sizeof info->model_sha256);
    p += sizeof info->model_sha256;
    p = put(p, info->arena_bytes, 4);
    p = put(p, info->arena_used, 4);
    p = put(p, info->inputs, 2);
    p = put(p, info->outputs, 2);
    p = put(p, info->ops, 2);
    p = put(p, port_tick_kind(), 1);
    p = put(p, port_tick_hz(), 4);
    p = put_name(p, info->name);
    p = put_name(p, info->engine);
    return (int)(p - payload);
}

/* Finds the tensor that a place names; NULL where there is none. */
static const uint8_t *find(const uint8_t *place, size_t *bytes) {
    const engine_info_t *info = engine_info();
    unsigned index = get(place + 1, 2);
    switch (place[0]) {
    case LINK_INPUT:
        return index < info->inputs ? engine_input(index, bytes) : NULL;
    case LINK_OUTPUT:
        return index < info->outputs ? engine_output(index, bytes) : NULL;
    case LINK_OP_OUTPUT:
        return index < info->ops ? engine_op_output(index, bytes) : NULL;
    default:
        return NULL;
    }
}

/* Runs of size bytes at from are written to the room at to. Whether they are whole and fit. */
static bool write_runs(const uint8_t *from, size_t size, uint8_t *to, size_t room) {
    const uint8_t *end = from + size;
    while (from < end) {
        const bool repeats = *from >= 128;
        const size_t count = repeats ? *from - 125u : *from + 1u, taken = repeats ? 1 : count;
        from++;
        if (taken > (size_t)(end - from) || count > room)
            return false;
        if (repeats)
            memset(to, *from, count);
        else
            memcpy(to, from, count);
        from += taken;
        to += count;
        room -= count;
    }
    return true;
}

/* LINK_TENSOR, LINK_READ, LINK_WRITE, LINK_WRITE_RUNS. Here and below: the reply's payload length, or minus a
 * link_error_t. */
static int access_tensor(uint8_t type, size_t length) {
    const bool writes = type == LINK_WRITE || type == LINK_WRITE_RUNS;
    if (writes ? length < PLACE + 4 : length != (type == LINK_READ ? PLACE + 6 : PLACE))
        return -LINK_BAD_REQUEST;
    if (session.status != ENGINE_OK)
        return -LINK_NOT_READY;
    if (writes && payload[0] != LINK_INPUT)
        return -LINK_BAD_INDEX;
    size_t bytes = 0;
    const uint8_t *tensor = find(payload, &bytes);
    if (tensor == NULL)
        return -LINK_BAD_INDEX;
    if (type == LINK_TENSOR)
        return (int)(put(payload, bytes, 4) - payload);

    const uint8_t *data = payload + PLACE + 4;
    size_t offset = get(payload + PLACE, 4);
    size_t count = type == LINK_READ ? get(data, 2) : length - (PLACE + 4);
    if (count > LINK_MAX_PAYLOAD || offset > bytes || (type != LINK_WRITE_RUNS && count > bytes - offset))
        return -LINK_BAD_RANGE;
    if (type == LINK_READ) {
        memcpy(payload, tensor + offset, count);
        return (int)count;
    }
    uint8_t *input = (uint8_t *)engine_input(get(payload + 1, 2), NULL) + offset;
    if (type == LINK_WRITE_RUNS)
        return write_runs(data, count, input, bytes - offset) ? 0 : -LINK_BAD_RANGE;
    memcpy(input, data, count);
    return 0;
}

/* LINK_RUN, LINK_RUN_OP, LINK_INIT, LINK_RESET. A repeat gets the result of the first time: inputs may be overwritten
 * by a run. */
static int run(uint8_t type, size_t length, bool repeat) {
    if (length != (type == LINK_RUN_OP ? 2 : 0))
        return -LINK_BAD_REQUEST;
    if (!repeat) {
        unsigned op = type == LINK_RUN_OP ? get(payload, 2) : 0;
        uint64_t start = port_ticks();
        if (type == LINK_INIT)
            session.ran_status = session.status = engine_init();
        else if (session.status != ENGINE_OK)
            session.ran_status = ENGINE_NOT_READY;
        else if (type == LINK_RESET)
            session.ran_status = engine_reset();
        else
            session.ran_status = type == LINK_RUN ? engine_invoke() : engine_invoke_op(op);
        session.ran_ticks = port_ticks() - start;
    }
    return (int)(put(put(payload, session.ran_status, 1), session.ran_ticks, 8) - payload);
}

static int answer(uint8_t type, size_t length, bool repeat) {
    switch (type) {
    case LINK_HELLO:
        return hello();
    case LINK_TENSOR:
    case LINK_READ:
    case LINK_WRITE:
    case LINK_WRITE_RUNS:
        return access_tensor(type, length);
    case LINK_RUN:
    case LINK_RUN_OP:
    case LINK_INIT:
    case LINK_RESET:
        return run(type, length, repeat);
    case LINK_STACK:
        if (length != 0)
            return -LINK_BAD_REQUEST;
        return (int)(put(put(payload, port_stack_used(), 4), port_stack_bytes(), 4) - payload);
    case LINK_FAULT: {
        uint32_t pc = 0;
        if (length != 0)
            return -LINK_BAD_REQUEST;
        uint8_t *p = put(payload, port_last_fault(&pc), 1);
        return (int)(put(p, pc, 4) - payload);
    }
    case LINK_ECHO:
        return (int)length;
    default:
        return -LINK_BAD_REQUEST;
    }
}

static void reply_error(uint32_t seq, link_error_t error) {
    payload[0] = (uint8_t)error;
    reply(LINK_ERROR, seq, 1);
}

/* A frame has ended: rx.size bytes of frame. */
static void receive_frame(void) {
    if (rx.size == 0 && rx.left == 0)
        return; /* the zero before a frame */
    size_t length = rx.size - (HEADER + CRC);
    if (rx.bad || rx.left != 0 || rx.size < HEADER + CRC || get(frame + 5, 2) != length ||
        get(frame + HEADER + length, CRC) != crc32(frame, HEADER + length)) {
        reply_error(session.seq, LINK_GARBLED);
        return;
    }
    uint8_t type = frame[0];
    uint32_t seq = get(frame + 1, 4), crc = get(frame + HEADER + length, CRC);
    if (type & LINK_REPLY)
        return; /* our own reply, from a line that echoes */
    bool opens = type == LINK_HELLO && !(session.open && seq == session.start);
    bool repeat = session.open && seq == session.seq && crc == session.crc;
    if (type != LINK_HELLO && !session.open) {
        reply_error(seq, LINK_NO_SESSION);
        return;
    }
    if (type != LINK_HELLO && !repeat && seq != session.seq + 1) {
        reply_error(seq, LINK_BAD_SEQ);
        return;
    }
    if (opens) {
        session.open = true;
        session.start = seq;
    }
    if (opens || type != LINK_HELLO) { /* a late copy of the session's own LINK_HELLO does not set it back */
        session.seq = seq;
        session.crc = crc;
    }
    int result = answer(type, length, repeat);
    if (result < 0)
        reply_error(seq, (link_error_t)-result);
    else
        reply(type | LINK_REPLY, seq, (size_t)result);
}

static void append(uint8_t byte) {
    if (rx.size < sizeof frame)
        frame[rx.size++] = byte;
    else
        rx.bad = true;
}

#ifdef LINK_ANNOUNCE
/* For a line, or an emulator, on which only the device can speak. */
static void announce(void) {
    const engine_info_t *info = engine_info();
    uint32_t pc;
    reply(LINK_HELLO | LINK_REPLY, 0, (size_t)hello());
    if (port_last_fault(&pc) != PORT_FAULT_NONE)
        return; /* which the self-test may have been: a host can ask */
    for (unsigned index = 0; session.status == ENGINE_OK && index < info->inputs; index++) {
        size_t bytes = 0;
        uint8_t *input = engine_input(index, &bytes);
        for (size_t i = 0; i < bytes; i++)
            input[i] = LINK_SELF_TEST_BYTE(i);
    }
    uint8_t *p = payload + run(LINK_RUN, 0, false);
    for (unsigned index = 0; session.status == ENGINE_OK && index < info->outputs; index++) {
        size_t bytes = 0;
        const uint8_t *output = engine_output(index, &bytes);
        if (p + 4 <= payload + LINK_MAX_PAYLOAD)
            p = put(p, crc32(output, bytes), 4);
    }
    reply(LINK_SELF_TEST | LINK_REPLY, 0, (size_t)(p - payload));
    session.status = engine_init(); /* as if nothing had been run */
}
#endif

void link_run(engine_status_t status) {
    session.status = status;
#ifdef LINK_ANNOUNCE
    announce();
#endif
    for (;;) {
        int byte = port_read();
        if (byte == -2)
            return;
        if (byte < 0)
            continue;
        if (byte == 0) {
            receive_frame();
            memset(&rx, 0, sizeof rx);
        } else if (rx.left > 0) {
            append((uint8_t)byte);
            rx.left--;
        } else {
            if (rx.zero)
                append(0);
            rx.left = (uint8_t)(byte - 1);
            rx.zero = byte != 0xFF;
        }
    }
}
