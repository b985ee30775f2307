/* SPDX-License-Identifier: Apache-2.0
 *
 * What ADD_N and CUMSUM share. */
#ifndef NN_ACCUMULATE_H
#define NN_ACCUMULATE_H

#include "nn.h"
#include "nn_math.h"

#define NN_FRACTION 19 /* bits of a step behind the point */

/* A sum of steps brought to the output's scale. */
static inline int8_t nn_sum_scaled(int32_t steps, int32_t multiplier, int shift, int32_t output_offset) {
    int32_t scaled = nn_requantize(nn_shift_left(steps, NN_FRACTION), multiplier, shift);
    return (int8_t)nn_clamp(nn_add_wrapping(scaled, output_offset), -128, 127);
}

#endif
