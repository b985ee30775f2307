/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_PORTABLE_RUNS_H
#define NN_PORTABLE_RUNS_H

#include "copy.h"

#if defined(__ARM_FEATURE_MVE)
#include <arm_mve.h>
#endif

/* Elements of a byte: eight at a time. */
static inline int8_t *nn_bytes(const int8_t *x, int8_t *y, int32_t count, int32_t stride) {
#if defined(__ARM_FEATURE_MVE)
    if (stride >= 0 && stride < 1 << 13) { /* eighth's offset has 16 bits */
        const uint16x8_t places = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)stride);
        for (; count >= 8; count -= 8, x += 8 * stride, y += 8)
            vstrbq_s16(y, vldrbq_gather_offset_s16(x, places));
    }
#else
    for (; count >= 8; count -= 8, y += 8) {
        const int8_t *const half = x + 4 * stride;
        const int8_t a = x[0], b = x[stride], c = x[2 * stride], d = x[3 * stride];
        const int8_t e = half[0], f = half[stride], g = half[2 * stride], h = half[3 * stride];
        x = half + 4 * stride;
        y[0] = a, y[1] = b, y[2] = c, y[3] = d;
        y[4] = e, y[5] = f, y[6] = g, y[7] = h;
    }
#endif
    for (; count > 0; count--, x += stride)
        *y++ = *x;
    return y;
}

/* count elements of run bytes, at strides in x, one after another to y, whose end it gives. Elements of up to a word
 * go one by one, as a call of memcpy costs more than they do. */
static inline int8_t *nn_runs(const int8_t *x, int8_t *y, int32_t count, int32_t stride, int32_t run) {
    if (run == 1)
        y = nn_bytes(x, y, count, stride);
    else if (run == 2)
        for (int32_t i = 0; i < count; i++, x += stride, y += 2)
            memcpy(y, x, 2);
    else if (run == 4)
        for (int32_t i = 0; i < count; i++, x += stride, y += 4)
            memcpy(y, x, 4);
    else
        for (int32_t i = 0; i < count; i++, x += stride, y += run)
            nn_copy_bytes(y, x, run);
    return y;
}

#endif
