/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products on MVE: CONV_2D and FULLY_CONNECTED with constants packed by gen/compiler/kernels/mve/gemm.py. */
#ifndef MVE_GEMM_H
#define MVE_GEMM_H

#include "nn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* CONV_2D without groups and dilation, one batch, at least 4 output channels, output range -128..127.
 *
 * The kernel goes line by line; positions are along a line. Pairs of numbers are for positions and for lines; these are
 * columns and rows, or the other way round where that makes lines longer, or one line where windows are elements.
 * x_step, y_step: bytes from one to the next. Channels are in groups of 4; the last one begins at out_c - 4. weights:
 * for every group the depth in blocks of 16, the first one padded with zeros in front; in a block 16 weights of each
 * channel. The depth is positions x lines x in_c. params: for every group 4 biases (input offset folded in), 4
 * multipliers, and the 4 shifts as bytes of a word. relu: the output offset is -128. scratch: NULL where windows are
 * elements. */
typedef struct {
    const int8_t *weights;
    const int32_t *params;
    int32_t x_step[2], y_step[2], in[2], out[2];
    uint16_t in_c, out_c, kernel[2], stride[2], pad[2];
    int16_t pad_value, output_offset, relu;
} nn_conv_2d_mve_t;
typedef void nn_conv_2d_mve_fn(const nn_conv_2d_mve_t *op, const int8_t *x, int8_t *y, void *scratch);

/* In nn_conv_2d_in_place_mve y may be x: windows of one element, strides 1, in_c > 16, out_c <= in_c, both multiples
 * of 4, x, y and scratch (2 out_c bytes) aligned to 4. */
typedef nn_conv_2d_mve_t nn_conv_2d_in_place_mve_t;
typedef nn_conv_2d_mve_fn nn_conv_2d_in_place_mve_fn;

/* FULLY_CONNECTED, output range -128..127. As above with groups of 8 channels, the last one filled up with zeros; their
 * order in multipliers and shifts is 0 2 4 6 1 3 5 7. */
typedef struct {
    const int8_t *weights;
    const int32_t *params;
    int32_t batches, in_n, out_n;
    int16_t output_offset, relu;
} nn_fully_connected_mve_t;
typedef void nn_fully_connected_mve_fn(const nn_fully_connected_mve_t *op, const int8_t *x, int8_t *y, void *scratch);

/* CONV_2D with one window, the whole image, which is the same. */
typedef nn_fully_connected_mve_t nn_conv_2d_whole_mve_t;
typedef nn_fully_connected_mve_fn nn_conv_2d_whole_mve_fn;

nn_conv_2d_mve_fn nn_conv_2d_mve;
nn_conv_2d_in_place_mve_fn nn_conv_2d_in_place_mve;
nn_conv_2d_whole_mve_fn nn_conv_2d_whole_mve;
nn_fully_connected_mve_fn nn_fully_connected_mve;

#ifdef __cplusplus
}
#endif
#endif
