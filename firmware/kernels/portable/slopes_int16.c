/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

void nn_slopes_int16_portable(const nn_slopes_int16_t *op, const int16_t *x, int16_t *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->count; i++) {
        const int32_t value = x[i];
        const int32_t scaled =
            value >= 0 ? nn_requantize(value, op->above, op->above_shift)
                       : nn_requantize(value * op->sign_before, op->below, op->below_shift) * op->sign_after;
        y[i] = (int16_t)nn_clamp(scaled, INT16_MIN, INT16_MAX);
    }
}
