/* SPDX-License-Identifier: Apache-2.0 */
#include "armv7m/kernels.h"

/* multiplier * x >> 8, where x has come in the upper byte. */
static inline int32_t term(int32_t multiplier, int32_t x) {
    return (int32_t)((int64_t)multiplier * x >> 32);
}

void nn_add_linear_armv7m(const nn_add_linear_armv7m_t *op, const int8_t *x1, const int8_t *x2, int8_t *y,
                          void *scratch) {
    const int32_t multiplier1 = op->multiplier1, multiplier2 = op->multiplier2, sum = op->sum;
    (void)scratch;
    for (const int8_t *end = y + op->count; y < end; y++) {
        int32_t a = (int32_t)((uint32_t)*x1++ << 24), b = (int32_t)((uint32_t)*x2++ << 24);
        int32_t value = sum + term(multiplier1, a) + term(multiplier2, b);
        __asm__("ssat %0, #8, %0, asr #20" : "+r"(value));
        *y = (int8_t)value;
    }
}
