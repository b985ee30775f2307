/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

static void add_frame(const nn_signal_overlap_add_t *op, const int16_t *x, int16_t *y, int16_t *state) {
    const int32_t step = op->step, size = op->size;
    for (int32_t i = 0; i < size; i++) {
        int16_t *to = i < step ? y + i : state + i - step;
        *to = (int16_t)nn_clamp(x[i] + state[i], INT16_MIN, INT16_MAX);
    }
    for (int32_t i = size - step; i < size; i++)
        state[i] = 0;
}

void nn_signal_overlap_add_portable(const nn_signal_overlap_add_t *op, const int16_t *x, int16_t *y, int16_t *state,
                                    void *scratch) {
    (void)scratch;
    for (int32_t batch = 0; batch < op->batches; batch++, state += op->size)
        for (int32_t i = 0; i < op->frames; i++, x += op->size, y += op->step)
            add_frame(op, x, y, state);
}
