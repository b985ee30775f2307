/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "sigmoid.h"

void nn_sigmoid_int16_portable(const nn_sigmoid_int16_t *op, const int16_t *x, int16_t *y, void *scratch) {
    (void)scratch;
    const int32_t half = (1 << op->shift) >> 1;
    for (int32_t i = 0; i < op->count; i++) {
        const int32_t scaled = (x[i] * op->multiplier + half) >> op->shift;
        y[i] = (int16_t)(op->is_tanh ? nn_tanh_q15(scaled) : nn_logistic_q15(scaled));
    }
}
