/* SPDX-License-Identifier: Apache-2.0
 *
 * The seam between Winograd's convolutions and their assembly. */
#ifndef NN_DSP_WINOGRAD_BLOCK_H
#define NN_DSP_WINOGRAD_BLOCK_H

#include "nn_offset.h"
#include "offsets.h"
#include "winograd.h"

/* Two tiles of 2x2 outputs side by side have windows of 4 rows and 6 columns together. */
enum { NN_TILE = 2, NN_TILES = 2, NN_POSITIONS = 16, NN_WINDOW_ROWS = 4, NN_WINDOW_COLUMNS = 6 };

/* What nn_winograd_outputs_dsp reads, in this order: the transformed input, the pixels (0, 0) of y in two tiles, bytes
 * from one pixel and one row of y to the next, the end of y's channels, ..., in_c / 4, ... */
typedef struct {
    const int16_t *input;
    int8_t *y;
    int32_t pixel, row;
    const int8_t *y_end;
    const int32_t *ends;
    int32_t linear, steps;
    const int32_t *stream;
} nn_winograd_block_t;
NN_FIELD_AT(nn_winograd_block_t, input, NN_WINOGRAD_BLOCK_AT_INPUT);
NN_FIELD_AT(nn_winograd_block_t, y, NN_WINOGRAD_BLOCK_AT_Y);
NN_FIELD_AT(nn_winograd_block_t, pixel, NN_WINOGRAD_BLOCK_AT_PIXEL);
NN_FIELD_AT(nn_winograd_block_t, row, NN_WINOGRAD_BLOCK_AT_ROW);
NN_FIELD_AT(nn_winograd_block_t, y_end, NN_WINOGRAD_BLOCK_AT_Y_END);
NN_FIELD_AT(nn_winograd_block_t, ends, NN_WINOGRAD_BLOCK_AT_ENDS);
NN_FIELD_AT(nn_winograd_block_t, linear, NN_WINOGRAD_BLOCK_AT_LINEAR);
NN_FIELD_AT(nn_winograd_block_t, steps, NN_WINOGRAD_BLOCK_AT_STEPS);
NN_FIELD_AT(nn_winograd_block_t, stream, NN_WINOGRAD_BLOCK_AT_STREAM);
void nn_winograd_outputs_dsp(const nn_winograd_block_t *block);

/* 4 rows of 6 pixels of x, which are `row` bytes apart, become two tiles: for each of the 16 positions and each four
 * channels (k0 k2) and (k1 k3) of the one tile, then of the other. */
void nn_winograd_input_dsp(const int8_t *x, int16_t *input, int32_t row, int32_t in_c);

/* One channel's 3 x 3 x in_c weights, into the stream of its pair: its two words of every four. */
void nn_winograd_filter_dsp(const int8_t *filter, int32_t in_c, int32_t *stream);

/* filter: nn_winograd_filter_dsp where op->stream is NULL. */
typedef void nn_winograd_filter_fn(const int8_t *filter, int32_t in_c, int32_t *stream);
void nn_conv_2d_by_winograd(const nn_conv_2d_winograd_dsp_t *op, nn_winograd_filter_fn *filter, const int8_t *x,
                            int8_t *y, void *scratch);

#endif
