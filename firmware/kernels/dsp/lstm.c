/* SPDX-License-Identifier: Apache-2.0 */
#include "lstm.h"

#include <string.h>

#include "expand.h"
#include "nn_math.h"
#include "portable/sigmoid.h"
#include "rows.h"
#include "scaled.h"

enum { GATES = 4, OF_SCALE = 3 };

static inline int32_t scaled(int32_t doubled, const int32_t *scale) {
    return nn_scaled(doubled, scale[0], scale[1], scale[2]);
}

/* What the four gates of a unit do with x, of so many times four values. The end of that in the stream. */
__attribute__((noinline)) static const int32_t *gates_of(const int32_t *stream, const int16_t *x, int32_t fours,
                                                         const int32_t *scale, int32_t to[GATES]) {
    int32_t t0 = stream[0], s0 = stream[1], t1 = stream[2], s1 = stream[3], x0, x1, w0, w1, low;
    stream += 4;
    __asm__ volatile("1: ldrd %[x0], %[x1], [%[x]], #8\n"
                     "ldrd %[w0], %[w1], [%[w]], #8\n"
                     "sxtb16 %[low], %[w0]\n"
                     "smlad %[s0], %[w0], %[x0], %[s0]\n"
                     "smlad %[t0], %[low], %[x0], %[t0]\n"
                     "sxtb16 %[low], %[w1]\n"
                     "smlad %[s0], %[w1], %[x1], %[s0]\n"
                     "smlad %[t0], %[low], %[x1], %[t0]\n"
                     "ldrd %[w0], %[w1], [%[w]], #8\n"
                     "sxtb16 %[low], %[w0]\n"
                     "smlad %[s1], %[w0], %[x0], %[s1]\n"
                     "smlad %[t1], %[low], %[x0], %[t1]\n"
                     "sxtb16 %[low], %[w1]\n"
                     "smlad %[s1], %[w1], %[x1], %[s1]\n"
                     "smlad %[t1], %[low], %[x1], %[t1]\n"
                     "subs %[fours], #1\n"
                     "bne 1b\n"
                     : [x] "+r"(x), [w] "+r"(stream), [fours] "+r"(fours), [t0] "+r"(t0), [s0] "+r"(s0), [t1] "+r"(t1),
                       [s1] "+r"(s1), [x0] "=&r"(x0), [x1] "=&r"(x1), [w0] "=&r"(w0), [w1] "=&r"(w1), [low] "=&r"(low)
                     :
                     : "cc", "memory");
    to[0] = nn_clamp_16(scaled(2 * t0, scale));
    to[1] = nn_clamp_16(scaled(nn_subtract_wrapping(s0, t0) >> 7, scale + OF_SCALE));
    to[2] = nn_clamp_16(scaled(2 * t1, scale + 2 * OF_SCALE));
    to[3] = nn_clamp_16(scaled(nn_subtract_wrapping(s1, t1) >> 7, scale + 3 * OF_SCALE));
    return stream;
}

/* The table at far / 2^bits, as nn_sigmoid_between() before the table's end. */
static inline int32_t between(int32_t far, int bits) {
    const uint32_t both = nn_word(nn_sigmoid_table + (far >> bits));
    const int32_t low = (int32_t)(both & 0xFFFF);
    return (low << bits) + (far & ((1 << bits) - 1)) * ((int32_t)(both >> 16) - low);
}

/* nn_logistic_q15() of 3 * x, an int16: far from the table's end. */
static inline int32_t logistic(int32_t x) {
    const int32_t sign = x >> 31, far = ((3 * x) ^ sign) - sign;
    const int32_t y = (between(far, 9) + 512) >> 10;
    return x < 0 ? 32768 - y : y;
}

static inline int32_t tanh_of(int32_t x) {
    const int32_t far = x < 0 ? -x : x;
    int32_t y = 32767;
    if (far < 255 << 8)
        y = (between(far, 8) + 128 - (1 << 23)) >> 8;
    return x < 0 ? -y : y;
}

/* One unit at one step, of its gates' arguments: changes its cell state, gives its new hidden state. Both
 * products with the cell's values are divided by powers of two: TFLM's two roundings are then one sum and one shift,
 * with the sign of the second factor, which is the product's unless that is 0. */
static inline int32_t unit(const nn_lstm_dsp_t *op, const int32_t of_x[GATES], const int32_t of_h[GATES],
                           int16_t *cell) {
    const int32_t input = logistic(nn_clamp_16(of_x[0] + of_h[0])), forget = logistic(nn_clamp_16(of_x[1] + of_h[1]));
    const int32_t candidate = tanh_of(3 * nn_clamp_16(of_x[2] + of_h[2])), old = *cell;
    const int32_t kept = (forget * old + ((old >> 31) * 2 + (1 << 14) + 1)) >> 15;
    const int32_t added =
        (input * candidate + ((candidate >> 31) * 2 + (1 << op->remember_right) + 1)) >> (op->remember_right + 1);
    const int32_t made = nn_clamp(kept + added, op->clip_low, op->clip_high);
    *cell = (int16_t)made;
    const int32_t half = (1 << op->tanh_shift) >> 1;
    const int32_t shown = tanh_of((made * op->tanh_multiplier + half) >> op->tanh_shift);
    const int32_t output = logistic(nn_clamp_16(of_x[3] + of_h[3]));
    return nn_clamp_8(scaled(2 * output * shown, op->output_scale) - op->hidden_offset);
}

void nn_lstm_dsp(const nn_lstm_dsp_t *op, const int8_t *x, int8_t *y, int8_t *hidden, int16_t *cell, void *scratch) {
    const int32_t x_fours = (op->in_n + 3) / 4, h_fours = (op->units + 3) / 4;
    int16_t *const of_x = scratch, *const of_h = of_x + 4 * x_fours;
    for (int32_t batch = 0; batch < op->batches; batch++, hidden += op->units, cell += op->units)
        for (int32_t step = 0; step < op->steps; step++) {
            const int32_t row = op->time_major ? step * op->batches + batch : batch * op->steps + step;
            const int32_t *stream = op->stream;
            int8_t *made = y + row * op->units;
            nn_expand(x + row * op->in_n, op->in_n, of_x);
            nn_expand(hidden, op->units, of_h);
            for (int32_t i = 0; i < op->units; i++) {
                int32_t a[GATES], b[GATES];
                stream = gates_of(stream, of_x, x_fours, op->scale, a);
                stream = gates_of(stream, of_h, h_fours, op->scale + GATES * OF_SCALE, b);
                made[i] = (int8_t)unit(op, a, b, cell + i);
            }
            memcpy(hidden, made, (size_t)op->units);
        }
}
