/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"

void nn_signal_delay_portable(const nn_signal_delay_t *op, const int16_t *x, int16_t *y, int16_t *state,
                              void *scratch) {
    const int32_t size = op->size, delay = op->delay, both = size < delay ? size : delay;
    (void)scratch;
    for (int32_t i = 0; i < op->batches; i++, x += size, y += size, state += delay) {
        memcpy(y, state, (size_t)both * sizeof *y);
        memcpy(y + both, x, (size_t)(size - both) * sizeof *y);
        memmove(state, state + both, (size_t)(delay - both) * sizeof *state);
        memcpy(state + delay - both, x + size - both, (size_t)both * sizeof *state);
    }
}
