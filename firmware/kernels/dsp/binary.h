/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD, SUB and MUL of any operands on Cortex-M4, M7 and M33: what they share. */
#ifndef NN_DSP_BINARY_H
#define NN_DSP_BINARY_H

#include "elementwise.h"
#include "gemm_block.h"
#include "portable/binary.h"
#include "scaled.h"

enum { NN_LEFT_SHIFT = 20 }; /* of the operands of a sum */

/* One operand of a sum: twice (x + offset) << NN_LEFT_SHIFT, and how that is scaled. An operand that is only halved
 * (multiplier 2^30, shift 0) is doubled once more and shifted to the right by one. */
typedef struct {
    int32_t offset, multiplier, half;
    int left, right;
} nn_operand_dsp_t;

static inline nn_operand_dsp_t nn_operand_dsp(int32_t offset, int32_t multiplier, int shift) {
    const int right = shift < 0 ? -shift : 1, left = NN_LEFT_SHIFT + (shift < 0 ? 1 : 2);
    return (nn_operand_dsp_t){offset * (1 << left), multiplier, 1 << (right - 1), left, right};
}

static inline int32_t nn_of_operand(const nn_operand_dsp_t *o, int32_t x) {
    return nn_scaled(o->offset + x * (1 << o->left), o->multiplier, o->half, o->right);
}

/* The sum, or with minus the difference, of one row. */
static inline void nn_sum_row(const nn_binary_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, int minus) {
    const int32_t stride1 = op->stride1[3], stride2 = op->stride2[3], multiplier = op->output_multiplier;
    const int32_t output_offset = op->output_offset;
    const nn_operand_dsp_t one = nn_operand_dsp(op->offset1, op->multiplier1, op->shift1);
    const nn_operand_dsp_t two = nn_operand_dsp(op->offset2, op->multiplier2, op->shift2);
    const int right = -op->output_shift;
    const int32_t half = 1 << (right - 1);
    int8_t *const end = y + op->dims[3];
    for (; y < end; x1 += stride1, x2 += stride2) {
        const int32_t a = nn_of_operand(&one, *x1), b = nn_of_operand(&two, *x2);
        const int32_t scaled = nn_scaled(2 * (minus ? a - b : a + b), multiplier, half, right);
        *y++ = (int8_t)nn_clamp_8(scaled + output_offset);
    }
    if (op->act_min > -128 || op->act_max < 127)
        nn_clamp_outputs(end - op->dims[3], op->dims[3], op->act_min, op->act_max);
}

#endif
