/* SPDX-License-Identifier: Apache-2.0
 *
 * MAXIMUM and MINIMUM, sixteen bytes at a time: NN_SELECT(a, b) is the one or the other of each byte. */
#include "binary.h"

enum { LANES = 16 };

static void row(const nn_binary_t *op, const int8_t *x1, const int8_t *x2, int8_t *y) {
    nn_lanes_t from1, from2;
    nn_lanes(&from1, x1, op->stride1[3]);
    nn_lanes(&from2, x2, op->stride2[3]);
    const int8_t *a = from1.x, *b = from2.x;
    const int32_t step1 = LANES * from1.stride, step2 = LANES * from2.stride;
    int32_t left = op->dims[3];
    for (; left >= LANES; left -= LANES, a += step1, b += step2, y += LANES)
        vst1q_s8(y, NN_SELECT(vld1q_s8(a), vld1q_s8(b)));
    const mve_pred16_t lanes = vctp8q((uint32_t)left);
    if (left > 0)
        vstrbq_p_s8(y, NN_SELECT(vldrbq_z_s8(a, lanes), vldrbq_z_s8(b, lanes)), lanes);
}
