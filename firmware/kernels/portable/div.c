/* SPDX-License-Identifier: Apache-2.0
 *
 * DIV: x1 * (1 / x2) by gemmlowp's reciprocal, with all bits that fit. What C leaves undefined, a divisor of 0 and
 * shifts by more than 31 bits, is what TFLM's x86 build makes of it. */
#include "binary.h"

#define OF_ZERO (-1515870788) /* the reciprocal of 0 */

/* Leading zeros of 0 <= x < 2^9. */
static int leading_zeros(uint32_t x) {
    int zeros = 32;
    for (; x; x >>= 1)
        zeros--;
    return zeros;
}

static int32_t quotient(const nn_binary_t *op, int32_t a, int32_t b) {
    if (b < 0) {
        a = -a;
        b = -b;
    }
    const int zeros = leading_zeros((uint32_t)b);
    int32_t inverse = OF_ZERO;
    if (b != 0)
        inverse = nn_one_over_one_plus_x((int32_t)(((uint32_t)b << zeros) - 0x80000000u));
    const int room = leading_zeros((uint32_t)(a < 0 ? ~a : a)) - 1;
    int32_t product = nn_mul_q31(nn_mul_q31(nn_shift_left(a, room), inverse), op->output_multiplier);
    const int shift = room + 31 - zeros - op->output_shift;
    if (shift <= 31)
        return nn_rounding_shift(product, shift < 0 ? 0 : shift);
    return nn_add_wrapping(product >> (shift > 63 ? 31 : shift - 32), product >= 0);
}

static void div_row(const nn_binary_t *op, const int8_t *x1, const int8_t *x2, int8_t *y) {
    const int32_t count = op->dims[3], stride1 = op->stride1[3], stride2 = op->stride2[3];
    for (int32_t i = 0; i < count; i++) {
        int32_t result = nn_add_wrapping(quotient(op, *x1 + op->offset1, *x2 + op->offset2), op->output_offset);
        *y++ = (int8_t)nn_clamp(result, op->act_min, op->act_max);
        x1 += stride1;
        x2 += stride2;
    }
}

void nn_div_portable(const nn_binary_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {
    (void)scratch;
    nn_rows(op, x1, x2, y, div_row);
}
