/* SPDX-License-Identifier: Apache-2.0
 *
 * Windows on an input and the way from a sum to an output: what the portable convolutions and pools share. */
#ifndef NN_PORTABLE_WINDOW_H
#define NN_PORTABLE_WINDOW_H

#include "nn_math.h"

/* The taps [first, end) of a window that lie on the input, which has size elements along this axis; origin is where
 * the first tap falls. */
typedef struct {
    int first, end;
} nn_span_t;

static inline nn_span_t nn_clip_window(int origin, int taps, int dilation, int size) {
    nn_span_t span = {0, taps};
    for (; span.first < taps && origin < 0; span.first++)
        origin += dilation;
    int last = origin + (taps - 1 - span.first) * dilation;
    for (; span.end > span.first && last >= size; span.end--)
        last -= dilation;
    return span;
}

/* What makes a sum an output. bias may be NULL; per_channel is how far multiplier and shift advance with a channel. */
typedef struct {
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    int32_t per_channel, offset, act_min, act_max;
} nn_output_t;

/* y[i] = what acc[i], the sum of channel + i, comes to. Not inlined, so that the loop has the registers to itself. */
__attribute__((noinline, unused)) static void nn_output(const nn_output_t *out, int32_t channel, const uint32_t *acc,
                                                        int32_t count, int8_t *y) {
    const int32_t per_channel = out->per_channel, offset = out->offset;
    const int32_t act_min = out->act_min, act_max = out->act_max;
    const int32_t *bias = out->bias, *multiplier = out->multiplier + per_channel * channel;
    const int8_t *shift = out->shift + per_channel * channel;
    for (int32_t i = 0; i < count; i++, multiplier += per_channel, shift += per_channel) {
        int32_t sum = (int32_t)(acc[i] + (bias != 0 ? (uint32_t)bias[channel + i] : 0));
        int32_t scaled = nn_add_wrapping(nn_requantize(sum, *multiplier, *shift), offset);
        y[i] = (int8_t)nn_clamp(scaled, act_min, act_max);
    }
}

/* A clipped window: rows of runs of length elements that are contiguous both in x and in the weights, with the steps
 * from one row and one run to the next. */
typedef struct {
    int32_t rows, runs, length, offset;
    int32_t x_row, x_run, w_row, w_run;
} nn_window_t;

#endif
