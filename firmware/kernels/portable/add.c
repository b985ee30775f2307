/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

/* An operand brought to the common scale of both; shift is 0 or negative. */
static inline int32_t rescaled(int32_t x, int left_shift, int32_t multiplier, int shift) {
    return nn_rounding_shift(nn_mul_q31(x * (1 << left_shift), multiplier), -shift);
}

static void add_row(const nn_add_t *op, const int8_t *x1, const int8_t *x2, int8_t *y) {
    const int32_t count = op->dims[3], stride1 = op->stride1[3], stride2 = op->stride2[3];
    const int32_t multiplier1 = op->multiplier1, multiplier2 = op->multiplier2;
    const int32_t offset1 = op->offset1, offset2 = op->offset2, output_offset = op->output_offset;
    const int32_t act_min = op->act_min, act_max = op->act_max;
    const int shift1 = op->shift1, shift2 = op->shift2, left_shift = op->left_shift;
    for (int32_t i = 0; i < count; i++) {
        int32_t sum = rescaled(*x1 + offset1, left_shift, multiplier1, shift1) +
                      rescaled(*x2 + offset2, left_shift, multiplier2, shift2);
        int32_t scaled = nn_rounding_shift(nn_mul_q31(sum, op->output_multiplier), -op->output_shift);
        *y++ = (int8_t)nn_clamp(scaled + output_offset, act_min, act_max);
        x1 += stride1;
        x2 += stride2;
    }
}

void nn_add_portable(const nn_add_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {
    (void)scratch;
    for (int32_t a = 0; a < op->dims[0]; a++)
        for (int32_t b = 0; b < op->dims[1]; b++)
            for (int32_t c = 0; c < op->dims[2]; c++) {
                add_row(op, x1 + a * op->stride1[0] + b * op->stride1[1] + c * op->stride1[2],
                        x2 + a * op->stride2[0] + b * op->stride2[1] + c * op->stride2[2], y);
                y += op->dims[3];
            }
}
