/* SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of the sums of int16 times int8 on MVE. */
#ifndef NN_MVE_WIDE_FOURS_H
#define NN_MVE_WIDE_FOURS_H

#include <arm_mve.h>

#include "wide_ends.h"

/* Four channels' outputs of a pixel. A sum times a multiplier of 16 bits is that of its upper half and that of its
 * lower half. */
static inline int32x4_t nn_finished(const int32_t *end, int32x4_t sum, int32x4_t low, int32x4_t high) {
    const int32x4_t multiplier = vldrwq_s32(end);
    const int32x4_t upper = vaddq_s32(vmulq_s32(vshrq_n_s32(sum, 16), multiplier), vldrwq_s32(end + 4));
    const uint32x4_t half = vmovlbq_u16(vreinterpretq_u16_s32(sum));
    const uint32x4_t product = vmulq_u32(half, vreinterpretq_u32_s32(multiplier));
    const uint32x4_t lower = vshrq_n_u32(vaddq_u32(product, vreinterpretq_u32_s32(vldrwq_s32(end + 8))), 16);
    const int32x4_t whole = vaddq_s32(upper, vreinterpretq_s32_u32(lower));
    return vminq_s32(vmaxq_s32(vshlq_s32(whole, vldrwq_s32(end + 12)), low), high);
}

#endif
