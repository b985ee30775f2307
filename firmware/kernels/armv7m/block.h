/* SPDX-License-Identifier: Apache-2.0
 *
 * The seam between C and the assembly of this folder. */
#ifndef NN_ARMV7M_BLOCK_H
#define NN_ARMV7M_BLOCK_H

#include <stdint.h>

#include "nn_offset.h"
#include "offsets.h"

/* For operators whose range isn't all of int8, after the fact. */
static inline void nn_clamp_outputs(int8_t *y, int32_t count, int32_t low, int32_t high) {
    if (low == -128 && high == 127)
        return;
    for (; count > 0; count--, y++)
        *y = (int8_t)(*y < low ? low : *y > high ? high : *y);
}

enum { NN_LANES_PIXELS = 6, NN_LANES_PAIR_BYTES = 24 };

/* What nn_gemm_lanes_armv7m reads, in this order: six pixels of y, stride bytes apart, channels up to y_end (of the
 * first pixel). pairs: of taps. */
typedef struct {
    const int32_t *columns, *stream;
    int8_t *y;
    int32_t stride;
    const int8_t *y_end;
    int32_t rounding, signed_outputs, pairs;
} nn_lanes_block_t;
NN_FIELD_AT(nn_lanes_block_t, columns, NN_LANES_BLOCK_AT_COLUMNS);
NN_FIELD_AT(nn_lanes_block_t, stream, NN_LANES_BLOCK_AT_STREAM);
NN_FIELD_AT(nn_lanes_block_t, y, NN_LANES_BLOCK_AT_Y);
NN_FIELD_AT(nn_lanes_block_t, stride, NN_LANES_BLOCK_AT_STRIDE);
NN_FIELD_AT(nn_lanes_block_t, y_end, NN_LANES_BLOCK_AT_Y_END);
NN_FIELD_AT(nn_lanes_block_t, rounding, NN_LANES_BLOCK_AT_ROUNDING);
NN_FIELD_AT(nn_lanes_block_t, signed_outputs, NN_LANES_BLOCK_AT_SIGNED_OUTPUTS);
NN_FIELD_AT(nn_lanes_block_t, pairs, NN_LANES_BLOCK_AT_PAIRS);
void nn_gemm_lanes_armv7m(const nn_lanes_block_t *block);

/* count taps of two pixels, a and b, into a column of words a + 65536 * b; the columns of three pairs of pixels
 * alternate every two taps. An odd count gets a tap of zeros at its end. */
void nn_gemm_column_armv7m(int32_t *column, const int8_t *a, const int8_t *b, int32_t count);

/* As nn_dot_columns_fn of portable/columns.h. */
void nn_dot_columns_armv7m(const int8_t *x, const int8_t *weights, int32_t count, uint32_t *sums);

/* Three taps along the plane: weights, and how many bytes further the next three begin. */
typedef struct {
    int32_t weights[3], step;
} nn_taps_t;
NN_FIELD_AT(nn_taps_t, weights, NN_TAPS_AT_WEIGHTS);
NN_FIELD_AT(nn_taps_t, step, NN_TAPS_AT_STEP);
NN_SIZE_IS(nn_taps_t, NN_TAPS_BYTES);

/* What nn_depthwise_plane_armv7m reads, in this order: one channel. constants: four times the bias, then nn_taps_t up
 * to constants_end. Each of the lines has count outputs, y_step bytes apart; the line steps lead from the start of one
 * line to the next, block_step from four outputs on the plane to the next four. negative: what sums below zero get less
 * in requantization. */
typedef struct {
    const int8_t *plane;
    int8_t *y;
    const int32_t *constants, *constants_end;
    int32_t count, lines, plane_line_step, y_line_step, block_step, y_step;
    int32_t multiplier, rounding, negative, stride_2;
} nn_depthwise_plane_t;
NN_FIELD_AT(nn_depthwise_plane_t, plane, NN_DEPTHWISE_PLANE_AT_PLANE);
NN_FIELD_AT(nn_depthwise_plane_t, y, NN_DEPTHWISE_PLANE_AT_Y);
NN_FIELD_AT(nn_depthwise_plane_t, constants, NN_DEPTHWISE_PLANE_AT_CONSTANTS);
NN_FIELD_AT(nn_depthwise_plane_t, constants_end, NN_DEPTHWISE_PLANE_AT_CONSTANTS_END);
NN_FIELD_AT(nn_depthwise_plane_t, count, NN_DEPTHWISE_PLANE_AT_COUNT);
NN_FIELD_AT(nn_depthwise_plane_t, lines, NN_DEPTHWISE_PLANE_AT_LINES);
NN_FIELD_AT(nn_depthwise_plane_t, plane_line_step, NN_DEPTHWISE_PLANE_AT_PLANE_LINE_STEP);
NN_FIELD_AT(nn_depthwise_plane_t, y_line_step, NN_DEPTHWISE_PLANE_AT_Y_LINE_STEP);
NN_FIELD_AT(nn_depthwise_plane_t, block_step, NN_DEPTHWISE_PLANE_AT_BLOCK_STEP);
NN_FIELD_AT(nn_depthwise_plane_t, y_step, NN_DEPTHWISE_PLANE_AT_Y_STEP);
NN_FIELD_AT(nn_depthwise_plane_t, multiplier, NN_DEPTHWISE_PLANE_AT_MULTIPLIER);
NN_FIELD_AT(nn_depthwise_plane_t, rounding, NN_DEPTHWISE_PLANE_AT_ROUNDING);
NN_FIELD_AT(nn_depthwise_plane_t, negative, NN_DEPTHWISE_PLANE_AT_NEGATIVE);
NN_FIELD_AT(nn_depthwise_plane_t, stride_2, NN_DEPTHWISE_PLANE_AT_STRIDE_2);
void nn_depthwise_plane_armv7m(const nn_depthwise_plane_t *channel);

#endif
