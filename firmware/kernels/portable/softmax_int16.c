/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

/* Between two entries of a table of 513, of which the one in the middle stands for 0. */
static int32_t look_up(const int16_t *table, int32_t x) {
    const int16_t *at = table + 256 + (x >> 7);
    return at[0] + (((at[1] - at[0]) * (x & 127) + 64) >> 7);
}

static int32_t exponential(const nn_softmax_int16_t *op, int32_t diff) {
    int32_t scaled = nn_requantize(diff, op->multiplier, op->shift);
    return look_up(op->exponentials, nn_clamp(scaled, -65535, 0) + INT16_MAX);
}

/* Exponentials stand in y until they are divided by their sum. */
static void row(const nn_softmax_int16_t *op, const int16_t *x, int16_t *y) {
    int32_t highest = INT16_MIN;
    for (int32_t i = 0; i < op->depth; i++)
        highest = x[i] > highest ? x[i] : highest;
    uint32_t sum = 0;
    for (int32_t i = 0; i < op->depth; i++) {
        y[i] = (int16_t)exponential(op, x[i] - highest);
        sum += (uint32_t)y[i];
    }
    /* sum = 2^(30 - zeros) * (1 + fraction), the fraction in Q16; the sum is never below 2, but in damaged tables. */
    uint32_t shifted = sum < 2 ? 2 : sum;
    int zeros = 0;
    for (; !(shifted & 0x40000000u); zeros++)
        shifted <<= 1;
    const int32_t fraction = (int32_t)((shifted + (1 << 13)) >> 14) - 65536;
    const int32_t scale = look_up(op->quotients, nn_clamp(fraction - 32768, INT16_MIN, INT16_MAX));
    for (int32_t i = 0; i < op->depth; i++) {
        int32_t share = y[i] * scale;
        y[i] = (int16_t)nn_clamp((share + ((1 << 29) >> zeros)) >> (30 - zeros), 0, INT16_MAX);
    }
}

void nn_softmax_int16_portable(const nn_softmax_int16_t *op, const int16_t *x, int16_t *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->rows; i++, x += op->depth, y += op->depth)
        row(op, x, y);
}
