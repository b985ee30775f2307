/* SPDX-License-Identifier: Apache-2.0 */
#include "accumulate.h"

/* One offset more than inputs, as in TFLM. */
void nn_add_n_portable(const nn_add_n_t *op, const int8_t *const *x, int8_t *y, void *scratch) {
    (void)scratch;
    const int32_t start = op->input_offset * (op->inputs + 1);
    for (int32_t i = 0; i < op->count; i++) {
        int32_t sum = start;
        for (int32_t input = 0; input < op->inputs; input++)
            sum += x[input][i];
        y[i] = nn_sum_scaled(sum, op->multiplier, op->shift, op->output_offset);
    }
}
