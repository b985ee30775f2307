/* SPDX-License-Identifier: Apache-2.0
 *
 * SOFTMAX of a row of int8, but for how its shares are written. */
#ifndef NN_SOFTMAX_H
#define NN_SOFTMAX_H

#include "nn.h"
#include "nn_math.h"

#define DIFF_BITS 5 /* x - max(x), scaled, is in Q5.26 */
#define SUM_BITS 12 /* the sum of exponentials in Q12.19 */

/* e^(scaled diff) in Q0; 0 where it is too small to count. */
static inline int32_t nn_softmax_exponential(const nn_softmax_t *op, int32_t diff) {
    if (diff < op->diff_min)
        return 0;
    return nn_exp_negative(nn_mul_q31(nn_shift_left(diff, op->shift), op->multiplier), DIFF_BITS);
}

/* 1 / sum of exponentials, the sum being 2^(SUM_BITS - zeros) * (1 + fraction), and the row's highest. */
static inline int32_t nn_softmax_scale(const nn_softmax_t *op, const int8_t *x, int32_t *highest, int *zeros) {
    *highest = INT8_MIN;
    for (int32_t i = 0; i < op->depth; i++)
        *highest = x[i] > *highest ? x[i] : *highest;
    uint32_t sum = 0;
    for (int32_t i = 0; i < op->depth; i++)
        sum += (uint32_t)nn_rounding_shift(nn_softmax_exponential(op, x[i] - *highest), SUM_BITS);
    /* It is at least e^0, so the loop ends. */
    for (*zeros = 0; !(sum & 0x80000000u); ++*zeros)
        sum <<= 1;
    return nn_one_over_one_plus_x((int32_t)(sum - 0x80000000u));
}

#endif
