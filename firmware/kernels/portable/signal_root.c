/* SPDX-License-Identifier: Apache-2.0 */
#include "signal_bits.h"

/* Digit by digit, rounded; a value of 32 bits has a root of 16. */
static uint32_t root_of_32(uint32_t x) {
    uint32_t root = 0;
    for (uint32_t bit = x == 0 ? 0 : 1u << ((nn_bits(x) - 1) & ~1); bit != 0; bit >>= 2) {
        const uint32_t tried = root + bit;
        root >>= 1;
        if (x >= tried) {
            x -= tried;
            root += bit;
        }
    }
    return root + (x > root && root != UINT16_MAX);
}

static uint32_t root_of_64(uint64_t x) {
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << (32 + ((nn_bits((uint32_t)(x >> 32)) - 1) & ~1)); bit != 0; bit >>= 2) {
        const uint64_t tried = root + bit;
        root >>= 1;
        if (x >= tried) {
            x -= tried;
            root += bit;
        }
    }
    return (uint32_t)(root + (x > root && root != UINT32_MAX));
}

void nn_signal_root_portable(const nn_signal_root_t *op, const uint64_t *x, const int32_t *shift, uint32_t *y,
                             void *scratch) {
    (void)scratch;
    const int32_t by = *shift & 31;
    for (int32_t i = 0; i < op->count; i++)
        y[i] = (x[i] >> 32 == 0 ? root_of_32((uint32_t)x[i]) : root_of_64(x[i])) >> by;
}
