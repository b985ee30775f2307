/* SPDX-License-Identifier: Apache-2.0
 *
 * A vector times eight columns of weights. Before the #include, NN_WEIGHT is defined as their type. */
#ifndef NN_RISCV_COLUMNS_H
#define NN_RISCV_COLUMNS_H

#include <stdint.h>

enum { NN_COLUMNS = 8 };

/* The compiler is to keep each input's loads where they are: all at once are more than there are registers. */
#define NN_PRODUCT(k, i) sum##i += (uint32_t)value * (uint32_t)w[NN_COLUMNS * (k) + (i)]
#define NN_INPUT(k)                                                                                                    \
    do {                                                                                                               \
        const int32_t value = x[k];                                                                                    \
        __asm__ volatile("" ::: "memory");                                                                             \
        NN_PRODUCT(k, 0);                                                                                              \
        NN_PRODUCT(k, 1);                                                                                              \
        NN_PRODUCT(k, 2);                                                                                              \
        NN_PRODUCT(k, 3);                                                                                              \
        NN_PRODUCT(k, 4);                                                                                              \
        NN_PRODUCT(k, 5);                                                                                              \
        NN_PRODUCT(k, 6);                                                                                              \
        NN_PRODUCT(k, 7);                                                                                              \
    } while (0)

/* sums[i] = sum over the inputs of x[k] * w[8 * k + i], modulo 2^32. Not inlined, so that the loop has the registers to
 * itself. */
__attribute__((noinline)) static void nn_sum_columns(const int8_t *x, const NN_WEIGHT *w, int32_t inputs,
                                                     uint32_t *sums) {
    uint32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0, sum4 = 0, sum5 = 0, sum6 = 0, sum7 = 0;
    for (const int8_t *end = x + (inputs & ~3); x < end; x += 4, w += 4 * NN_COLUMNS) {
        NN_INPUT(0);
        NN_INPUT(1);
        NN_INPUT(2);
        NN_INPUT(3);
    }
    for (const int8_t *end = x + (inputs & 3); x < end; x++, w += NN_COLUMNS)
        NN_INPUT(0);
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
    sums[4] = sum4;
    sums[5] = sum5;
    sums[6] = sum6;
    sums[7] = sum7;
}

#endif
