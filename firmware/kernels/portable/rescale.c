/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_math.h"
#include "typed.h"

void nn_rescale_portable(const nn_rescale_t *op, const void *x, void *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->count; i++) {
        const int32_t value = nn_add_wrapping(nn_element(op->x_type, x, i), op->input_offset);
        const int32_t scaled = nn_requantize(value, op->multiplier, op->shift);
        nn_set_element(op->y_type, y, i,
                       nn_clamp(nn_add_wrapping(scaled, op->output_offset), op->act_min, op->act_max));
    }
}
