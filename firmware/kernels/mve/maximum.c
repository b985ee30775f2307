/* SPDX-License-Identifier: Apache-2.0 */
#include "binary.h"

enum { LANES = 16 };

static void maximum_row(const nn_maximum_t *op, const int8_t *x1, const int8_t *x2, int8_t *y) {
    nn_lanes_t from1, from2;
    nn_lanes(&from1, x1, op->stride1[3]);
    nn_lanes(&from2, x2, op->stride2[3]);
    const int8_t *a = from1.x, *b = from2.x;
    const int32_t step1 = LANES * from1.stride, step2 = LANES * from2.stride;
    int32_t left = op->dims[3];
    for (; left >= LANES; left -= LANES, a += step1, b += step2, y += LANES)
        vst1q_s8(y, vmaxq_s8(vld1q_s8(a), vld1q_s8(b)));
    const mve_pred16_t lanes = vctp8q((uint32_t)left);
    if (left > 0)
        vstrbq_p_s8(y, vmaxq_s8(vldrbq_z_s8(a, lanes), vldrbq_z_s8(b, lanes)), lanes);
}

void nn_maximum_mve(const nn_maximum_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {
    (void)scratch;
    nn_rows(op, x1, x2, y, maximum_row);
}
