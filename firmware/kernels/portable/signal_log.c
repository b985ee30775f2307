/* SPDX-License-Identifier: Apache-2.0 */
#include "signal_bits.h"

#define LN_2 45426 /* times 2^16 */

/* log2 of x from 2 on, with 16 bits after the binary point, by straight lines between 128 points. */
static uint32_t log2_of(const uint16_t *fractions, uint32_t x) {
    const int32_t whole = nn_bits(x) - 1;
    const uint32_t beyond = x - (1u << whole);
    const int32_t fraction = (int32_t)(whole < 16 ? beyond << (16 - whole) : beyond >> (whole - 16));
    const int32_t at = fraction >> 9, low = fractions[at], high = fractions[at + 1];
    return (uint32_t)((whole << 16) + fraction + low + (((high - low) * (fraction & 511)) >> 16));
}

void nn_signal_log_portable(const nn_signal_log_t *op, const uint32_t *x, int16_t *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->count; i++) {
        const uint32_t value = x[i] << op->correction;
        uint32_t scaled = 0;
        if (value > 1) {
            const uint32_t natural = (uint32_t)(((uint64_t)log2_of(op->fractions, value) * LN_2 + (1 << 15)) >> 16);
            scaled = (natural * (uint32_t)op->scale + (1u << 15)) >> 16;
        }
        y[i] = (int16_t)(scaled < INT16_MAX ? scaled : INT16_MAX);
    }
}
