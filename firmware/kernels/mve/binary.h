/* SPDX-License-Identifier: Apache-2.0
 *
 * Binary element-wise operators of any operands on Cortex-M55: what they share. */
#ifndef NN_MVE_BINARY_H
#define NN_MVE_BINARY_H

#include <arm_mve.h>
#include <string.h>

#include "elementwise.h"
#include "portable/binary.h"
#include "scaled.h"

enum { NN_LEFT_SHIFT = 20 }; /* of the operands of a sum */

/* Where an operand's vectors are, and how far the next is: one value that all have is in every place of same. */
typedef struct {
    const int8_t *x;
    int32_t stride;
    int8_t same[16];
} nn_lanes_t;

static inline void nn_lanes(nn_lanes_t *lanes, const int8_t *x, int32_t stride) {
    lanes->x = x;
    lanes->stride = stride;
    if (stride == 0) {
        memset(lanes->same, *x, sizeof lanes->same);
        lanes->x = lanes->same;
    }
}

/* One operand of a sum: (x + offset) << NN_LEFT_SHIFT, and how that is scaled. An operand that is only halved
 * (multiplier 2^30, shift 0) is doubled and shifted to the right by one. */
typedef struct {
    int32x4_t one;
    int32_t offset, multiplier, shift;
} nn_operand_mve_t;

static inline nn_operand_mve_t nn_operand_mve(int32_t offset, int32_t multiplier, int shift) {
    const int32_t one = 1 << (NN_LEFT_SHIFT + (shift == 0));
    return (nn_operand_mve_t){vdupq_n_s32(one), offset * one, multiplier, shift < 0 ? shift : -1};
}

static inline int32x4_t nn_of_operand(const nn_operand_mve_t *o, int32x4_t x) {
    return nn_scaled(vmlasq_n_s32(x, o->one, o->offset), o->multiplier, o->shift);
}

typedef struct {
    nn_operand_mve_t one, two;
    int32_t minus, multiplier, shift, output_offset;
    int32x4_t low, high;
} nn_sum_mve_t;

static inline int32x4_t nn_sum_of(const nn_sum_mve_t *op, int32x4_t x1, int32x4_t x2) {
    const int32x4_t p = nn_of_operand(&op->one, x1), q = nn_of_operand(&op->two, x2);
    const int32x4_t scaled = nn_scaled(op->minus ? vsubq_s32(p, q) : vaddq_s32(p, q), op->multiplier, op->shift);
    return vminq_s32(vmaxq_s32(vaddq_n_s32(scaled, op->output_offset), op->low), op->high);
}

/* The sum, or with minus the difference, of one row: whole vectors, then what is left. */
static inline void nn_sum_row(const nn_binary_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, int minus) {
    const nn_sum_mve_t sum = {nn_operand_mve(op->offset1, op->multiplier1, op->shift1),
                              nn_operand_mve(op->offset2, op->multiplier2, op->shift2),
                              minus,
                              op->output_multiplier,
                              op->output_shift,
                              op->output_offset,
                              vdupq_n_s32(op->act_min),
                              vdupq_n_s32(op->act_max)};
    nn_lanes_t from1, from2;
    nn_lanes(&from1, x1, op->stride1[3]);
    nn_lanes(&from2, x2, op->stride2[3]);
    const int8_t *a = from1.x, *b = from2.x;
    const int32_t step1 = 4 * from1.stride, step2 = 4 * from2.stride;
    int32_t left = op->dims[3];
    for (; left >= 4; left -= 4, a += step1, b += step2, y += 4)
        vstrbq_s32(y, nn_sum_of(&sum, vldrbq_s32(a), vldrbq_s32(b)));
    const mve_pred16_t lanes = vctp32q((uint32_t)left);
    if (left > 0)
        vstrbq_p_s32(y, nn_sum_of(&sum, vldrbq_z_s32(a, lanes), vldrbq_z_s32(b, lanes)), lanes);
}

#endif
