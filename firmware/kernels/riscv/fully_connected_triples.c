/* SPDX-License-Identifier: Apache-2.0 */
#include "portable/window.h"
#include "riscv/kernels.h"

#define NN_WEIGHT int32_t
#include "riscv/columns.h"

enum { WORDS = NN_COLUMNS, OUTPUTS = 12 };

/* Three sums from two words, see triples.S. */
static inline void add_three(const uint32_t words[2], uint32_t sums[3]) {
    const int32_t a = (int32_t)(words[0] << 11) >> 11, rest = (int32_t)(words[0] - (uint32_t)a);
    const uint32_t second = words[1] - (uint32_t)(rest >> 10);
    const int32_t c = (int32_t)(second << 10) >> 10;
    sums[0] += (uint32_t)a;
    sums[1] += (uint32_t)((rest >> 21) + ((int32_t)(second - (uint32_t)c) >> 11));
    sums[2] += (uint32_t)c;
}

void nn_fully_connected_triples_riscv(const nn_fully_connected_triples_riscv_t *op, const int8_t *x, int8_t *y,
                                      void *scratch) {
    const nn_output_t out = {op->bias,          op->multiplier, op->shift,  op->per_channel,
                             op->output_offset, op->act_min,    op->act_max};
    const int32_t in_n = op->in_n, out_n = op->out_n, segment = op->segment;
    (void)scratch;
    for (int32_t n = 0; n < op->batches; n++, x += in_n, y += out_n) {
        const int32_t *w = op->weights;
        for (int32_t c = 0; c < out_n; c += OUTPUTS) {
            uint32_t sums[OUTPUTS] = {0};
            for (int32_t k = 0, inputs; k < in_n; k += inputs, w += inputs * WORDS) {
                uint32_t words[WORDS];
                inputs = in_n - k < segment ? in_n - k : segment;
                nn_sum_columns(x + k, w, inputs, words);
                for (int32_t i = 0; i < WORDS / 2; i++)
                    add_three(words + 2 * i, sums + 3 * i);
            }
            nn_output(&out, c, sums, out_n - c < OUTPUTS ? out_n - c : OUTPUTS, y + c);
        }
    }
}
