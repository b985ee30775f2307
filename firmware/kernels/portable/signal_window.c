/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

void nn_signal_window_portable(const nn_signal_window_t *op, const int16_t *x, int16_t *y, void *scratch) {
    (void)scratch;
    const int32_t shift = op->shift;
    for (int32_t start = 0; start < op->count; start += op->size)
        for (int32_t i = 0; i < op->size; i++)
            y[start + i] = (int16_t)nn_clamp((x[start + i] * op->window[i]) >> shift, INT16_MIN, INT16_MAX);
}
