/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

#define DIFF_BITS 5 /* x - max(x), scaled, is in Q5.26 */
#define SUM_BITS 12 /* the sum of exponentials in Q12.19 */

/* e^(scaled diff) in Q0; 0 where it is too small to count. */
static int32_t exponential(const nn_softmax_t *op, int32_t diff) {
    if (diff < op->diff_min)
        return 0;
    return nn_exp_negative(nn_mul_q31(nn_shift_left(diff, op->shift), op->multiplier), DIFF_BITS);
}

static void row(const nn_softmax_t *op, const int8_t *x, int8_t *y) {
    int32_t highest = INT8_MIN;
    for (int32_t i = 0; i < op->depth; i++)
        highest = x[i] > highest ? x[i] : highest;
    uint32_t sum = 0;
    for (int32_t i = 0; i < op->depth; i++)
        sum += (uint32_t)nn_rounding_shift(exponential(op, x[i] - highest), SUM_BITS);
    /* sum = 2^(SUM_BITS - zeros) * (1 + fraction); it is at least e^0, so the loop ends */
    int zeros = 0;
    for (; !(sum & 0x80000000u); zeros++)
        sum <<= 1;
    int32_t scale = nn_one_over_one_plus_x((int32_t)(sum - 0x80000000u));
    const int shift = SUM_BITS - zeros + 31 - 8;
    for (int32_t i = 0; i < op->depth; i++) {
        int32_t share = nn_mul_q31(exponential(op, x[i] - highest), scale);
        /* From 512 e^0 on every share is below half a step, where 32 bits and more would be shifted out. */
        y[i] = (int8_t)nn_clamp((shift < 32 ? nn_rounding_shift(share, shift) : 0) - 128, -128, 127);
    }
}

void nn_softmax_portable(const nn_softmax_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->rows; i++, x += op->depth, y += op->depth)
        row(op, x, y);
}
