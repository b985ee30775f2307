/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"

static uint32_t smoothed(const nn_signal_subtract_noise_t *op, int32_t channel, uint32_t up, uint32_t noise) {
    const int32_t smoothing = channel & 1 ? op->alternate_smoothing : op->smoothing;
    const int32_t rest = channel & 1 ? op->alternate_one_minus : op->one_minus;
    return (uint32_t)(((uint64_t)up * (uint32_t)smoothing + (uint64_t)noise * (uint32_t)rest) >> op->bits);
}

void nn_signal_subtract_noise_portable(const nn_signal_subtract_noise_t *op, const uint32_t *x, uint32_t *y,
                                       uint32_t *estimate, uint32_t *state, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->count; i++) {
        const uint32_t up = x[i] << op->smoothing_bits, noise = smoothed(op, i, up, state[i]);
        const uint32_t least = (uint32_t)(((uint64_t)x[i] * (uint32_t)op->least) >> op->bits);
        const uint32_t taken = noise < up ? noise : up, left = (up - taken) >> op->smoothing_bits;
        y[i] = left > least ? left : least;
        state[i] = estimate[i] = op->clamping ? taken : noise;
    }
}
