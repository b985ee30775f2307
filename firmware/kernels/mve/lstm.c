/* SPDX-License-Identifier: Apache-2.0
 *
 * Four units at a time: their dot products one unit after the other, then all else in four lanes. */
#include "lstm.h"

#include <arm_mve.h>
#include <string.h>

#include "portable/sigmoid.h"
#include "rows.h"
#include "scaled.h"

enum { GATES = 4, LANES = 4 };

/* What the four gates of so many units have as sums over x, depth values of it. */
__attribute__((noinline)) static void sums_of(const int8_t *x, const int8_t *rows, int32_t depth, const int32_t *start,
                                              int32_t *to, int32_t units) {
    for (; units > 0; units--, rows += GATES * depth, start += GATES, to += GATES)
        nn_dot_four(x, rows, rows + depth, rows + 2 * depth, rows + 3 * depth, depth, start, to);
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
    const int16x8_t a = as_16(nn_scaled(x, op->multiplier[gate], op->shift[gate]));
    const int16x8_t b = as_16(nn_scaled(h, op->multiplier[GATES + gate], op->shift[GATES + gate]));
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
        nn_scaled(vmulq_s32(input, tanh_of(argument(op, 2, of_x, of_h))), op->remember_multiplier, op->remember_shift);
    const int32x4_t forget = logistic(argument(op, 1, of_x, of_h));
    const int32x4_t kept = nn_scaled(vmulq_s32(forget, vldrhq_z_s32(cell, p)), op->forget_multiplier, op->forget_shift);
    const int16x8_t sum = vqaddq_s16(as_16(kept), as_16(added));
    const int16x8_t clipped = vminq_s16(vmaxq_s16(sum, vdupq_n_s16(op->clip_low)), vdupq_n_s16(op->clip_high));
    const int32x4_t made = vmovlbq_s16(clipped);
    vstrhq_p_s32(cell, made, p);
    const int32x4_t shown = tanh_of(vrshlq_n_s32(vmulq_n_s32(made, op->tanh_multiplier), -op->tanh_shift));
    const int32x4_t output = logistic(argument(op, 3, of_x, of_h));
    const int32x4_t result = nn_scaled(vmulq_s32(output, shown), op->output_multiplier, op->output_shift);
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
