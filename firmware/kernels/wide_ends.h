/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions of int16 on Cortex-M with a DSP extension or MVE, whose sums are proven to stay in int32, and what comes
 * after them prepared; gen/compiler/kernels/wide.py makes the constants. */
#ifndef NN_WIDE_ENDS_H
#define NN_WIDE_ENDS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As nn_conv_2d_int16_t, of one group. ends: of each channel the low and the high word of a start, a multiplier, and
 * how far the high word of start + sum * multiplier is shifted to the right. */
typedef struct {
    const int8_t *weights;
    const int32_t *ends;
    int32_t batches, in_h, in_w, in_c, out_h, out_w, out_c, k_h, k_w;
    int32_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int16_t act_min, act_max;
} nn_conv_2d_int16_ends_t;
typedef void nn_conv_2d_int16_ends_fn(const nn_conv_2d_int16_ends_t *op, const int16_t *x, int16_t *y, void *scratch);
nn_conv_2d_int16_ends_fn nn_conv_2d_int16_ends_dsp;
/* DEPTHWISE_CONV_2D with a multiplier of 1, channels in fours; no scratch. */
nn_conv_2d_int16_ends_fn nn_depthwise_conv_2d_int16_dsp;

/* Likewise on MVE. ends: of each four channels their multipliers, starts without the lowest 16 bits, these bits, and
 * the shifts, to the left, of a start + sum * multiplier without them; channels that are not there are 0. */
typedef struct {
    const int8_t *weights;
    const int32_t *ends;
    int32_t batches, in_h, in_w, in_c, out_h, out_w, out_c, k_h, k_w;
    int32_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int16_t act_min, act_max;
} nn_conv_2d_int16_fours_t;
typedef void nn_conv_2d_int16_fours_fn(const nn_conv_2d_int16_fours_t *op, const int16_t *x, int16_t *y, void *scratch);
nn_conv_2d_int16_fours_fn nn_conv_2d_int16_mve;
nn_conv_2d_int16_fours_fn nn_depthwise_conv_2d_int16_mve; /* as the other one */

enum { NN_END_WORDS = 4 };

static inline int16_t nn_wide_end(const int32_t *end, int32_t sum, int32_t act_min, int32_t act_max) {
    const int64_t start = (int64_t)((uint64_t)(uint32_t)end[1] << 32 | (uint32_t)end[0]);
    const int32_t scaled = (int32_t)((start + (int64_t)sum * end[2]) >> 32) >> end[3];
    const int32_t low = scaled < act_min ? act_min : scaled;
    return (int16_t)(low > act_max ? act_max : low);
}

#ifdef __cplusplus
}
#endif
#endif
