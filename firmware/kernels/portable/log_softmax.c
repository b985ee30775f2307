/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

#define DIFF_BITS 5   /* x - max(x), scaled, is in Q5.26 */
#define SUM_BITS 12   /* the sum of exponentials in Q12.19 */
#define OUTPUT_BITS 4 /* the output in Q4 */

static int leading_zeros(int32_t x) {
    int zeros = 0;
    for (; x > 0 && x < 1 << 30; x *= 2)
        zeros++;
    return zeros + 1;
}

/* TFLite's log_x_for_x_greater_than_or_equal_to_1 in Q5 of x >= 1 in Q12: log(x) = pot * log(2) + log(r), where r is x
 * halved, once to [0.5, 1) and once to [sqrt(0.5), sqrt(2)); of the two the smaller one counts. */
static int32_t logarithm(int32_t x) {
    const int32_t sqrt_half = 1518500250, sqrt_sqrt_half = 1805811301, quarter = 1 << (28 - DIFF_BITS);
    const int zeros1 = leading_zeros(x), zeros2 = leading_zeros(nn_mul_q31(x, sqrt_half)) - 1;
    const int32_t r1 = nn_saturating_shift_left(nn_mul_q31(nn_shift_left(x, zeros1 - 1), sqrt_half), 1);
    const int64_t wide = (int64_t)x * ((int64_t)1 << zeros2);
    const int32_t r2 = wide > INT32_MAX ? INT32_MAX : (int32_t)wide, unit = 1 << (30 - DIFF_BITS);
    const int32_t pot1 = (SUM_BITS - zeros1) * unit + quarter, pot2 = (SUM_BITS - zeros2) * unit - quarter;
    const int32_t r = r1 < r2 ? r1 : r2, pot = pot1 > pot2 ? pot1 : pot2;
    const int32_t half_sum = (int32_t)(((int64_t)r + sqrt_sqrt_half + 1) / 2), q = (r - sqrt_sqrt_half) * 2;
    const int32_t q2 = nn_mul_q31(q, q);
    int32_t numerator = nn_mul_q31(q, r) + nn_mul_q31(nn_mul_q31(q, q2), 117049297);
    int32_t denominator = nn_mul_q31(half_sum, 1057819769 + q + nn_mul_q31(q2, 127690142)) + nn_mul_q31(q, 638450708);
    int32_t log_r = nn_mul_q31(nn_rounding_shift(numerator, DIFF_BITS + 1), nn_one_over_one_plus_x(denominator));
    return nn_saturating_shift_left(nn_mul_q31(pot, 1488522236) + log_r, 1);
}

static int32_t scaled(const nn_log_softmax_t *op, int32_t diff) {
    return nn_mul_q31(nn_shift_left(diff, op->shift), op->multiplier);
}

static void row(const nn_log_softmax_t *op, const int8_t *x, int8_t *y) {
    int32_t highest = INT8_MIN, sum = 0;
    for (int32_t i = 0; i < op->depth; i++)
        highest = x[i] > highest ? x[i] : highest;
    for (int32_t i = 0; i < op->depth; i++)
        if (x[i] - highest >= op->diff_min)
            sum += nn_rounding_shift(nn_exp_negative(scaled(op, x[i] - highest), DIFF_BITS), SUM_BITS);
    const int32_t log = logarithm(sum);
    int32_t lowest = nn_requantize(nn_add_wrapping(log, INT32_MIN), op->back, op->back_shift);
    lowest = lowest < op->diff_min - 1 ? op->diff_min - 1 : lowest;
    for (int32_t i = 0; i < op->depth; i++) {
        const int32_t diff = x[i] - highest;
        int32_t answer = -128;
        if (diff > lowest)
            answer = nn_rounding_shift(nn_subtract_wrapping(scaled(op, diff), log), 31 - DIFF_BITS - OUTPUT_BITS) + 127;
        y[i] = (int8_t)nn_clamp(answer, -128, 127);
    }
}

void nn_log_softmax_portable(const nn_log_softmax_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->rows; i++, x += op->depth, y += op->depth)
        row(op, x, y);
}
