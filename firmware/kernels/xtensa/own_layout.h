/* SPDX-License-Identifier: Apache-2.0
 *
 * For kernels that take the model's own constants. */
#ifndef NN_XTENSA_OWN_LAYOUT_H
#define NN_XTENSA_OWN_LAYOUT_H

#include "portable/window.h"
#include "xtensa/output.h"

/* y[i] = what sums[i] of channel + i comes to, four of them. */
static inline void nn_four_outputs(const nn_output_t *out, int32_t channel, const int32_t *sums, int8_t *y) {
    for (int i = 0; i < NN_CHANNELS; i++) {
        const int32_t c = channel + i, scale = out->per_channel ? c : 0;
        int32_t sum = out->bias != 0 ? nn_add_wrapping(sums[i], out->bias[c]) : sums[i];
        int32_t scaled = nn_requantize_by_halves(sum, out->multiplier[scale], out->shift[scale]);
        y[i] = (int8_t)nn_clamp(nn_add_wrapping(scaled, out->offset), out->act_min, out->act_max);
    }
}

/* All channels of one output; runs: rows of a window of `length` inputs each. The last four channels begin where there
 * are four. */
static inline void nn_dot_outputs(const nn_window_t *window, const nn_output_t *out, const int8_t *x, const int8_t *w,
                                  int32_t w_channel, int32_t channels, int8_t *y) {
    for (int32_t c = 0; c < channels; c += NN_CHANNELS) {
        if (c > channels - NN_CHANNELS)
            c = channels - NN_CHANNELS;
        int32_t sums[NN_CHANNELS] = {0};
        for (int32_t i = 0; i < window->rows; i++)
            for (int32_t j = 0; j < window->runs; j++)
                nn_dot_run_xtensa(x + i * window->x_row + j * window->x_run,
                                  w + c * w_channel + i * window->w_row + j * window->w_run, w_channel, window->length,
                                  window->offset, sums);
        nn_four_outputs(out, c, sums, y + c);
    }
}

#endif
