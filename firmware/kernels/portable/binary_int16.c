/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

/* An operand of a sum brought to the common scale of both; shift is 0 or negative. */
static int32_t operand(const nn_binary_int16_t *op, int32_t x, int32_t multiplier, int shift) {
    return nn_rounding_shift(nn_mul_q31(x * (1 << op->left_shift), multiplier), -shift);
}

static int32_t rescaled(const nn_binary_int16_t *op, int32_t x) {
    return nn_requantize(x, op->output_multiplier, op->output_shift);
}

static int32_t computed(const nn_binary_int16_t *op, int32_t a, int32_t b) {
    const int32_t left = operand(op, a, op->multiplier1, op->shift1);
    const int32_t right = operand(op, b, op->multiplier2, op->shift2);
    const int32_t difference = nn_subtract_wrapping(left, right);
    switch (op->what) {
    case NN_INT16_ADD:
        return rescaled(op, nn_add_wrapping(left, right));
    case NN_INT16_SUB:
        return rescaled(op, difference);
    case NN_INT16_SQUARED_DIFFERENCE:
        return rescaled(op, (int32_t)((uint32_t)difference * (uint32_t)difference));
    case NN_INT16_MUL:
        return rescaled(op, a * b);
    case NN_INT16_MAXIMUM:
        return a > b ? a : b;
    case NN_INT16_MINIMUM:
        return a < b ? a : b;
    default:
        return a >= 0 ? left : rescaled(op, a * (b + op->offset2));
    }
}

/* One row; of NN_INT16_PRELU x2, the slopes, is int8. */
static void row(const nn_binary_int16_t *op, const int16_t *x1, const void *x2, int32_t at, int16_t *y) {
    const int32_t stride1 = op->stride1[3], stride2 = op->stride2[3];
    for (int32_t i = 0; i < op->dims[3]; i++, at += stride2) {
        const int32_t b = op->what == NN_INT16_PRELU ? ((const int8_t *)x2)[at] : ((const int16_t *)x2)[at];
        y[i] = (int16_t)nn_clamp(computed(op, x1[i * stride1], b), op->act_min, op->act_max);
    }
}

void nn_binary_int16_portable(const nn_binary_int16_t *op, const int16_t *x1, const void *x2, int16_t *y,
                              void *scratch) {
    (void)scratch;
    const int32_t *s1 = op->stride1, *s2 = op->stride2;
    for (int32_t a = 0; a < op->dims[0]; a++)
        for (int32_t b = 0; b < op->dims[1]; b++)
            for (int32_t c = 0; c < op->dims[2]; c++, y += op->dims[3])
                row(op, x1 + a * s1[0] + b * s1[1] + c * s1[2], x2, a * s2[0] + b * s2[1] + c * s2[2], y);
}
