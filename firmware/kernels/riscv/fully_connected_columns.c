/* SPDX-License-Identifier: Apache-2.0 */
#include "portable/window.h"
#include "riscv/kernels.h"

enum { OUTPUTS = 8 };

/* The compiler is to keep each input's loads where they are: all at once are more than there are registers. */
#define PRODUCT(k, i) sum##i += (uint32_t)(value * w[OUTPUTS * (k) + (i)])
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

/* sums[i] = sum over the inputs of x[k] * w[8 * k + i]. Not inlined, so that the loop has the registers to itself. */
__attribute__((noinline)) static void sum_columns(const int8_t *x, const int8_t *w, int32_t inputs,
                                                  uint32_t sums[OUTPUTS]) {
    uint32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0, sum4 = 0, sum5 = 0, sum6 = 0, sum7 = 0;
    for (const int8_t *end = x + (inputs & ~3); x < end; x += 4, w += 4 * OUTPUTS) {
        INPUT(0);
        INPUT(1);
        INPUT(2);
        INPUT(3);
    }
    for (const int8_t *end = x + (inputs & 3); x < end; x++, w += OUTPUTS)
        INPUT(0);
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
    sums[4] = sum4;
    sums[5] = sum5;
    sums[6] = sum6;
    sums[7] = sum7;
}

void nn_fully_connected_columns_riscv(const nn_fully_connected_t *op, const int8_t *x, int8_t *y, void *scratch) {
    const nn_output_t out = {op->bias,          op->multiplier, op->shift,  op->per_channel,
                             op->output_offset, op->act_min,    op->act_max};
    const int32_t in_n = op->in_n, out_n = op->out_n;
    (void)scratch;
    for (int32_t n = 0; n < op->batches; n++, x += in_n, y += out_n)
        for (int32_t c = 0; c < out_n; c += OUTPUTS) {
            uint32_t sums[OUTPUTS];
            sum_columns(x, op->weights + c * in_n, in_n, sums);
            nn_output(&out, c, sums, out_n - c < OUTPUTS ? out_n - c : OUTPUTS, y + c);
        }
}
