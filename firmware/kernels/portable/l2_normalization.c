/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

#define OUTPUT_SHIFT 7 /* the output is in 128ths */

/* TFLite's GetInvSqrtQuantizedMultiplierExp: 1 / sqrt(x) ~ multiplier * 2^(shift - 31), by five Newton steps. */
static int32_t inverse_square_root(int32_t x, int *shift) {
    int right = 11;
    *shift = 0;
    if (x <= 1)
        return INT32_MAX;
    for (; x >= 1 << 29; right++)
        x /= 4;
    for (; x < 1 << 27; right--)
        x *= 4;
    const int32_t half = nn_rounding_shift(x >> 1, 1);
    int32_t root = 1 << 28;
    for (int step = 0; step < 5; step++) {
        int32_t cube = nn_saturating_shift_left(nn_mul_q31(nn_mul_q31(root, root), root), 6);
        root = nn_saturating_shift_left(nn_mul_q31(root, 3 << 27) - nn_mul_q31(half, cube), 3);
    }
    root = nn_mul_q31(root, 1518500250);
    if (right < 0)
        return nn_shift_left(root, -right);
    *shift = -right;
    return root;
}

static void normalize(const int8_t *x, int8_t *y, int32_t depth, int32_t offset) {
    int32_t sum = 0;
    for (int32_t i = 0; i < depth; i++)
        sum += (x[i] + offset) * (x[i] + offset);
    int shift;
    const int32_t multiplier = inverse_square_root(sum, &shift);
    for (int32_t i = 0; i < depth; i++)
        y[i] = (int8_t)nn_clamp(nn_requantize(x[i] + offset, multiplier, shift + OUTPUT_SHIFT), -128, 127);
}

void nn_l2_normalization_portable(const nn_l2_normalization_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->rows; i++, x += op->depth, y += op->depth)
        normalize(x, y, op->depth, op->input_offset);
}
