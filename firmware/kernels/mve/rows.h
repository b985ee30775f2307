/* SPDX-License-Identifier: Apache-2.0
 *
 * Dot products of one vector with four rows at once, and of two vectors. Sums wrap. */
#ifndef NN_MVE_ROWS_H
#define NN_MVE_ROWS_H

#include <arm_mve.h>
#include <stdint.h>

__attribute__((noinline, unused)) static void dot_rows(const int8_t *x, const int8_t *const row[4], int32_t count,
                                                       int32_t sum[4]) {
    const int8_t *a = row[0], *b = row[1], *c = row[2], *d = row[3];
    int32_t s0 = sum[0], s1 = sum[1], s2 = sum[2], s3 = sum[3];
    for (; count > 0; count -= 16, x += 16, a += 16, b += 16, c += 16, d += 16) {
        const mve_pred16_t p = vctp8q((uint32_t)count);
        const int8x16_t values = vldrbq_z_s8(x, p); /* what is not loaded is 0 */
        s0 = vmladavaq_s8(s0, values, vldrbq_z_s8(a, p));
        s1 = vmladavaq_s8(s1, values, vldrbq_z_s8(b, p));
        s2 = vmladavaq_s8(s2, values, vldrbq_z_s8(c, p));
        s3 = vmladavaq_s8(s3, values, vldrbq_z_s8(d, p));
    }
    sum[0] = s0;
    sum[1] = s1;
    sum[2] = s2;
    sum[3] = s3;
}

static inline int32_t nn_dot_int8(const int8_t *x, const int8_t *w, int32_t count) {
    int32_t sum = 0;
    for (; count > 0; count -= 16, x += 16, w += 16) {
        const mve_pred16_t p = vctp8q((uint32_t)count);
        sum = vmladavaq_s8(sum, vldrbq_z_s8(x, p), vldrbq_z_s8(w, p));
    }
    return sum;
}

static inline int32_t nn_dot_int16(const int16_t *x, const int16_t *w, int32_t count) {
    int32_t sum = 0;
    for (; count > 0; count -= 8, x += 8, w += 8) {
        const mve_pred16_t p = vctp16q((uint32_t)count);
        sum = vmladavaq_s16(sum, vldrhq_z_s16(x, p), vldrhq_z_s16(w, p));
    }
    return sum;
}

#endif
