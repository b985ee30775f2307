/* SPDX-License-Identifier: Apache-2.0 */
#include "binary.h"

static void mul_row(const nn_mul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y) {
    const int32_t stride1 = op->stride1[3], stride2 = op->stride2[3], multiplier = op->output_multiplier;
    const int32_t offset1 = 2 * op->offset1, offset2 = op->offset2, output_offset = op->output_offset;
    const int right = -op->output_shift;
    const int32_t half = 1 << (right - 1);
    int8_t *const end = y + op->dims[3];
    for (; y < end; x1 += stride1, x2 += stride2) {
        const int32_t doubled = (2 * *x1 + offset1) * (*x2 + offset2);
        *y++ = (int8_t)nn_clamp_8(nn_scaled(doubled, multiplier, half, right) + output_offset);
    }
    if (op->act_min > -128 || op->act_max < 127)
        nn_clamp_outputs(end - op->dims[3], op->dims[3], op->act_min, op->act_max);
}

void nn_mul_dsp(const nn_mul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {
    (void)scratch;
    nn_rows(op, x1, x2, y, mul_row);
}
