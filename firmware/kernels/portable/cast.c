/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversions from and to float32 on its bits, in integers: IEEE 754 binary32, rounded to nearest, ties to even. */
#include "typed.h"

#define FRACTION_BITS 23
#define BIAS 127

static int32_t bits_of(uint32_t magnitude, uint32_t sign) {
    if (magnitude == 0)
        return 0;
    int exponent = 31;
    for (; !(magnitude & 0x80000000u); exponent--)
        magnitude <<= 1;
    /* 24 bits stay; a carry out of the fraction counts the exponent up, as it should. */
    uint32_t rest = magnitude & 0xFF, kept = magnitude >> 8;
    uint32_t bits = ((uint32_t)(BIAS + exponent - 1) << FRACTION_BITS) + kept;
    bits += rest > 0x80 || (rest == 0x80 && (kept & 1));
    return (int32_t)(bits | sign);
}

static int32_t to_float(uint8_t from, int32_t value) {
    if (from != NN_UINT32 && value < 0)
        return bits_of(0 - (uint32_t)value, 0x80000000u);
    return bits_of((uint32_t)value, 0);
}

/* Towards zero, saturating; of NaN 0. */
static int32_t from_float(uint8_t to, uint32_t bits) {
    const uint32_t magnitude = bits & 0x7FFFFFFFu, fraction = (magnitude & 0x7FFFFF) | 0x800000;
    const int exponent = (int)(magnitude >> FRACTION_BITS) - BIAS, negative = bits >> 31;
    const uint32_t highest = to == NN_INT8    ? INT8_MAX
                             : to == NN_INT16 ? INT16_MAX
                             : to == NN_INT32 ? INT32_MAX
                                              : UINT32_MAX;
    const uint32_t most = !negative ? highest : to == NN_UINT32 ? 0 : highest + 1;
    if (magnitude > 0x7F800000u || exponent < 0)
        return 0;
    uint32_t whole = UINT32_MAX;
    if (exponent < 32)
        whole =
            exponent < FRACTION_BITS ? fraction >> (FRACTION_BITS - exponent) : fraction << (exponent - FRACTION_BITS);
    whole = whole < most ? whole : most;
    return (int32_t)(negative ? 0 - whole : whole);
}

void nn_cast_portable(const nn_cast_t *op, const void *x, void *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->count; i++) {
        int32_t value = nn_element(op->x_type, x, i);
        if (op->x_type == NN_FLOAT32 && op->y_type == NN_BOOL)
            value &= 0x7FFFFFFF; /* -0 is false, too */
        else if (op->x_type == NN_FLOAT32 && op->y_type != NN_FLOAT32)
            value = from_float(op->y_type, (uint32_t)value);
        else if (op->y_type == NN_FLOAT32 && op->x_type != NN_FLOAT32)
            value = to_float(op->x_type, value);
        nn_set_element(op->y_type, y, i, value);
    }
}
