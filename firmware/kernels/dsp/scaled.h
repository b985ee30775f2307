/* SPDX-License-Identifier: Apache-2.0
 *
 * TFLM's product with a multiplier and its shift, two roundings, in four instructions. */
#ifndef NN_DSP_SCALED_H
#define NN_DSP_SCALED_H

#include "saturate.h"

/* nn_requantize() of half of a number, by a shift to the right of at least 1; half: of what that divides by. A product
 * that is rounded to 0 from below counts as negative: 0 + half - 1 is shifted to 0 as well. */
static inline int32_t nn_scaled(int32_t doubled, int32_t multiplier, int32_t half, int right) {
    int32_t sum = half + (doubled >> 31);
    __asm__("smmlar %0, %1, %2, %0" : "+r"(sum) : "r"(doubled), "r"(multiplier));
    return sum >> right;
}

#endif
