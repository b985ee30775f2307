/* SPDX-License-Identifier: Apache-2.0
 *
 * The seam between C and the assembly of this folder. */
#ifndef NN_ARMV7M_BLOCK_H
#define NN_ARMV7M_BLOCK_H

#include <stdint.h>

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
void nn_gemm_lanes_armv7m(const nn_lanes_block_t *block);

/* count taps of two pixels, a and b, into a column of words a + 65536 * b; the columns of three pairs of pixels
 * alternate every two taps. An odd count gets a tap of zeros at its end. */
void nn_gemm_column_armv7m(int32_t *column, const int8_t *a, const int8_t *b, int32_t count);

enum { NN_DOT_OUTPUTS = 8 };

/* sums[i] = sum over count inputs of x[k] * weights[8 * k + i]. */
void nn_dot_columns_armv7m(const int8_t *x, const int8_t *weights, int32_t count, int32_t *sums);

/* Three taps along the plane: weights, and how many bytes further the next three begin. */
typedef struct {
    int32_t weights[3], step;
} nn_taps_t;

/* What nn_depthwise_plane_armv7m reads, in this order: one channel. constants: four times the bias, then nn_taps_t up
 * to constants_end. Each of the lines has count outputs, y_step bytes apart; the line steps lead from the start of one
 * line to the next, block_step from four outputs on the plane to the next four. negative: what sums below zero get less
 * in requantisation. */
typedef struct {
    const int8_t *plane;
    int8_t *y;
    const int32_t *constants, *constants_end;
    int32_t count, lines, plane_line_step, y_line_step, block_step, y_step;
    int32_t multiplier, rounding, negative, stride_2;
} nn_depthwise_plane_t;
void nn_depthwise_plane_armv7m(const nn_depthwise_plane_t *channel);

#endif
