/* SPDX-License-Identifier: Apache-2.0 */
#include "binary.h"

static void sub_row(const nn_sub_t *op, const int8_t *x1, const int8_t *x2, int8_t *y) {
    const int32_t count = op->dims[3], stride1 = op->stride1[3], stride2 = op->stride2[3];
    const int32_t multiplier1 = op->multiplier1, multiplier2 = op->multiplier2;
    const int32_t offset1 = op->offset1, offset2 = op->offset2, output_offset = op->output_offset;
    const int32_t act_min = op->act_min, act_max = op->act_max;
    const int shift1 = op->shift1, shift2 = op->shift2, left_shift = op->left_shift;
    for (int32_t i = 0; i < count; i++) {
        int32_t rest = nn_subtract_wrapping(nn_operand(*x1 + offset1, left_shift, multiplier1, shift1),
                                            nn_operand(*x2 + offset2, left_shift, multiplier2, shift2));
        int32_t scaled = nn_requantize(rest, op->output_multiplier, op->output_shift);
        *y++ = (int8_t)nn_clamp(scaled + output_offset, act_min, act_max);
        x1 += stride1;
        x2 += stride2;
    }
}

void nn_sub_portable(const nn_sub_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {
    (void)scratch;
    nn_rows(op, x1, x2, y, sub_row);
}
