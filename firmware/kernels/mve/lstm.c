/* SPDX-License-Identifier: Apache-2.0
 *
 * Four units at a time: their dot products one unit after the other, then all else in four lanes. */
#include "lstm.h"

#include <arm_mve.h>
#include <string.h>

#include "portable/sigmoid.h"

enum { GATES = 4, LANES = 4 };

/* What the four gates of so many units have as sums over x, depth values of it. */
__attribute__((noinline)) static void sums_of(const int8_t *x, const int8_t *rows, int32_t depth, const int32_t *start,
                                              int32_t *to, int32_t units) {
    for (; units > 0; units--) {
        const int8_t *from = x, *a = rows, *b = a + depth, *c = b + depth, *d = c + depth;
        int32_t s0 = *start++, s1 = *start++, s2 = *start++, s3 = *start++;
        rows = d + depth;
        __asm__ volatile("dlstp.8 lr, %[depth]\n"
                         "1: vldrb.8 q0, [%[x]], #16\n"
                         "vldrb.8 q1, [%[a]], #16\n"
                         "vmladava.s8 %[s0], q0, q1\n"
                         "vldrb.8 q1, [%[b]], #16\n"
                         "vmladava.s8 %[s1], q0, q1\n"
                         "vldrb.8 q1, [%[c]], #16\n"
                         "vmladava.s8 %[s2], q0, q1\n"
                         "vldrb.8 q1, [%[d]], #16\n"
                         "vmladava.s8 %[s3], q0, q1\n"
                         "letp lr, 1b\n"
                         : [x] "+r"(from), [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [s0] "+Te"(s0),
                           [s1] "+Te"(s1), [s2] "+Te"(s2), [s3] "+Te"(s3)
                         : [depth] "r"(depth)
                         : "lr", "q0", "q1", "memory");
        *to++ = s0;
        *to++ = s1;
        *to++ = s2;
        *to++ = s3;
    }
}

/* TFLM's product with a multiplier, shifted by a negative shift: ties away from zero. */
static inline int32x4_t scaled(int32x4_t x, int32_t multiplier, int32_t shift) {
    const int32x4_t product = vqrdmulhq_n_s32(x, multiplier);
    return vrshlq_n_s32(vqaddq_s32(product, vshrq_n_s32(product, 31)), shift);
}

/* Saturated, in the lower halves. */
static inline int16x8_t as_16(int32x4_t x) {
    return vqmovnbq_s32(vreinterpretq_s16_s32(x), x);
}

/* The argument of a gate's function, in steps of 2^-12 / 3; of each sum those of four units lie GATES apart. */
static inline int32x4_t argument(const nn_lstm_mve_t *op, int gate, const int32_t *of_x, const int32_t *of_h) {
    const uint32x4_t units = vidupq_n_u32(0, GATES);
    const int32x4_t x = vldrwq_gather_shifted_offset_s32(of_x + gate, units);
    const int32x4_t h = vldrwq_gather_shifted_offset_s32(of_h + gate, units);
    const int16x8_t a = as_16(scaled(x, op->multiplier[gate], op->shift[gate]));
    const int16x8_t b = as_16(scaled(h, op->multiplier[GATES + gate], op->shift[GATES + gate]));
    return vmulq_n_s32(vmovlbq_s16(vqaddq_s16(a, b)), 3);
}

/* As nn_logistic_q15(), far from the table's end. */
__attribute__((noinline)) static int32x4_t logistic(int32x4_t x) {
    const uint32x4_t far = vreinterpretq_u32_s32(vabsq_s32(x)), number = vshrq_n_u32(far, 9);
    const uint32x4_t low = vldrhq_gather_shifted_offset_u32(nn_sigmoid_table, number);
    const uint32x4_t high = vldrhq_gather_shifted_offset_u32(nn_sigmoid_table + 1, number);
    const uint32x4_t rest = vmulq_u32(vandq_u32(far, vdupq_n_u32(511)), vsubq_u32(high, low));
    const int32x4_t y = vreinterpretq_s32_u32(vrshrq_n_u32(vaddq_u32(vshlq_n_u32(low, 9), rest), 10));
    return vsubq_m_s32(y, vdupq_n_s32(32768), y, vcmpltq_n_s32(x, 0));
}

/* As nn_tanh_q15(): the table's end is 256 steps behind its last point but one. */
__attribute__((noinline)) static int32x4_t tanh_of(int32x4_t x) {
    const uint32x4_t far = vminq_u32(vreinterpretq_u32_s32(vabsq_s32(x)), vdupq_n_u32(255 << 8));
    const uint32x4_t number = vminq_u32(vshrq_n_u32(far, 8), vdupq_n_u32(254));
    const uint32x4_t low = vldrhq_gather_shifted_offset_u32(nn_sigmoid_table, number);
    const uint32x4_t high = vldrhq_gather_shifted_offset_u32(nn_sigmoid_table + 1, number);
    const uint32x4_t rest = vmulq_u32(vsubq_u32(far, vshlq_n_u32(number, 8)), vsubq_u32(high, low));
    const uint32x4_t sum = vaddq_u32(vshlq_n_u32(low, 8), rest);
    const int32x4_t y = vsubq_n_s32(vreinterpretq_s32_u32(vrshrq_n_u32(sum, 8)), 32768);
    return vnegq_m_s32(y, y, vcmpltq_n_s32(x, 0));
}

/* Four units or as many as p has: changes their cell states, gives their new hidden ones. */
static inline void units(const nn_lstm_mve_t *op, const int32_t *of_x, const int32_t *of_h, int16_t *cell, int8_t *y,
                         mve_pred16_t p) {
    const int32x4_t input = logistic(argument(op, 0, of_x, of_h));
    const int32x4_t added =
        scaled(vmulq_s32(input, tanh_of(argument(op, 2, of_x, of_h))), op->remember_multiplier, op->remember_shift);
    const int32x4_t forget = logistic(argument(op, 1, of_x, of_h));
    const int32x4_t kept = scaled(vmulq_s32(forget, vldrhq_z_s32(cell, p)), op->forget_multiplier, op->forget_shift);
    const int16x8_t sum = vqaddq_s16(as_16(kept), as_16(added));
    const int16x8_t clipped = vminq_s16(vmaxq_s16(sum, vdupq_n_s16(op->clip_low)), vdupq_n_s16(op->clip_high));
    const int32x4_t made = vmovlbq_s16(clipped);
    vstrhq_p_s32(cell, made, p);
    const int32x4_t shown = tanh_of(vrshlq_n_s32(vmulq_n_s32(made, op->tanh_multiplier), -op->tanh_shift));
    const int32x4_t output = logistic(argument(op, 3, of_x, of_h));
    const int32x4_t result = scaled(vmulq_s32(output, shown), op->output_multiplier, op->output_shift);
    const int16x8_t wide = as_16(vsubq_n_s32(result, op->hidden_offset));
    vstrbq_p_s32(y, vreinterpretq_s32_s8(vqmovnbq_s16(vreinterpretq_s8_s16(wide), wide)), p);
}

void nn_lstm_mve(const nn_lstm_mve_t *op, const int8_t *x, int8_t *y, int8_t *hidden, int16_t *cell, void *scratch) {
    int32_t of_x[LANES * GATES] = {0}, of_h[LANES * GATES] = {0};
    (void)scratch;
    for (int32_t batch = 0; batch < op->batches; batch++, hidden += op->units, cell += op->units)
        for (int32_t step = 0; step < op->steps; step++) {
            const int32_t row = op->time_major ? step * op->batches + batch : batch * op->steps + step;
            const int8_t *const now = x + row * op->in_n;
            int8_t *made = y + row * op->units;
            for (int32_t i = 0; i < op->units; i += LANES) {
                const int32_t left = op->units - i, count = left < LANES ? left : LANES;
                sums_of(now, op->x_weights + GATES * i * op->in_n, op->in_n, op->x_sums + GATES * i, of_x, count);
                sums_of(hidden, op->h_weights + GATES * i * op->units, op->units, op->h_sums + GATES * i, of_h, count);
                units(op, of_x, of_h, cell + i, made + i, vctp32q((uint32_t)left));
            }
            memcpy(hidden, made, (size_t)op->units);
        }
}
