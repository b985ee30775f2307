/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

void nn_requantize_portable(const nn_requantize_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->count; i++) {
        int32_t scaled = nn_requantise(x[i] + op->input_offset, op->multiplier, op->shift);
        y[i] = (int8_t)nn_clamp(scaled + op->output_offset, op->act_min, op->act_max);
    }
}
