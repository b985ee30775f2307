/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels for RISC-V with multiplication (rv32im, rv32imc). gen/compiler/kernels/riscv.py repacks their constants and
 * proves the ranges that they rely on. */
#ifndef NN_RISCV_KERNELS_H
#define NN_RISCV_KERNELS_H

#include "nn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of the model's own constants. */
nn_conv_2d_fn nn_conv_2d_riscv;
nn_fully_connected_fn nn_fully_connected_riscv;
/* With a multiplier of 1, channels in fours, a bias, shifts to the right for each channel, and sums below 2^29. */
nn_depthwise_conv_2d_fn nn_depthwise_conv_2d_riscv;

/* weights: for every eight outputs in_n x 8, zeros after the last one. input_offset is in the bias. */
nn_fully_connected_fn nn_fully_connected_columns_riscv;

/* weights: for every twelve outputs in_n x 8 words, three outputs in two as triples.S has pixels. input_offset is in
 * the bias. segment: inputs whose sums these words hold. */
typedef struct {
    const int32_t *weights, *bias, *multiplier;
    const int8_t *shift;
    int32_t batches, in_n, out_n, segment;
    int16_t output_offset, act_min, act_max;
    uint16_t per_channel;
} nn_fully_connected_triples_riscv_t;
typedef void nn_fully_connected_triples_riscv_fn(const nn_fully_connected_triples_riscv_t *op, const int8_t *x,
                                                 int8_t *y, void *scratch);
nn_fully_connected_triples_riscv_fn nn_fully_connected_triples_riscv;

/* A convolution without groups, of at least four channels. stream: for each four output channels what the assembly
 * wants, see triples.S; where their number is not a multiple of four the last four overlap those before. pad_value: the
 * input's zero point. segment: taps whose sums the assembly holds. signed_outputs: act_min is not the output's zero
 * point. */
typedef struct {
    const int32_t *stream;
    int16_t pad_value, act_min, act_max;
    uint16_t batches, in_h, in_w, in_c, out_h, out_w, out_c, k_h, k_w;
    uint16_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left, segment, signed_outputs;
} nn_conv_2d_triples_riscv_t;
typedef void nn_conv_2d_triples_riscv_fn(const nn_conv_2d_triples_riscv_t *op, const int8_t *x, int8_t *y,
                                         void *scratch);
/* Outputs that are clamped at their zero point, any others, and either with more taps than a segment. */
nn_conv_2d_triples_riscv_fn nn_conv_2d_triples_riscv, nn_conv_2d_signed_riscv, nn_conv_2d_long_riscv;
/* The same for 1x1 with at most as many outputs as inputs; y may be x. */
nn_conv_2d_triples_riscv_fn nn_conv_2d_triples_in_place_riscv, nn_conv_2d_signed_in_place_riscv,
    nn_conv_2d_long_in_place_riscv;

typedef nn_conv_2d_triples_riscv_t nn_conv_2d_signed_riscv_t, nn_conv_2d_long_riscv_t,
    nn_conv_2d_triples_in_place_riscv_t, nn_conv_2d_signed_in_place_riscv_t, nn_conv_2d_long_in_place_riscv_t;
typedef nn_conv_2d_triples_riscv_fn nn_conv_2d_signed_riscv_fn, nn_conv_2d_long_riscv_fn,
    nn_conv_2d_triples_in_place_riscv_fn, nn_conv_2d_signed_in_place_riscv_fn, nn_conv_2d_long_in_place_riscv_fn;

/* 3x3 with a multiplier of 1, the same stride of 1 or 2 both ways, channels in fours, at most as many outputs as
 * inputs, and outputs clamped at their zero point; y may be x. Four channels at a time: all of their inputs are in
 * scratch before outputs take their places. channels: for each what the assembly wants, see block.h. */
typedef struct {
    const int32_t *channels;
    int16_t pad_value, act_min, act_max;
    uint16_t batches, in_h, in_w, in_c, out_h, out_w, stride, pad_top, pad_left;
} nn_depthwise_conv_2d_3x3_riscv_t;
typedef void nn_depthwise_conv_2d_3x3_riscv_fn(const nn_depthwise_conv_2d_3x3_riscv_t *op, const int8_t *x, int8_t *y,
                                               void *scratch);
nn_depthwise_conv_2d_3x3_riscv_fn nn_depthwise_conv_2d_3x3_riscv;

/* y = (sum + multiplier1 * x1 / 2^8 + multiplier2 * x2 / 2^8) / 2^20, each division rounded down, saturated. y may be
 * x1 or x2. */
typedef struct {
    int32_t multiplier1, multiplier2, sum, count;
} nn_add_linear_riscv_t;
typedef void nn_add_linear_riscv_fn(const nn_add_linear_riscv_t *op, const int8_t *x1, const int8_t *x2, int8_t *y,
                                    void *scratch);
nn_add_linear_riscv_fn nn_add_linear_riscv;

#ifdef __cplusplus
}
#endif
#endif
