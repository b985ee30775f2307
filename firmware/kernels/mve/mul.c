/* SPDX-License-Identifier: Apache-2.0 */
#include "binary.h"

enum { LANES = 8 };

typedef struct {
    int32_t multiplier, shift;
    int16_t offset1, offset2, output_offset;
    int16x8_t low, high;
} product_t;

static inline int16x8_t product_of(const product_t *op, int16x8_t x1, int16x8_t x2) {
    const int16x8_t p = vaddq_n_s16(x1, op->offset1), q = vaddq_n_s16(x2, op->offset2);
    const int32x4_t even = nn_scaled(vmullbq_int_s16(p, q), op->multiplier, op->shift);
    const int32x4_t odd = nn_scaled(vmulltq_int_s16(p, q), op->multiplier, op->shift);
    const int16x8_t both = vqmovntq_s32(vqmovnbq_s32(vuninitializedq_s16(), even), odd);
    return vminq_s16(vmaxq_s16(vqaddq_n_s16(both, op->output_offset), op->low), op->high);
}

/* Whole vectors, then what is left. */
static void mul_row(const nn_mul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y) {
    nn_lanes_t from1, from2;
    nn_lanes(&from1, x1, op->stride1[3]);
    nn_lanes(&from2, x2, op->stride2[3]);
    const product_t product = {
        op->output_multiplier,    op->output_shift,        op->offset1, op->offset2, op->output_offset,
        vdupq_n_s16(op->act_min), vdupq_n_s16(op->act_max)};
    const int8_t *a = from1.x, *b = from2.x;
    const int32_t step1 = LANES * from1.stride, step2 = LANES * from2.stride;
    int32_t left = op->dims[3];
    for (; left >= LANES; left -= LANES, a += step1, b += step2, y += LANES)
        vstrbq_s16(y, product_of(&product, vldrbq_s16(a), vldrbq_s16(b)));
    const mve_pred16_t lanes = vctp16q((uint32_t)left);
    if (left > 0)
        vstrbq_p_s16(y, product_of(&product, vldrbq_z_s16(a, lanes), vldrbq_z_s16(b, lanes)), lanes);
}

void nn_mul_mve(const nn_mul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {
    (void)scratch;
    nn_rows(op, x1, x2, y, mul_row);
}
