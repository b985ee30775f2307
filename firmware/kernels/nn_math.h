/* SPDX-License-Identifier: Apache-2.0
 *
 * TFLite's integer arithmetic, exact to the bit and free of undefined behavior: what gen/model/fixed_point.py
 * computes. Source: the definitions of gemmlowp's fixed-point functions as TFLM uses them (double rounding). int32
 * wraps where it does on the device, so sums are made in uint32_t. Right shifts of negative numbers are arithmetic in
 * every compiler that we use. Qn is an int32 with n bits before the binary point and 31 - n after it. */
#ifndef NN_MATH_H
#define NN_MATH_H

#include <stdint.h>

/* SaturatingRoundingDoublingHighMul: a * b / 2^31, rounded to nearest; its nudge of 1 - 2^30 and truncating division
 * for negative products amount to the floor of (a * b + 2^30) / 2^31. Not for a == b == INT32_MIN, which would
 * overflow: one factor is always a multiplier or a constant. */
static inline int32_t nn_mul_q31(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/* RoundingDivideByPOT: x / 2^exponent, rounded to nearest, ties away from zero; exponent 0..31. */
static inline int32_t nn_rounding_shift(int32_t x, int exponent) {
    int32_t mask = (int32_t)((1u << exponent) - 1);
    int32_t threshold = (mask >> 1) + (x < 0);
    return (x >> exponent) + ((x & mask) > threshold);
}

/* x << bits, wrapping; bits 0..31. */
static inline int32_t nn_shift_left(int32_t x, int bits) {
    return (int32_t)((uint32_t)x << bits);
}

static inline int32_t nn_subtract_wrapping(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a - (uint32_t)b);
}

static inline int32_t nn_add_wrapping(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

/* MultiplyByQuantizedMultiplier: x * multiplier * 2^(shift - 31), rounded twice; multiplier >= 0, shift -31..31. */
static inline int32_t nn_requantize(int32_t x, int32_t multiplier, int shift) {
    int32_t product = nn_mul_q31(nn_shift_left(x, shift > 0 ? shift : 0), multiplier);
    if (shift >= 0)
        return product;
    /* nn_rounding_shift in fewer steps: a tie below zero goes down when the value is one less. The product with a
     * multiplier is never INT32_MIN, so nothing overflows. */
    int32_t halves = (product + (product >> 31)) >> (-shift - 1);
    return (halves >> 1) + (halves & 1);
}

/* MultiplyByQuantizedMultiplier of int64: x * (multiplier to 16 bits) * 2^(shift - 15), rounded once, halves upwards;
 * multiplier >= 0, shift -31..7. */
static inline int32_t nn_requantize_wide(int64_t x, int32_t multiplier, int shift) {
    const int32_t reduced = multiplier >= 0x7FFF0000 ? 0x7FFF : (multiplier + (1 << 15)) >> 16;
    const uint64_t product = (uint64_t)x * (uint32_t)reduced + ((uint64_t)1 << (14 - shift));
    return (int32_t)((int64_t)product >> (15 - shift));
}

static inline int32_t nn_clamp(int32_t x, int32_t low, int32_t high) {
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* x << bits, saturating; bits 1..8. */
static inline int32_t nn_saturating_shift_left(int32_t x, int bits) {
    int64_t wide = (int64_t)x * (1 << bits);
    return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}

/* e^x in Q0 of x <= 0 in Q(integer_bits), 1..5 bits (exp_on_negative_values): a Taylor polynomial on [-1/4, 0) around
 * -1/8, times e^(-2^k) for every bit k of what is left. */
static inline int32_t nn_exp_negative(int32_t x, int integer_bits) {
    static const int32_t exp_of_minus_pot[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t exp_minus_eighth = 1895147668, third = 715827883;
    if (x == 0)
        return INT32_MAX;
    int32_t quarter = 1 << (29 - integer_bits);
    int32_t fraction = (x & (quarter - 1)) - quarter;
    int32_t a = fraction * (1 << integer_bits) + (1 << 28);
    int32_t a2 = nn_mul_q31(a, a), a3 = nn_mul_q31(a2, a), a4 = nn_mul_q31(a2, a2);
    int32_t tail = nn_rounding_shift(nn_mul_q31(nn_rounding_shift(a4, 2) + a3, third) + a2, 1);
    int32_t result = exp_minus_eighth + nn_mul_q31(a + tail, exp_minus_eighth);
    int32_t rest = fraction - x;
    for (int k = 0; k < integer_bits + 2; k++)
        if (rest & (quarter << k))
            result = nn_mul_q31(result, exp_of_minus_pot[k]);
    return result;
}

/* 1 / (1 + x) in Q0 of 0 <= x < 1 in Q0 (one_over_one_plus_x_for_x_in_0_1): three Newton steps. */
static inline int32_t nn_one_over_one_plus_x(int32_t x) {
    int32_t half = (int32_t)(((int64_t)x + INT32_MAX + 1) >> 1);
    int32_t result = 1515870810 + nn_mul_q31(half, -1010580540); /* 48/17 - 32/17 * half, in Q2 */
    for (int step = 0; step < 3; step++) {
        int32_t error = (1 << 29) - nn_mul_q31(half, result);
        result += nn_saturating_shift_left(nn_mul_q31(result, error), 2);
    }
    return nn_saturating_shift_left(result, 1);
}

#endif
