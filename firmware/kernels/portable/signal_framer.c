/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"
#include "nn_math.h"

/* A step's samples come behind the count that there are; a frame goes to y where they are enough. How many are left. */
static int32_t step_on(const nn_signal_framer_t *op, const int16_t *x, int16_t *y, int16_t *state, int32_t count) {
    const int32_t step = op->step;
    memcpy(state + count, x, (size_t)step * sizeof *x);
    count += step;
    if (count < op->size) {
        memset(y, 0, (size_t)op->size * sizeof *y);
        return count;
    }
    memcpy(y, state, (size_t)op->size * sizeof *y);
    memmove(state, state + step, (size_t)(count - step) * sizeof *y);
    memset(state + count - step, 0, (size_t)step * sizeof *y);
    return count - step;
}

void nn_signal_framer_portable(const nn_signal_framer_t *op, const int16_t *x, int16_t *y, int8_t *valid,
                               int16_t *state, int32_t *held, void *scratch) {
    const int32_t most = op->capacity - op->step, before = nn_clamp(*held, 0, most - op->first) + op->first;
    int32_t count = before;
    (void)scratch;
    *valid = 1;
    for (int32_t batch = 0; batch < op->batches; batch++, state += op->capacity) {
        count = before;
        for (int32_t i = 0; i < op->frames; i++, x += op->step, y += op->size) {
            *valid = *valid && count + op->step >= op->size;
            count = step_on(op, x, y, state, nn_clamp(count, 0, most));
        }
    }
    *held = count - op->first;
}
