/* SPDX-License-Identifier: Apache-2.0
 *
 * With the model's own constants and without scratch memory: a word of weights of each of four channels for two words
 * of inputs, of which the first and the third value go together, as do the second and the fourth. */
#include "portable/conv_2d_int16.h"

__attribute__((noinline)) static void add(const int16_t *x, const int8_t *w, int32_t w_channel, int32_t length,
                                          int64_t sums[NN_WIDE_CHANNELS]) {
    while (length > 0) {
        const int32_t count = length < NN_WIDE_RUN ? length : NN_WIDE_RUN;
        const int8_t *other = w + 2 * w_channel;
        int32_t a = 0, b = 0, c = 0, d = 0, p, q, t, v, fours = count / 4;
        if (fours > 0)
            __asm__ volatile(
                "1: ldr %[p], [%[x]], #4\n"
                "ldr %[q], [%[x]], #4\n"
                "ldr %[v], [%[w], %[channel]]\n"
                "pkhtb %[t], %[q], %[p], asr #16\n"
                "pkhbt %[p], %[p], %[q], lsl #16\n"
                "sxtb16 %[q], %[v]\n"
                "sxtb16 %[v], %[v], ror #8\n"
                "smlad %[b], %[q], %[p], %[b]\n"
                "smlad %[b], %[v], %[t], %[b]\n"
                "ldr %[v], [%[w]], #4\n"
                "sxtb16 %[q], %[v]\n"
                "sxtb16 %[v], %[v], ror #8\n"
                "smlad %[a], %[q], %[p], %[a]\n"
                "smlad %[a], %[v], %[t], %[a]\n"
                "ldr %[v], [%[other], %[channel]]\n"
                "sxtb16 %[q], %[v]\n"
                "sxtb16 %[v], %[v], ror #8\n"
                "smlad %[d], %[q], %[p], %[d]\n"
                "smlad %[d], %[v], %[t], %[d]\n"
                "ldr %[v], [%[other]], #4\n"
                "sxtb16 %[q], %[v]\n"
                "sxtb16 %[v], %[v], ror #8\n"
                "smlad %[c], %[q], %[p], %[c]\n"
                "smlad %[c], %[v], %[t], %[c]\n"
                "subs %[fours], #1\n"
                "bne 1b\n"
                : [x] "+r"(x), [w] "+r"(w), [other] "+r"(other), [fours] "+r"(fours), [a] "+r"(a), [b] "+r"(b),
                  [c] "+r"(c), [d] "+r"(d), [p] "=&r"(p), [q] "=&r"(q), [t] "=&r"(t), [v] "=&r"(v)
                : [channel] "r"(w_channel)
                : "cc", "memory");
        for (int32_t i = count % 4; i > 0; i--, w++, other++) {
            const int32_t value = *x++;
            a += value * w[0];
            b += value * w[w_channel];
            c += value * other[0];
            d += value * other[w_channel];
        }
        sums[0] += a;
        sums[1] += b;
        sums[2] += c;
        sums[3] += d;
        length -= count;
    }
}

void nn_conv_2d_int16_dsp(const nn_conv_2d_int16_t *op, const int16_t *x, int16_t *y, void *scratch) {
    (void)scratch;
    nn_conv_2d_int16_by(op, x, y, add);
}
