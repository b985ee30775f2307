/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_math.h"
#include "typed.h"

void nn_rescale_portable(const nn_rescale_t *op, const void *x, void *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->count; i++) {
        int32_t value = nn_add_wrapping(nn_element(op->x_type, x, i), op->input_offset), scaled;
        if (value >= 0)
            scaled = nn_requantize(value, op->multiplier, op->shift);
        else if (op->below == NN_BELOW_ABSOLUTE)
            scaled = nn_requantize(nn_subtract_wrapping(0, value), op->below_multiplier, op->below_shift);
        else if (op->below == NN_BELOW_NEGATED)
            scaled = -nn_requantize(value, op->below_multiplier, op->below_shift);
        else
            scaled = nn_requantize(value, op->below_multiplier, op->below_shift);
        scaled = nn_clamp(nn_add_wrapping(scaled, op->output_offset), op->act_min, op->act_max);
        nn_set_element(op->y_type, y, i, scaled);
    }
}
