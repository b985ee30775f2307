/* SPDX-License-Identifier: Apache-2.0 */
#include "xtensa/kernels.h"

void nn_add_linear_xtensa(const nn_add_linear_xtensa_t *op, const int8_t *x1, const int8_t *x2, int8_t *y,
                          void *scratch) {
    const uint32_t multiplier1 = (uint32_t)op->multiplier1, multiplier2 = (uint32_t)op->multiplier2;
    const uint32_t sum = (uint32_t)op->sum;
    const int shift = op->shift;
    (void)scratch;
    for (const int8_t *end = y + op->count; y < end; y++) {
        uint32_t a = (uint8_t)*x1++ ^ 128u, b = (uint8_t)*x2++ ^ 128u;
        int32_t value = (int32_t)(sum + a * multiplier1 + b * multiplier2) >> shift;
        if ((uint32_t)value > 255)
            value = value < 0 ? 0 : 255;
        *y = (int8_t)(value ^ 128);
    }
}
