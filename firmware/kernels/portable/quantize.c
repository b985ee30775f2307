/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

/* Nearest integer, ties away from zero, without libm. Beyond +-1024 any int8 result is saturated, so that is where
 * the conversion, undefined for huge floats in C, is cut off; NaN becomes 0. The subtraction is exact. */
static int32_t round_to_nearest(float x) {
    if (x >= 1024.0f)
        return 1024;
    if (x <= -1024.0f)
        return -1024;
    if (x != x)
        return 0;
    int32_t whole = (int32_t)x;
    float rest = x - (float)whole;
    return whole + (rest >= 0.5f) - (rest <= -0.5f);
}

void nn_quantize_portable(const nn_quantize_t *op, const float *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->count; i++)
        y[i] = (int8_t)nn_clamp(round_to_nearest(x[i] / op->scale) + op->output_offset, -128, 127);
}
