/* SPDX-License-Identifier: Apache-2.0
 *
 * What outputs.S does, for one sum, and the general case. */
#ifndef NN_XTENSA_OUTPUT_H
#define NN_XTENSA_OUTPUT_H

#include "nn_math.h"
#include "xtensa/block.h"

/* nn_mul_q31 in products of halves, for want of a wider one; multiplier >= 0. */
static inline int32_t nn_mul_q31_by_halves(int32_t x, int32_t multiplier) {
    const int32_t high = multiplier >> 16, low = multiplier & 0xffff, x_high = x >> 16, x_low = x & 0xffff;
    /* Units of 2^16 from here on: 2^14 is what rounds. */
    int32_t middle = x_high * low + (int32_t)((uint32_t)x_low * (uint32_t)low >> 16) + (1 << 14);
    int32_t lower = x_low * high + (middle & 0xffff);
    return nn_shift_left(x_high * high + (middle >> 16), 1) + (lower >> 15);
}

/* nn_requantize likewise. */
static inline int32_t nn_requantize_by_halves(int32_t x, int32_t multiplier, int shift) {
    if (shift >= 0)
        return nn_mul_q31_by_halves(nn_shift_left(x, shift), multiplier);
    int32_t product = nn_mul_q31_by_halves(x, multiplier);
    int32_t halves = (product + (product >> 31)) >> (-shift - 1);
    return (halves >> 1) + (halves & 1);
}

/* Words of a record. */
static inline int32_t nn_record_words(int32_t mode) {
    return mode == NN_CLAMPED ? 5 : mode == NN_SIGNED ? 7 : 3;
}

typedef struct {
    int32_t mode, bits, output_offset, act_min, act_max;
} nn_output_line_t;

/* sum: of a channel, plus its record's first word; line: the words after that one. */
static inline int8_t nn_output_by_line(const nn_output_line_t *out, int32_t sum, const int32_t *line) {
    const uint32_t a = (uint32_t)sum;
    if (out->mode == NN_GENERAL) {
        int32_t scaled = nn_requantize_by_halves(sum, line[0], line[1]);
        return (int8_t)nn_clamp(nn_add_wrapping(scaled, out->output_offset), out->act_min, out->act_max);
    }
    if (a >= (uint32_t)line[0])
        return (int8_t)(sum < 0 ? out->act_min : out->act_max);
    uint32_t value = a * (uint32_t)line[2] + (a * (uint32_t)line[1] >> out->bits) + (uint32_t)line[3];
    if (out->mode == NN_SIGNED && a < (uint32_t)line[4])
        value -= (uint32_t)line[5];
    return (int8_t)(value >> 24);
}

static inline int8_t nn_output_by_record(const nn_output_line_t *out, int32_t sum, const int32_t *record) {
    return nn_output_by_line(out, nn_add_wrapping(sum, record[0]), record + 1);
}

#endif
