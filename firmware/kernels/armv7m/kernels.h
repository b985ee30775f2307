/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels for Cortex-M3: Thumb-2 without the DSP extension. gen/compiler/kernels/armv7m.py repacks their constants and
 * proves the ranges that they rely on. */
#ifndef NN_ARMV7M_KERNELS_H
#define NN_ARMV7M_KERNELS_H

#include "nn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A convolution without groups. stream: for each output channel what the assembly wants, see gemm_lanes.S. pad_value:
 * the input's zero point. rounding: 2 * zero point of the output + 1. signed_outputs: act_min is not that zero
 * point. */
typedef struct {
    const int32_t *stream;
    int16_t pad_value, act_min, act_max, rounding;
    uint16_t batches, in_h, in_w, in_c, out_h, out_w, out_c, k_h, k_w;
    uint16_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left, signed_outputs;
} nn_conv_2d_lanes_armv7m_t;
typedef void nn_conv_2d_lanes_armv7m_fn(const nn_conv_2d_lanes_armv7m_t *op, const int8_t *x, int8_t *y, void *scratch);
nn_conv_2d_lanes_armv7m_fn nn_conv_2d_lanes_armv7m;
/* The same for 1x1 with at most as many outputs as inputs; y may be x. */
typedef nn_conv_2d_lanes_armv7m_t nn_conv_2d_in_place_armv7m_t;
typedef nn_conv_2d_lanes_armv7m_fn nn_conv_2d_in_place_armv7m_fn;
nn_conv_2d_in_place_armv7m_fn nn_conv_2d_in_place_armv7m;

/* weights: for every eight outputs in_n x 8, zeros after the last one. input_offset is in the bias. */
nn_fully_connected_fn nn_fully_connected_columns_armv7m;

/* With a multiplier of 1, the same stride both ways, and at most as many outputs as inputs; y may be x. One channel at
 * a time: all of its inputs are in scratch before outputs take their places. weights: out_c x k_h x k_w. channels: bias
 * with the input's offset in it, times 256, plus d + 2, as in gemm_lanes.S; multiplier. */
typedef struct {
    const int8_t *weights;
    const int32_t *channels;
    int16_t pad_value, act_min, act_max, rounding;
    uint16_t batches, in_h, in_w, in_c, out_h, out_w, k_h, k_w, stride, pad_top, pad_left, signed_outputs;
} nn_depthwise_conv_2d_plane_armv7m_t;
typedef void nn_depthwise_conv_2d_plane_armv7m_fn(const nn_depthwise_conv_2d_plane_armv7m_t *op, const int8_t *x,
                                                  int8_t *y, void *scratch);
nn_depthwise_conv_2d_plane_armv7m_fn nn_depthwise_conv_2d_plane_armv7m;

/* As nn_add_linear_dsp_t. y may be x1 or x2. */
typedef struct {
    int32_t multiplier1, multiplier2, sum, count;
} nn_add_linear_armv7m_t;
typedef void nn_add_linear_armv7m_fn(const nn_add_linear_armv7m_t *op, const int8_t *x1, const int8_t *x2, int8_t *y,
                                     void *scratch);
nn_add_linear_armv7m_fn nn_add_linear_armv7m;

#ifdef __cplusplus
}
#endif
#endif
