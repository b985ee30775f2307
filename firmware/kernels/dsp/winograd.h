/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D on Cortex-M4, M7 and M33 by Winograd's minimal filtering, see winograd.S;
 * gen/compiler/kernels/dsp/winograd.py makes the constants and proves the ranges that the arithmetic relies on. */
#ifndef NN_DSP_WINOGRAD_H
#define NN_DSP_WINOGRAD_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A 3x3 convolution of stride 1; out_h is a multiple of 2, out_w and in_c of 4, out_c of 2. stream: the transformed
 * filters of each pair of output channels; NULL where they are made from filters (out_c x 3 x 3 x in_c) into scratch,
 * block_c channels at a time. keep_input: the whole transformed input lies in scratch, and is made only once.
 * ends: of each channel 4 * bias, the multiplier, the constant added to its product, and the shift after it but for 1.
 * pad_value: the input's zero point. linear: outputs are a linear function of the sums, with one shift for all. */
typedef struct {
    const int32_t *stream, *ends;
    const int8_t *filters;
    int16_t pad_value, act_min, act_max;
    uint16_t batches, in_h, in_w, in_c, out_h, out_w, out_c, pad_top, pad_left, linear, block_c, keep_input;
} nn_conv_2d_winograd_dsp_t;
typedef void nn_conv_2d_winograd_dsp_fn(const nn_conv_2d_winograd_dsp_t *op, const int8_t *x, int8_t *y, void *scratch);
nn_conv_2d_winograd_dsp_fn nn_conv_2d_winograd_dsp, nn_conv_2d_winograd_int8_dsp;
/* The same where keep_input is set and the output is as large as the input: y may be x. */
nn_conv_2d_winograd_dsp_fn nn_conv_2d_winograd_int8_in_place_dsp;

#ifdef __cplusplus
}
#endif
#endif
