/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"
#include "nn_math.h"

void nn_signal_stacker_portable(const nn_signal_stacker_t *op, const int16_t *x, int16_t *y, int8_t *valid,
                                int16_t *state, int32_t *held, void *scratch) {
    const int32_t size = op->size, step = op->step, times = *held > 0 ? 1 : 1 + op->left;
    int32_t count = *held > 0 ? nn_clamp(*held - 1, 0, size - op->channels) : 0;
    (void)scratch;
    for (int32_t i = 0; i < times; i++, count += op->channels)
        memcpy(state + count, x, (size_t)op->channels * sizeof *x);
    *valid = count >= size;
    memset(y, 0, (size_t)size * sizeof *y);
    if (*valid) {
        memcpy(y, state, (size_t)size * sizeof *y);
        memmove(state, state + step, (size_t)(size - step) * sizeof *y);
        count -= step;
        memset(state + count, 0, (size_t)step * sizeof *y);
    }
    *held = count + 1;
}
