/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "dsp/pool.h"
#include "nn_math.h"

/* Half away from zero, as C's division truncates. */
static inline int8_t mean(const nn_average_pool_2d_t *op, int32_t sum, int32_t count) {
    int32_t quotient = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
    return (int8_t)nn_clamp(quotient, op->act_min, op->act_max);
}

/* Four channels of one window that begins at x. */
static void window(const nn_average_pool_2d_t *op, const int8_t *x, int8_t *y) {
    const int32_t channels = op->channels, width = op->k_w, row_skip = (op->in_w - width) * channels;
    const int32_t count = op->k_h * width;
    int32_t even = 0, odd = 0; /* two sums each */
    for (int32_t i = op->k_h; i > 0; i--, x += row_skip)
        for (int32_t j = width; j > 0; j--, x += channels) {
            uint32_t four;
            memcpy(&four, x, 4);
            __asm__("sxtab16 %0, %2, %3\n\tsxtab16 %1, %4, %3, ror #8"
                    : "=&r"(even), "=r"(odd)
                    : "0"(even), "r"(four), "1"(odd));
        }
    y[0] = mean(op, (int16_t)even, count);
    y[1] = mean(op, (int16_t)odd, count);
    y[2] = mean(op, even >> 16, count);
    y[3] = mean(op, odd >> 16, count);
}

void nn_average_pool_2d_dsp(const nn_average_pool_2d_t *op, const int8_t *x, int8_t *y, void *scratch) {
    const int32_t channels = op->channels, row = op->in_w * channels;
    (void)scratch;
    for (int n = 0; n < op->batches; n++, x += op->in_h * row)
        for (int i = 0; i < op->out_h; i++)
            for (int j = 0; j < op->out_w; j++)
                for (int32_t c = 0; c < channels; c += 4, y += 4)
                    window(op, x + i * op->stride_h * row + j * op->stride_w * channels + c, y);
}
