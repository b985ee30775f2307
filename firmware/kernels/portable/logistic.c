/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

#define INPUT_BITS 4 /* the scaled input is in Q4.27 */

static int32_t logistic(int32_t x) {
    if (x == 0)
        return 1 << 30;
    int32_t positive = nn_one_over_one_plus_x(nn_exp_negative(x < 0 ? x : -x, INPUT_BITS));
    return x > 0 ? positive : INT32_MAX - positive;
}

void nn_logistic_portable(const nn_logistic_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->count; i++) {
        int32_t value = x[i] + op->input_offset;
        if (value <= -op->range_radius)
            y[i] = -128;
        else if (value >= op->range_radius)
            y[i] = 127;
        else {
            int32_t real = logistic(nn_requantize(value, op->multiplier, op->shift));
            y[i] = (int8_t)nn_clamp(nn_rounding_shift(real, 31 - 8) - 128, -128, 127);
        }
    }
}
