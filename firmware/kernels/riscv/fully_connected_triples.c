/* SPDX-License-Identifier: Apache-2.0 */
#include "portable/window.h"
#include "riscv/kernels.h"

enum { WORDS = 8, OUTPUTS = 12 };

/* The compiler is to keep each input's loads where they are: all at once are more than there are registers. */
#define PRODUCT(k, i) word##i += (uint32_t)value * (uint32_t)w[WORDS * (k) + (i)]
#define INPUT(k)                                                                                                       \
    do {                                                                                                               \
        const int32_t value = x[k];                                                                                    \
        __asm__ volatile("" ::: "memory");                                                                             \
        PRODUCT(k, 0);                                                                                                 \
        PRODUCT(k, 1);                                                                                                 \
        PRODUCT(k, 2);                                                                                                 \
        PRODUCT(k, 3);                                                                                                 \
        PRODUCT(k, 4);                                                                                                 \
        PRODUCT(k, 5);                                                                                                 \
        PRODUCT(k, 6);                                                                                                 \
        PRODUCT(k, 7);                                                                                                 \
    } while (0)

/* words[i] = sum over the inputs of x[k] * w[8 * k + i]. Not inlined, so that the loop has the registers to itself. */
__attribute__((noinline)) static void sum_words(const int8_t *x, const int32_t *w, int32_t inputs,
                                                uint32_t words[WORDS]) {
    uint32_t word0 = 0, word1 = 0, word2 = 0, word3 = 0, word4 = 0, word5 = 0, word6 = 0, word7 = 0;
    for (const int8_t *end = x + (inputs & ~3); x < end; x += 4, w += 4 * WORDS) {
        INPUT(0);
        INPUT(1);
        INPUT(2);
        INPUT(3);
    }
    for (const int8_t *end = x + (inputs & 3); x < end; x++, w += WORDS)
        INPUT(0);
    words[0] = word0;
    words[1] = word1;
    words[2] = word2;
    words[3] = word3;
    words[4] = word4;
    words[5] = word5;
    words[6] = word6;
    words[7] = word7;
}

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
                sum_words(x + k, w, inputs, words);
                for (int32_t i = 0; i < WORDS / 2; i++)
                    add_three(words + 2 * i, sums + 3 * i);
            }
            nn_output(&out, c, sums, out_n - c < OUTPUTS ? out_n - c : OUTPUTS, y + c);
        }
    }
}
