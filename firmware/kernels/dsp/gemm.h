/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D and FULLY_CONNECTED on Cortex-M4, M7 and M33 with repacked constants; gen/compiler/kernels/dsp/gemm.py makes
 * them and proves the ranges that the arithmetic here relies on. */
#ifndef NN_DSP_GEMM_H
#define NN_DSP_GEMM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A convolution without groups. stream: for each pair of output channels pair_words words that gemm_pairs.S or
 * gemm_wide.S wants. A row of the window is `words` words, and `tail` bytes, each of which goes together with those of
 * the next three rows; steps: all of them in words. y_pixel, y_row: bytes from one output pixel and from one row of
 * them to the next. A row of less than a word is read as one. run: bytes of a row where it is gathered. pad_value: the
 * input's zero point. direct_*: the output pixels whose windows may be read as they are, ends exclusive. linear:
 * requantization is one linear function of the sum. */
typedef struct {
    const int32_t *stream;
    int32_t pair_words, y_pixel, y_row;
    int16_t pad_value, act_min, act_max;
    uint16_t batches, in_h, in_w, in_c, out_h, out_w, out_c, k_h, k_w;
    uint16_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    uint16_t run, words, tail, steps, direct_top, direct_bottom, direct_left, direct_right, linear;
} nn_conv_2d_gemm_dsp_t;
typedef void nn_conv_2d_gemm_dsp_fn(const nn_conv_2d_gemm_dsp_t *op, const int8_t *x, int8_t *y, void *scratch);
nn_conv_2d_gemm_dsp_fn nn_conv_2d_pairs_dsp, nn_conv_2d_wide_dsp;
/* The same for 1x1 windows with no more outputs than inputs: y may be x, whose pixels are all read before that. */
nn_conv_2d_gemm_dsp_fn nn_conv_2d_pairs_in_place_dsp, nn_conv_2d_wide_in_place_dsp;

/* stream: for every four outputs four_words words that vector_pairs.S or vector_wide.S wants. expanded: scratch holds
 * the input as int16, else in_n is a multiple of 4. linear: requantization is one linear function of the sum. */
typedef struct {
    const int32_t *stream;
    int32_t batches, in_n, out_n, four_words;
    int16_t act_min, act_max;
    uint16_t expanded, linear;
} nn_fully_connected_vector_dsp_t;
typedef void nn_fully_connected_vector_dsp_fn(const nn_fully_connected_vector_dsp_t *op, const int8_t *x, int8_t *y,
                                              void *scratch);
nn_fully_connected_vector_dsp_fn nn_fully_connected_pairs_dsp, nn_fully_connected_wide_dsp;

#ifdef __cplusplus
}
#endif
#endif
