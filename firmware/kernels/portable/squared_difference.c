/* SPDX-License-Identifier: Apache-2.0 */
#include "binary.h"

static void squared_difference_row(const nn_binary_t *op, const int8_t *x1, const int8_t *x2, int8_t *y) {
    const int32_t count = op->dims[3], stride1 = op->stride1[3], stride2 = op->stride2[3];
    const int32_t output_offset = op->output_offset, act_min = op->act_min, act_max = op->act_max;
    for (int32_t i = 0; i < count; i++) {
        int32_t difference =
            nn_subtract_wrapping(nn_operand(*x1 + op->offset1, op->left_shift, op->multiplier1, op->shift1),
                                 nn_operand(*x2 + op->offset2, op->left_shift, op->multiplier2, op->shift2));
        int32_t square = (int32_t)((uint32_t)difference * (uint32_t)difference);
        int32_t scaled = nn_requantize(square, op->output_multiplier, op->output_shift);
        *y++ = (int8_t)nn_clamp(scaled + output_offset, act_min, act_max);
        x1 += stride1;
        x2 += stride2;
    }
}

void nn_squared_difference_portable(const nn_binary_t *op, const int8_t *x1, const int8_t *x2, int8_t *y,
                                    void *scratch) {
    (void)scratch;
    nn_rows(op, x1, x2, y, squared_difference_row);
}
