/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of int16 times int8, and what becomes of them: what the kernels of int16 with weights share. */
#ifndef NN_PORTABLE_WIDE_H
#define NN_PORTABLE_WIDE_H

#include "nn.h"
#include "nn_math.h"
#include "window.h"

#define NN_WIDE_CHANNELS 4 /* that share each load of an input */
#define NN_WIDE_RUN 256    /* products of int16 and int8 that an int32 has space for */

typedef struct {
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    int32_t wide, act_min, act_max;
} nn_wide_output_t;

/* Of pairs of words. */
static inline uint64_t nn_wide_bias(const int32_t *bias, int32_t channel) {
    return (uint32_t)bias[2 * channel] | (uint64_t)(uint32_t)bias[2 * channel + 1] << 32;
}

static inline int16_t nn_wide_output(const nn_wide_output_t *out, int32_t channel, int64_t sum) {
    const int32_t multiplier = out->multiplier[channel];
    const int shift = out->shift[channel];
    int32_t scaled;
    if (out->wide) {
        scaled = nn_requantize_wide((int64_t)((uint64_t)sum + nn_wide_bias(out->bias, channel)), multiplier, shift);
    } else {
        scaled = nn_requantize((int32_t)((uint32_t)sum + (uint32_t)out->bias[channel]), multiplier, shift);
    }
    return (int16_t)nn_clamp(scaled, out->act_min, out->act_max);
}

/* Adds the products of length inputs with the weights of four channels, which are w_channel apart. */
typedef void nn_wide_add_fn(const int16_t *x, const int8_t *w, int32_t w_channel, int32_t length,
                            int64_t sums[NN_WIDE_CHANNELS]);

/* Not inlined, so that the inner loop has the registers to itself. */
__attribute__((noinline, unused)) static void nn_wide_add(const int16_t *x, const int8_t *w, int32_t w_channel,
                                                          int32_t length, int64_t sums[NN_WIDE_CHANNELS]) {
    while (length > 0) {
        const int32_t count = length < NN_WIDE_RUN ? length : NN_WIDE_RUN;
        const int16_t *const end = x + count;
        const int8_t *wb = w + w_channel, *wc = wb + w_channel, *wd = wc + w_channel;
        int32_t a = 0, b = 0, c = 0, d = 0;
        while (x < end) {
            const int32_t value = *x++;
            a += value * *w++;
            b += value * *wb++;
            c += value * *wc++;
            d += value * *wd++;
        }
        sums[0] += a;
        sums[1] += b;
        sums[2] += c;
        sums[3] += d;
        length -= count;
    }
}

#endif
