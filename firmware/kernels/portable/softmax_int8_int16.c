/* SPDX-License-Identifier: Apache-2.0 */
#include "softmax.h"

static void row(const nn_softmax_t *op, const int8_t *x, int16_t *y) {
    int32_t highest;
    int zeros;
    const int32_t scale = nn_softmax_scale(op, x, &highest, &zeros);
    for (int32_t i = 0; i < op->depth; i++) {
        int32_t share = nn_mul_q31(nn_softmax_exponential(op, x[i] - highest), scale);
        int32_t rounded = nn_rounding_shift(share, SUM_BITS - zeros + 31 - 16);
        y[i] = (int16_t)nn_clamp(rounded - 32768, INT16_MIN, INT16_MAX);
    }
}

void nn_softmax_int8_int16_portable(const nn_softmax_int8_int16_t *op, const int8_t *x, int16_t *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->rows; i++, x += op->depth, y += op->depth)
        row(op, x, y);
}
