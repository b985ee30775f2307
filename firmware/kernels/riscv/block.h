/* SPDX-License-Identifier: Apache-2.0
 *
 * The seam between C and the assembly of this folder. */
#ifndef NN_RISCV_BLOCK_H
#define NN_RISCV_BLOCK_H

#include "nn_offset.h"
#include "offsets.h"
#include "riscv/kernels.h"

enum { NN_TRIPLES_PIXELS = 6, NN_TRIPLES_CHANNELS = 4, NN_TRIPLES_TAP_BYTES = 16, NN_TRIPLES_HEADER_WORDS = 3 };

/* Six pixels of y, stride bytes apart, channels up to y_end (of the first pixel), at least four. columns: for each tap
 * two words of the first three pixels and two of the others, see triples.S; the assembly knows the order as far as
 * act_max. segment: taps whose sums are not too large for it. pixels: how many of the six there are. */
typedef struct {
    const int32_t *columns;
    const int32_t *stream;
    int8_t *y;
    int32_t stride;
    const int8_t *y_end;
    int32_t taps, act_min, act_max;
    int32_t segment, signed_outputs, pixels;
} nn_triples_t;
NN_FIELD_AT(nn_triples_t, columns, NN_TRIPLES_AT_COLUMNS);
NN_FIELD_AT(nn_triples_t, stream, NN_TRIPLES_AT_STREAM);
NN_FIELD_AT(nn_triples_t, y, NN_TRIPLES_AT_Y);
NN_FIELD_AT(nn_triples_t, stride, NN_TRIPLES_AT_STRIDE);
NN_FIELD_AT(nn_triples_t, y_end, NN_TRIPLES_AT_Y_END);
NN_FIELD_AT(nn_triples_t, taps, NN_TRIPLES_AT_TAPS);
NN_FIELD_AT(nn_triples_t, act_min, NN_TRIPLES_AT_ACT_MIN);
NN_FIELD_AT(nn_triples_t, act_max, NN_TRIPLES_AT_ACT_MAX);
typedef void nn_triples_fn(const nn_triples_t *block);
/* clamped: where act_min is the zero point. */
nn_triples_fn nn_triples_clamped_riscv, nn_triples_signed_riscv;
/* Adds the sums of four channels to the int32 at y: [channel][pixel]; of_three: those of the first three pixels. */
nn_triples_fn nn_triples_sums_riscv, nn_triples_sums_of_three_riscv;
/* In C, with more taps than a segment or fewer pixels than six. */
nn_triples_fn nn_triples_outputs_riscv;

/* What the functions below read, in this order: four channels. channels: of each 3x3 int8 weights [across][along],
 * three bytes that don't matter, and three words as in triples.S. Each of the lines has count outputs, y_step bytes
 * apart. plane: of the four channels in turn; pitch: bytes from one column of inputs to the next, see depthwise_3x3.S.
 */
typedef struct {
    const int8_t *plane;
    const int32_t *channels;
    int8_t *y;
    int32_t count, lines, pitch, y_step, y_line_step, act_min, act_max;
} nn_depthwise_3x3_t;
NN_FIELD_AT(nn_depthwise_3x3_t, plane, NN_DEPTHWISE_3X3_AT_PLANE);
NN_FIELD_AT(nn_depthwise_3x3_t, channels, NN_DEPTHWISE_3X3_AT_CHANNELS);
NN_FIELD_AT(nn_depthwise_3x3_t, y, NN_DEPTHWISE_3X3_AT_Y);
NN_FIELD_AT(nn_depthwise_3x3_t, count, NN_DEPTHWISE_3X3_AT_COUNT);
NN_FIELD_AT(nn_depthwise_3x3_t, lines, NN_DEPTHWISE_3X3_AT_LINES);
NN_FIELD_AT(nn_depthwise_3x3_t, pitch, NN_DEPTHWISE_3X3_AT_PITCH);
NN_FIELD_AT(nn_depthwise_3x3_t, y_step, NN_DEPTHWISE_3X3_AT_Y_STEP);
NN_FIELD_AT(nn_depthwise_3x3_t, y_line_step, NN_DEPTHWISE_3X3_AT_Y_LINE_STEP);
NN_FIELD_AT(nn_depthwise_3x3_t, act_min, NN_DEPTHWISE_3X3_AT_ACT_MIN);
NN_FIELD_AT(nn_depthwise_3x3_t, act_max, NN_DEPTHWISE_3X3_AT_ACT_MAX);
typedef void nn_depthwise_3x3_fn(const nn_depthwise_3x3_t *job);
nn_depthwise_3x3_fn nn_depthwise_3x3_riscv, nn_depthwise_3x3_stride_2_riscv;

/* What nn_depthwise_window_riscv reads, in this order: one pixel of y, channels up to y_end, in fours. rows of runs,
 * the steps from one run to the next and from the end of a row to the start of the next; the rest is of nn.h. */
typedef struct {
    const int8_t *x, *weights;
    int8_t *y;
    const int8_t *y_end;
    int32_t rows, runs, x_run, x_skip, w_run, w_skip, offset;
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    int32_t output_offset, act_min, act_max;
} nn_depthwise_window_t;
NN_FIELD_AT(nn_depthwise_window_t, x, NN_DEPTHWISE_WINDOW_AT_X);
NN_FIELD_AT(nn_depthwise_window_t, weights, NN_DEPTHWISE_WINDOW_AT_WEIGHTS);
NN_FIELD_AT(nn_depthwise_window_t, y, NN_DEPTHWISE_WINDOW_AT_Y);
NN_FIELD_AT(nn_depthwise_window_t, y_end, NN_DEPTHWISE_WINDOW_AT_Y_END);
NN_FIELD_AT(nn_depthwise_window_t, rows, NN_DEPTHWISE_WINDOW_AT_ROWS);
NN_FIELD_AT(nn_depthwise_window_t, runs, NN_DEPTHWISE_WINDOW_AT_RUNS);
NN_FIELD_AT(nn_depthwise_window_t, x_run, NN_DEPTHWISE_WINDOW_AT_X_RUN);
NN_FIELD_AT(nn_depthwise_window_t, x_skip, NN_DEPTHWISE_WINDOW_AT_X_SKIP);
NN_FIELD_AT(nn_depthwise_window_t, w_run, NN_DEPTHWISE_WINDOW_AT_W_RUN);
NN_FIELD_AT(nn_depthwise_window_t, w_skip, NN_DEPTHWISE_WINDOW_AT_W_SKIP);
NN_FIELD_AT(nn_depthwise_window_t, offset, NN_DEPTHWISE_WINDOW_AT_OFFSET);
NN_FIELD_AT(nn_depthwise_window_t, bias, NN_DEPTHWISE_WINDOW_AT_BIAS);
NN_FIELD_AT(nn_depthwise_window_t, multiplier, NN_DEPTHWISE_WINDOW_AT_MULTIPLIER);
NN_FIELD_AT(nn_depthwise_window_t, shift, NN_DEPTHWISE_WINDOW_AT_SHIFT);
NN_FIELD_AT(nn_depthwise_window_t, output_offset, NN_DEPTHWISE_WINDOW_AT_OUTPUT_OFFSET);
NN_FIELD_AT(nn_depthwise_window_t, act_min, NN_DEPTHWISE_WINDOW_AT_ACT_MIN);
NN_FIELD_AT(nn_depthwise_window_t, act_max, NN_DEPTHWISE_WINDOW_AT_ACT_MAX);
void nn_depthwise_window_riscv(const nn_depthwise_window_t *window);

#endif
