/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_ROUND_H
#define NN_ROUND_H

#include <stdint.h>

/* Nearest integer, ties away from zero, without libm. Beyond +-limit any result is saturated, so that is where the
 * conversion, undefined for huge floats in C, is cut off; NaN becomes 0. The subtraction is exact. */
static inline int32_t nn_round(float x, int32_t limit) {
    if (x >= (float)limit)
        return limit;
    if (x <= -(float)limit)
        return -limit;
    if (x != x)
        return 0;
    int32_t whole = (int32_t)x;
    float rest = x - (float)whole;
    return whole + (rest >= 0.5f) - (rest <= -0.5f);
}

#endif
