/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_math.h"
#include "xtensa/kernels.h"

#define EVEN 0x00ff00ffu

/* Four channels: sums of bytes that are 128 too much each, channels 0 and 2 in the halves of one word, 1 and 3 in those
 * of the other. */
typedef struct {
    uint32_t even, odd;
} sums_t;

static inline sums_t sum(const nn_average_pool_2d_t *op, const int8_t *x) {
    const int32_t channels = op->channels, skip = (op->in_w - op->k_w) * channels;
    sums_t sums = {0, 0};
    for (int32_t i = op->k_h; i > 0; i--, x += skip)
        for (int32_t j = op->k_w; j > 0; j--, x += channels) {
            const uint32_t four = *(const uint32_t *)(const void *)x ^ 0x80808080u;
            sums.even += four & EVEN;
            sums.odd += four >> 8 & EVEN;
        }
    return sums;
}

/* reciprocal: of count, times 2^24 and rounded up; exact, as a sum is at most 128 * count and count at most 256. */
static inline int8_t mean(const nn_average_pool_2d_t *op, uint32_t biased, int32_t count, uint32_t reciprocal) {
    const int32_t sum = (int32_t)biased - 128 * count;
    const uint32_t size = (uint32_t)((sum < 0 ? -sum : sum) + count / 2);
    const int32_t rounded = (int32_t)(size * reciprocal >> 24);
    return (int8_t)nn_clamp(sum < 0 ? -rounded : rounded, op->act_min, op->act_max);
}

void nn_average_pool_2d_xtensa(const nn_average_pool_2d_t *op, const int8_t *x, int8_t *y, void *scratch) {
    const int32_t channels = op->channels, row = op->in_w * channels, count = op->k_h * op->k_w;
    const uint32_t reciprocal = (1u << 24) / (uint32_t)count + 1;
    (void)scratch;
    for (int32_t n = 0; n < op->batches; n++, x += op->in_h * row)
        for (int32_t i = 0; i < op->out_h; i++)
            for (int32_t j = 0; j < op->out_w; j++)
                for (int32_t c = 0; c < channels; c += 4, y += 4) {
                    const sums_t sums = sum(op, x + i * op->stride_h * row + j * op->stride_w * channels + c);
                    y[0] = mean(op, sums.even & 0xffff, count, reciprocal);
                    y[1] = mean(op, sums.odd & 0xffff, count, reciprocal);
                    y[2] = mean(op, sums.even >> 16, count, reciprocal);
                    y[3] = mean(op, sums.odd >> 16, count, reciprocal);
                }
}
