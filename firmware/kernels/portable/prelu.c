/* SPDX-License-Identifier: Apache-2.0 */
#include "binary.h"

/* x2: the slope below zero. */
static void prelu_row(const nn_binary_t *op, const int8_t *x1, const int8_t *x2, int8_t *y) {
    const int32_t count = op->dims[3], stride1 = op->stride1[3], stride2 = op->stride2[3];
    const int32_t output_offset = op->output_offset, act_min = op->act_min, act_max = op->act_max;
    for (int32_t i = 0; i < count; i++) {
        int32_t x = *x1 + op->offset1;
        int32_t value = x >= 0 ? nn_operand(x, op->left_shift, op->multiplier1, op->shift1)
                               : nn_requantize(x * (*x2 + op->offset2), op->output_multiplier, op->output_shift);
        *y++ = (int8_t)nn_clamp(value + output_offset, act_min, act_max);
        x1 += stride1;
        x2 += stride2;
    }
}

void nn_prelu_portable(const nn_binary_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {
    (void)scratch;
    nn_rows(op, x1, x2, y, prelu_row);
}
