/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels for Xtensa cores with 32-bit multiplication but without its upper half: the lx106's instructions, which the
 * ESP32's LX6 has too. gen/compiler/kernels/xtensa/ repacks their constants and proves the ranges that they rely on.
 */
#ifndef NN_XTENSA_KERNELS_H
#define NN_XTENSA_KERNELS_H

#include "nn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The model's own constants; without groups, at least four outputs, and a depthwise multiplier of 1. */
nn_conv_2d_fn nn_conv_2d_xtensa;
nn_fully_connected_fn nn_fully_connected_xtensa;
nn_depthwise_conv_2d_fn nn_depthwise_conv_2d_xtensa;

/* A convolution without groups. stream: for each four output channels what the assembly wants, see gemm_triples.S.
 * pad_value: the input's zero point. chunks: parts of the window, of chunk_taps each. mode, bits: how sums become
 * outputs, see block.h. */
typedef struct {
    const int32_t *stream;
    int16_t pad_value, output_offset, act_min, act_max;
    uint16_t batches, in_h, in_w, in_c, out_h, out_w, out_c, k_h, k_w;
    uint16_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    uint16_t chunks, chunk_taps, mode, bits;
} nn_conv_2d_triples_xtensa_t;
typedef void nn_conv_2d_triples_xtensa_fn(const nn_conv_2d_triples_xtensa_t *op, const int8_t *x, int8_t *y,
                                          void *scratch);
nn_conv_2d_triples_xtensa_fn nn_conv_2d_triples_xtensa;
/* The same for 1x1 with at most as many outputs as inputs; y may be x. */
typedef nn_conv_2d_triples_xtensa_t nn_conv_2d_in_place_xtensa_t;
typedef nn_conv_2d_triples_xtensa_fn nn_conv_2d_in_place_xtensa_fn;
nn_conv_2d_in_place_xtensa_fn nn_conv_2d_in_place_xtensa;

/* weights: for every eight outputs in_n x 8, 128 too much each. bias, lines: the records of block.h, their first words
 * apart; line_step is 0 where all outputs have the same line. */
typedef struct {
    const uint8_t *weights;
    const int32_t *bias, *lines;
    int32_t batches, in_n, out_n;
    int16_t output_offset, act_min, act_max;
    uint16_t mode, bits, line_step;
} nn_fully_connected_columns_xtensa_t;
typedef void nn_fully_connected_columns_xtensa_fn(const nn_fully_connected_columns_xtensa_t *op, const int8_t *x,
                                                  int8_t *y, void *scratch);
nn_fully_connected_columns_xtensa_fn nn_fully_connected_columns_xtensa;

/* ADD without broadcasting: y + 128 = saturate((sum + multiplier1 * (x1 + 128) + multiplier2 * (x2 + 128)) >> shift).
 * y may be x1 or x2. */
typedef struct {
    int32_t multiplier1, multiplier2, sum, count, shift;
} nn_add_linear_xtensa_t;
typedef void nn_add_linear_xtensa_fn(const nn_add_linear_xtensa_t *op, const int8_t *x1, const int8_t *x2, int8_t *y,
                                     void *scratch);
nn_add_linear_xtensa_fn nn_add_linear_xtensa;

/* Channels in fours; windows wholly on the input, of at most 256 elements. */
nn_average_pool_2d_fn nn_average_pool_2d_xtensa;

#ifdef __cplusplus
}
#endif
#endif
