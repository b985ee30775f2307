/* SPDX-License-Identifier: Apache-2.0 */
#include "signal_bits.h"

/* The largest absolute value; -32768 has none and makes the search start again, as TFLM's does. */
static int32_t largest(const int16_t *x, int32_t count) {
    int32_t most = 0;
    for (int32_t i = 0; i < count; i++) {
        const int32_t value = x[i];
        if (value > most)
            most = value;
        else if (-value > most)
            most = (int16_t)-value;
    }
    return most;
}

void nn_signal_auto_scale_portable(const nn_signal_auto_scale_t *op, const int16_t *x, int16_t *y, int32_t *shift,
                                   void *scratch) {
    (void)scratch;
    const int32_t most = largest(x, op->count), by = most > 0 ? 15 - nn_bits((uint32_t)most) : 0;
    for (int32_t i = 0; i < op->count; i++)
        y[i] = (int16_t)nn_shift_left(x[i], by);
    *shift = by;
}
