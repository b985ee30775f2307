/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "dsp/pool.h"

/* The greater of each of four int8. */
static inline uint32_t greater(uint32_t a, uint32_t b) {
    uint32_t result;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b));
    return result;
}

static inline uint32_t lesser(uint32_t a, uint32_t b) {
    uint32_t result;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(result) : "r"(a), "r"(b));
    return result;
}

void nn_max_pool_2d_dsp(const nn_max_pool_2d_t *op, const int8_t *x, int8_t *y, void *scratch) {
    const int32_t channels = op->channels, row = op->in_w * channels, row_skip = row - op->k_w * channels;
    const uint32_t act_min = (op->act_min & 0xff) * 0x01010101u, act_max = (op->act_max & 0xff) * 0x01010101u;
    (void)scratch;
    for (int n = 0; n < op->batches; n++, x += op->in_h * row)
        for (int i = 0; i < op->out_h; i++)
            for (int j = 0; j < op->out_w; j++) {
                const int8_t *window = x + i * op->stride_h * row + j * op->stride_w * channels;
                for (int32_t c = 0; c < channels; c += 4, y += 4) {
                    const int8_t *from = window + c;
                    uint32_t highest = act_min, four;
                    for (int k = op->k_h; k > 0; k--, from += row_skip)
                        for (int l = op->k_w; l > 0; l--, from += channels) {
                            memcpy(&four, from, 4);
                            highest = greater(highest, four);
                        }
                    highest = lesser(highest, act_max);
                    memcpy(y, &highest, 4);
                }
            }
}
