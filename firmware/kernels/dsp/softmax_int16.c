/* SPDX-License-Identifier: Apache-2.0
 *
 * As the portable one, by instructions that saturate, and that multiply and round at once; two values at a time where
 * rows are of pairs. */
#include "elementwise.h"
#include "rows.h"

enum { STEP = 7 }; /* bits between two entries of a table */

/* A table of 513, of x + 32768, 16 bits. */
static inline int32_t look_up(const int16_t *table, uint32_t x) {
    const int32_t both = (int32_t)nn_word(table + (x >> STEP)), low = (int16_t)both;
    return low + ((((both >> 16) - low) * (int32_t)(x & ((1 << STEP) - 1)) + (1 << (STEP - 1))) >> STEP);
}

static inline uint32_t clamp_16(int32_t x) {
    uint32_t y;
    __asm__("usat %0, #16, %1" : "=r"(y) : "r"(x));
    return y;
}

static inline int32_t clamp_15(int32_t x) {
    int32_t y;
    __asm__("usat %0, #15, %1" : "=r"(y) : "r"(x));
    return y;
}

typedef struct {
    const int16_t *table;
    int32_t multiplier, left, half, right, sign;
} exponential_t;

/* Of a difference, 0 or less: nn_requantize(), and the table from its end. */
static inline int32_t exponential(const exponential_t *e, int32_t difference) {
    int32_t scaled;
    __asm__("smmulr %0, %1, %2" : "=r"(scaled) : "r"(difference * (1 << e->left)), "r"(e->multiplier));
    scaled = (scaled + e->half + ((scaled >> 31) & e->sign)) >> e->right;
    return look_up(e->table, clamp_16(scaled + UINT16_MAX));
}

static int32_t highest(const int16_t *x, int32_t count) {
    int32_t most = INT16_MIN, pair = (int32_t)0x80008000;
    for (; count >= 2; count -= 2, x += 2) {
        const int32_t both = (int32_t)nn_word(x);
        int32_t unused;
        __asm__("ssub16 %1, %0, %2\n\tsel %0, %0, %2" : "+r"(pair), "=&r"(unused) : "r"(both) : "cc");
    }
    if (count > 0)
        most = *x;
    most = pair >> 16 > most ? pair >> 16 : most;
    return (int16_t)pair > most ? (int16_t)pair : most;
}

static void row(const nn_softmax_int16_t *op, const exponential_t *e, const int16_t *x, int16_t *y) {
    const int32_t depth = op->depth, most = highest(x, depth);
    const int16_t *const end = x + depth;
    uint32_t sum = 0;
    while (x < end) {
        const int32_t value = exponential(e, *x++ - most);
        sum += (uint32_t)value;
        *y++ = (int16_t)value;
    }
    const uint32_t counted = sum < 2 ? 2 : sum > INT32_MAX ? INT32_MAX : sum; /* in damaged tables */
    const int zeros = __builtin_clz(counted) - 1;
    const int32_t fraction = (int32_t)(((counted << zeros) + (1 << 13)) >> 14) - 65536;
    const int32_t scale = look_up(op->quotients, clamp_16(fraction)), half = (1 << 29) >> zeros;
    for (int16_t *at = y - depth; at < y; at++)
        *at = (int16_t)clamp_15((*at * scale + half) >> (30 - zeros));
}

void nn_softmax_int16_dsp(const nn_softmax_int16_t *op, const int16_t *x, int16_t *y, void *scratch) {
    const int right = op->shift < 0 ? -op->shift : 0, left = op->shift < 0 ? 1 : op->shift + 1;
    const exponential_t e = {op->exponentials,  op->multiplier, left, right > 0 ? 1 << (right - 1) : 0, right,
                             right > 0 ? -1 : 0};
    (void)scratch;
    for (int32_t i = 0; i < op->rows; i++, x += op->depth, y += op->depth)
        row(op, &e, x, y);
}
