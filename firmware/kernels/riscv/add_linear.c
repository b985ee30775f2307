/* SPDX-License-Identifier: Apache-2.0 */
#include "riscv/kernels.h"

enum { SHIFT = 20 };

/* multiplier * x >> 8. */
static inline int32_t term(int32_t multiplier, int32_t x) {
    return (int32_t)((int64_t)multiplier * (x * (1 << 24)) >> 32);
}

void nn_add_linear_riscv(const nn_add_linear_riscv_t *op, const int8_t *x1, const int8_t *x2, int8_t *y,
                         void *scratch) {
    const int32_t multiplier1 = op->multiplier1, multiplier2 = op->multiplier2, sum = op->sum;
    (void)scratch;
    for (const int8_t *end = y + op->count; y < end; y++) {
        const int32_t value = (sum + term(multiplier1, *x1++) + term(multiplier2, *x2++)) >> SHIFT;
        *y = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
    }
}
