/* SPDX-License-Identifier: Apache-2.0
 *
 * The seam between the convolutions and their assembly. */
#ifndef NN_DSP_GEMM_BLOCK_H
#define NN_DSP_GEMM_BLOCK_H

#include "gemm.h"
#include "nn_offset.h"
#include "offsets.h"

/* For operators whose range isn't all of int8, after the fact. */
static inline void nn_clamp_outputs(int8_t *y, int32_t count, int32_t low, int32_t high) {
    for (; count > 0; count--, y++)
        *y = (int8_t)(*y < low ? low : *y > high ? high : *y);
}

enum { NN_MAX_PIXELS = 3 };

/* Where the windows of a block's pixels are: their first rows, and what to add at the end of a row to come to the
 * next. */
typedef struct {
    const int8_t *x[NN_MAX_PIXELS];
    int32_t step[NN_MAX_PIXELS];
} nn_windows_t;
NN_FIELD_AT(nn_windows_t, x, NN_WINDOWS_AT_X);
NN_FIELD_AT(nn_windows_t, step, NN_WINDOWS_AT_STEP);

/* int8 -> int16, for every four bytes the words (k0 k2) and (k1 k3) of each pixel. pairs: three pixels, the first words
 * of all come before the second ones. wide: two pixels. */
typedef void nn_columns_fn(int16_t *columns, const nn_windows_t *windows, int32_t rows, int32_t words);
nn_columns_fn nn_columns_pairs_dsp, nn_columns_wide_dsp;

/* A block's pixels of y, stride bytes apart, channels up to y_end (of the first pixel). steps: depth / 4. The assembly
 * knows the order. */
typedef struct {
    int16_t *columns;
    const int32_t *stream;
    int8_t *y;
    int32_t stride;
    const int8_t *y_end;
    int32_t linear, steps;
} nn_gemm_block_t;
NN_FIELD_AT(nn_gemm_block_t, columns, NN_GEMM_BLOCK_AT_COLUMNS);
NN_FIELD_AT(nn_gemm_block_t, stream, NN_GEMM_BLOCK_AT_STREAM);
NN_FIELD_AT(nn_gemm_block_t, y, NN_GEMM_BLOCK_AT_Y);
NN_FIELD_AT(nn_gemm_block_t, stride, NN_GEMM_BLOCK_AT_STRIDE);
NN_FIELD_AT(nn_gemm_block_t, y_end, NN_GEMM_BLOCK_AT_Y_END);
NN_FIELD_AT(nn_gemm_block_t, linear, NN_GEMM_BLOCK_AT_LINEAR);
NN_FIELD_AT(nn_gemm_block_t, steps, NN_GEMM_BLOCK_AT_STEPS);
typedef void nn_gemm_fn(const nn_gemm_block_t *block);
nn_gemm_fn nn_gemm_pairs_dsp, nn_gemm_wide_dsp;

/* One way to multiply so many pixels at a time. next, second: words of the columns from one pixel to the next, and from
 * its first word to its second. */
typedef struct {
    int32_t pixels, next, second;
    nn_columns_fn *columns;
    nn_gemm_fn *outputs;
} nn_gemm_t;
void nn_conv_2d_by_gemm(const nn_conv_2d_gemm_dsp_t *op, const nn_gemm_t *gemm, const int8_t *x, int8_t *y,
                        void *scratch);

/* What nn_vector_fn reads, in this order. x: int16 in the order of nn_columns_fn if expanded, else int8.
 * Outputs in fours up to y_end. steps: inputs / 4. */
typedef struct {
    const void *x;
    const int32_t *stream;
    int8_t *y;
    const int8_t *y_end;
    int32_t linear, steps, expanded;
} nn_vector_block_t;
NN_FIELD_AT(nn_vector_block_t, x, NN_VECTOR_BLOCK_AT_X);
NN_FIELD_AT(nn_vector_block_t, stream, NN_VECTOR_BLOCK_AT_STREAM);
NN_FIELD_AT(nn_vector_block_t, y, NN_VECTOR_BLOCK_AT_Y);
NN_FIELD_AT(nn_vector_block_t, y_end, NN_VECTOR_BLOCK_AT_Y_END);
NN_FIELD_AT(nn_vector_block_t, linear, NN_VECTOR_BLOCK_AT_LINEAR);
NN_FIELD_AT(nn_vector_block_t, steps, NN_VECTOR_BLOCK_AT_STEPS);
NN_FIELD_AT(nn_vector_block_t, expanded, NN_VECTOR_BLOCK_AT_EXPANDED);
typedef void nn_vector_fn(const nn_vector_block_t *block);
nn_vector_fn nn_vector_pairs_dsp, nn_vector_wide_dsp;
void nn_expand_dsp(const int8_t *x, int32_t words, int16_t *to);

void nn_fully_connected_by_vector(const nn_fully_connected_vector_dsp_t *op, nn_vector_fn *outputs, const int8_t *x,
                                  int8_t *y, void *scratch);

#endif
