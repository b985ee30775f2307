/* SPDX-License-Identifier: Apache-2.0 */
#include "binary.h"

static void mul_row(const nn_mul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y) {
    const int32_t count = op->dims[3], stride1 = op->stride1[3], stride2 = op->stride2[3];
    const int32_t offset1 = op->offset1, offset2 = op->offset2, output_offset = op->output_offset;
    const int32_t act_min = op->act_min, act_max = op->act_max, multiplier = op->output_multiplier;
    const int shift = op->output_shift;
    for (int32_t i = 0; i < count; i++) {
        int32_t product = (*x1 + offset1) * (*x2 + offset2);
        *y++ = (int8_t)nn_clamp(nn_requantize(product, multiplier, shift) + output_offset, act_min, act_max);
        x1 += stride1;
        x2 += stride2;
    }
}

void nn_mul_portable(const nn_mul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {
    (void)scratch;
    nn_rows(op, x1, x2, y, mul_row);
}
