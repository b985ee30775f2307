/* SPDX-License-Identifier: Apache-2.0 */
#include "softmax.h"

static void row(const nn_softmax_t *op, const int8_t *x, int8_t *y) {
    int32_t highest;
    int zeros;
    const int32_t scale = nn_softmax_scale(op, x, &highest, &zeros);
    const int shift = SUM_BITS - zeros + 31 - 8;
    for (int32_t i = 0; i < op->depth; i++) {
        int32_t share = nn_mul_q31(nn_softmax_exponential(op, x[i] - highest), scale);
        /* From 512 e^0 on every share is below half a step, where 32 bits and more would be shifted out. */
        y[i] = (int8_t)nn_clamp((shift < 32 ? nn_rounding_shift(share, shift) : 0) - 128, -128, 127);
    }
}

void nn_softmax_portable(const nn_softmax_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->rows; i++, x += op->depth, y += op->depth)
        row(op, x, y);
}
