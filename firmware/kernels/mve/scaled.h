/* SPDX-License-Identifier: Apache-2.0
 *
 * TFLM's product with a multiplier and its shift, two roundings, of four numbers. */
#ifndef NN_MVE_SCALED_H
#define NN_MVE_SCALED_H

#include <arm_mve.h>

/* nn_requantize() by a shift to the right of at least 1, which is below 0. */
static inline int32x4_t nn_scaled(int32x4_t x, int32_t multiplier, int32_t shift) {
    const int32x4_t product = vqrdmulhq_n_s32(x, multiplier);
    return vrshlq_n_s32(vqaddq_s32(product, vshrq_n_s32(product, 31)), shift); /* ties away from zero */
}

#endif
