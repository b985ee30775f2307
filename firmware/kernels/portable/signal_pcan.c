/* SPDX-License-Identifier: Apache-2.0 */
#include "signal_bits.h"

#define SNR_BITS 12 /* after the binary point of the ratio of signal to noise, and of the output */
#define OUT_BITS 6

/* The table's function of x: a parabola between powers of 2, on 10 bits of what is between them. */
static int16_t gain(const int16_t *gains, uint32_t x) {
    if (x <= 2)
        return gains[x];
    const int32_t bits = nn_bits(x), fraction = (int32_t)((bits < 11 ? x << (11 - bits) : x >> (bits - 11)) & 0x3FF);
    const int16_t *of_power = gains + 4 * bits - 6;
    const int32_t slope = ((of_power[2] * fraction) >> 5) + of_power[1] * 32;
    const int32_t rounded = (int32_t)((uint32_t)slope * (uint32_t)fraction + (1u << 14)) >> 15;
    return (int16_t)(rounded + of_power[0]);
}

/* x^2 / 4 below 2, x - 1 from there on. */
static uint32_t shrunk(uint32_t x) {
    if (x < 2u << SNR_BITS)
        return (x * x) >> (2 + 2 * SNR_BITS - OUT_BITS);
    return (x >> (SNR_BITS - OUT_BITS)) - (1u << OUT_BITS);
}

void nn_signal_pcan_portable(const nn_signal_pcan_t *op, const uint32_t *x, const uint32_t *noise, uint32_t *y,
                             void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->count; i++)
        y[i] = shrunk((uint32_t)(((uint64_t)x[i] * (uint32_t)gain(op->gains, noise[i])) >> op->shift));
}
