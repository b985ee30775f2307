/* SPDX-License-Identifier: Apache-2.0
 *
 * DEPTHWISE_CONV_2D on MVE with constants packed by gen/compiler/kernels/mve/spatial.py. */
#ifndef MVE_DEPTHWISE_H
#define MVE_DEPTHWISE_H

#include "nn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 3x3 windows, depth multiplier 1, no dilation, one batch, at least 8 channels, output range -128..127.
 *
 * The kernel goes line by line; positions are along a line: of the width or the height, whichever is longer, the output
 * has at least 2. in, out: positions and lines; x_step, y_step: bytes from one position or line to the next; stride: 1
 * or 2 along positions. groups: of 4 channels; the last one begins at channels - 4. weights: 36 for every group, 9 a
 * channel, position by position; params: 4 biases (input offset folded in), 4 shifts, 4 multipliers for every group.
 * relu: the output offset is -128. scratch: strip_bytes (even) for each of the
 * channels that are together there, a multiple of 8, and up to 7 more at the end. */
typedef struct {
    const int8_t *weights;
    const int32_t *params;
    int32_t x_step[2], y_step[2];
    uint16_t channels, in[2], out[2], stride[2], pad[2], strip_bytes, together;
    int16_t pad_value, output_offset, relu;
} nn_depthwise_conv_2d_3x3_mve_t;
typedef void nn_depthwise_conv_2d_3x3_mve_fn(const nn_depthwise_conv_2d_3x3_mve_t *op, const int8_t *x, int8_t *y,
                                             void *scratch);

/* In nn_depthwise_conv_2d_in_place_mve y may be x: strides 1 and an output of the input's size. */
typedef nn_depthwise_conv_2d_3x3_mve_t nn_depthwise_conv_2d_in_place_mve_t;
typedef nn_depthwise_conv_2d_3x3_mve_fn nn_depthwise_conv_2d_in_place_mve_fn;

/* Windows of 2 to 15 elements along one axis and 1 along the other, strides 1, no padding, depth multiplier 1, an even
 * number of channels, at least 32, output range -128..127, shifts of at least 5 bits to the right, sums of 20 bits. y
 * may be x.
 *
 * Lines run along the window's axis: out elements of the output, step bytes apart in x and y; lines are x_line and
 * y_line bytes apart. channels: for every two of them bias (input offset folded in), multiplier, shift (what is left of
 * it after 4 bits, as a byte of a word) of one, then of the other, then 16 weights, filled up with zeros, of one, then
 * of the other. scratch: strip_bytes for each of up to 95 channels. */
typedef struct {
    const int32_t *channels;
    int32_t step, x_line, y_line;
    uint16_t out_c, taps, out, lines, strip_bytes;
    int16_t output_offset;
} nn_depthwise_conv_2d_taps_mve_t;
typedef void nn_depthwise_conv_2d_taps_mve_fn(const nn_depthwise_conv_2d_taps_mve_t *op, const int8_t *x, int8_t *y,
                                              void *scratch);

nn_depthwise_conv_2d_taps_mve_fn nn_depthwise_conv_2d_taps_mve;
nn_depthwise_conv_2d_3x3_mve_fn nn_depthwise_conv_2d_3x3_mve;
nn_depthwise_conv_2d_in_place_mve_fn nn_depthwise_conv_2d_in_place_mve;

#ifdef __cplusplus
}
#endif
#endif
