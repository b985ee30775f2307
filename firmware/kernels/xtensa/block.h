/* SPDX-License-Identifier: Apache-2.0
 *
 * The seam between C and the assembly of this folder. */
#ifndef NN_XTENSA_BLOCK_H
#define NN_XTENSA_BLOCK_H

#include <stdint.h>

#include "nn_offset.h"
#include "offsets.h"

/* How sums become outputs. By a line: a = sum + first; the greatest output where a >= limit, the least one where a < 0;
 * between them the upper byte of a * high + (a * low >> bits) + start, a * low unsigned, all modulo 2^32 (see
 * gen/compiler/kernels/xtensa/lines.py). NN_SIGNED: with `negative` less where a < zero. NN_GENERAL: as TFLM does.
 * Words of a channel's record: first limit low high start, with NN_SIGNED also zero negative; with NN_GENERAL first
 * multiplier shift. */
enum { NN_CLAMPED, NN_SIGNED, NN_GENERAL };

/* Of gemm_triples.S: pixels and channels at once, how far up the pixel in the middle is in either word, and what is
 * added to a sum that it isn't negative. */

enum { NN_TRIPLE = 3, NN_CHANNELS = 4, NN_MIDDLE_1 = 21, NN_MIDDLE_2 = 10, NN_SUM_OFFSET = 1 << 20 };

/* What nn_gemm_triples_xtensa reads, in this order: three pixels of y at y, y + y_1 and y + y_2. columns: chunks parts,
 * each two words to start sums from and then two words of each tap, chunk_bytes of them. channels left; with NN_GENERAL
 * it stops after four channels with their sums of each pixel in `sums` and stream at their records. accumulate: there
 * are several chunks, or it is NN_GENERAL. */
typedef struct {
    const int32_t *columns, *stream;
    int8_t *y;
    int32_t y_1, y_2, channels, chunks, chunk_bytes, bits, mode, accumulate, act_min, act_max;
    uint32_t words[2 * NN_CHANNELS];
    int32_t sums[NN_TRIPLE * NN_CHANNELS];
} nn_triples_t;
NN_FIELD_AT(nn_triples_t, columns, NN_TRIPLES_AT_COLUMNS);
NN_FIELD_AT(nn_triples_t, stream, NN_TRIPLES_AT_STREAM);
NN_FIELD_AT(nn_triples_t, y, NN_TRIPLES_AT_Y);
NN_FIELD_AT(nn_triples_t, y_1, NN_TRIPLES_AT_Y_1);
NN_FIELD_AT(nn_triples_t, y_2, NN_TRIPLES_AT_Y_2);
NN_FIELD_AT(nn_triples_t, channels, NN_TRIPLES_AT_CHANNELS);
NN_FIELD_AT(nn_triples_t, chunks, NN_TRIPLES_AT_CHUNKS);
NN_FIELD_AT(nn_triples_t, chunk_bytes, NN_TRIPLES_AT_CHUNK_BYTES);
NN_FIELD_AT(nn_triples_t, bits, NN_TRIPLES_AT_BITS);
NN_FIELD_AT(nn_triples_t, mode, NN_TRIPLES_AT_MODE);
NN_FIELD_AT(nn_triples_t, accumulate, NN_TRIPLES_AT_ACCUMULATE);
NN_FIELD_AT(nn_triples_t, act_min, NN_TRIPLES_AT_ACT_MIN);
NN_FIELD_AT(nn_triples_t, act_max, NN_TRIPLES_AT_ACT_MAX);
NN_FIELD_AT(nn_triples_t, words, NN_TRIPLES_AT_WORDS);
NN_FIELD_AT(nn_triples_t, sums, NN_TRIPLES_AT_SUMS);
void nn_gemm_triples_xtensa(nn_triples_t *job);

/* What nn_gemm_column_xtensa reads, in this order: rows of count taps of three pixels a, b, c, with skip bytes between
 * two rows. They become a + 2^21 * b and c + 2^10 * b each at `to`; the two words at `starts` become less by 128 times
 * the sum of these. `to`, a, b and c move on. */
typedef struct {
    uint32_t *to;
    const int8_t *a, *b, *c;
    int32_t count, rows, skip;
    uint32_t *starts;
} nn_column_t;
NN_FIELD_AT(nn_column_t, to, NN_COLUMN_AT_TO);
NN_FIELD_AT(nn_column_t, a, NN_COLUMN_AT_A);
NN_FIELD_AT(nn_column_t, b, NN_COLUMN_AT_B);
NN_FIELD_AT(nn_column_t, c, NN_COLUMN_AT_C);
NN_FIELD_AT(nn_column_t, count, NN_COLUMN_AT_COUNT);
NN_FIELD_AT(nn_column_t, rows, NN_COLUMN_AT_ROWS);
NN_FIELD_AT(nn_column_t, skip, NN_COLUMN_AT_SKIP);
NN_FIELD_AT(nn_column_t, starts, NN_COLUMN_AT_STARTS);
void nn_gemm_column_xtensa(nn_column_t *job);

enum { NN_PLANE_PITCH = 64 }; /* words */

/* What nn_depthwise_3x3_xtensa reads, in this order: one channel's plane, its nine weights, 128 too much each, and how
 * many sums it has. The first one is left at plane[1], the next `stride` words after, lines NN_PLANE_PITCH * stride. */
typedef struct {
    uint32_t *plane;
    const uint8_t *weights;
    int32_t count, lines, stride;
} nn_plane_t;
NN_FIELD_AT(nn_plane_t, plane, NN_PLANE_AT_PLANE);
NN_FIELD_AT(nn_plane_t, weights, NN_PLANE_AT_WEIGHTS);
NN_FIELD_AT(nn_plane_t, count, NN_PLANE_AT_COUNT);
NN_FIELD_AT(nn_plane_t, lines, NN_PLANE_AT_LINES);
NN_FIELD_AT(nn_plane_t, stride, NN_PLANE_AT_STRIDE);
void nn_depthwise_3x3_xtensa(const nn_plane_t *job);

/* What nn_depthwise_gather_xtensa reads, in this order: lines of count int8, step and line_step bytes apart, that go to
 * the words of a plane, plus 128 each; pitch: bytes from one line of the plane to the next. */
typedef struct {
    uint32_t *to;
    const int8_t *from;
    int32_t step, line_step, count, lines, pitch;
} nn_gather_t;
NN_FIELD_AT(nn_gather_t, to, NN_GATHER_AT_TO);
NN_FIELD_AT(nn_gather_t, from, NN_GATHER_AT_FROM);
NN_FIELD_AT(nn_gather_t, step, NN_GATHER_AT_STEP);
NN_FIELD_AT(nn_gather_t, line_step, NN_GATHER_AT_LINE_STEP);
NN_FIELD_AT(nn_gather_t, count, NN_GATHER_AT_COUNT);
NN_FIELD_AT(nn_gather_t, lines, NN_GATHER_AT_LINES);
NN_FIELD_AT(nn_gather_t, pitch, NN_GATHER_AT_PITCH);
void nn_depthwise_gather_xtensa(const nn_gather_t *job);

/* What nn_outputs_xtensa reads, in this order: sums of one channel, how many in a line and in how many lines, and the
 * bytes from one to the next. Not for NN_GENERAL. */
typedef struct {
    const int32_t *sums;
    int8_t *y;
    const int32_t *record;
    int32_t count, lines, step, line_step, y_step, y_line_step, bits, mode, act_min, act_max;
} nn_outputs_t;
NN_FIELD_AT(nn_outputs_t, sums, NN_OUTPUTS_AT_SUMS);
NN_FIELD_AT(nn_outputs_t, y, NN_OUTPUTS_AT_Y);
NN_FIELD_AT(nn_outputs_t, record, NN_OUTPUTS_AT_RECORD);
NN_FIELD_AT(nn_outputs_t, count, NN_OUTPUTS_AT_COUNT);
NN_FIELD_AT(nn_outputs_t, lines, NN_OUTPUTS_AT_LINES);
NN_FIELD_AT(nn_outputs_t, step, NN_OUTPUTS_AT_STEP);
NN_FIELD_AT(nn_outputs_t, line_step, NN_OUTPUTS_AT_LINE_STEP);
NN_FIELD_AT(nn_outputs_t, y_step, NN_OUTPUTS_AT_Y_STEP);
NN_FIELD_AT(nn_outputs_t, y_line_step, NN_OUTPUTS_AT_Y_LINE_STEP);
NN_FIELD_AT(nn_outputs_t, bits, NN_OUTPUTS_AT_BITS);
NN_FIELD_AT(nn_outputs_t, mode, NN_OUTPUTS_AT_MODE);
NN_FIELD_AT(nn_outputs_t, act_min, NN_OUTPUTS_AT_ACT_MIN);
NN_FIELD_AT(nn_outputs_t, act_max, NN_OUTPUTS_AT_ACT_MAX);
void nn_outputs_xtensa(const nn_outputs_t *job);

enum { NN_DOT_OUTPUTS = 8 };

/* sums[i] = sum over count inputs of (x[k] + 128) * weights[8 * k + i]. */
void nn_dot_columns_xtensa(const int8_t *x, const uint8_t *weights, int32_t count, uint32_t *sums);

/* sums[i] += sum over count inputs of (x[k] + offset) * weights[i * w_channel + k], of NN_CHANNELS channels. */
void nn_dot_run_xtensa(const int8_t *x, const int8_t *weights, int32_t w_channel, int32_t count, int32_t offset,
                       int32_t *sums);

/* What nn_sum_channels_xtensa reads, in this order: rows of runs of NN_CHANNELS neighbors, the steps from one run to
 * the next, and what is between the end of a row and the next one. */
typedef struct {
    const int8_t *x, *weights;
    int32_t rows, runs, x_run, w_run, x_skip, w_skip, offset;
} nn_channels_t;
NN_FIELD_AT(nn_channels_t, x, NN_CHANNELS_AT_X);
NN_FIELD_AT(nn_channels_t, weights, NN_CHANNELS_AT_WEIGHTS);
NN_FIELD_AT(nn_channels_t, rows, NN_CHANNELS_AT_ROWS);
NN_FIELD_AT(nn_channels_t, runs, NN_CHANNELS_AT_RUNS);
NN_FIELD_AT(nn_channels_t, x_run, NN_CHANNELS_AT_X_RUN);
NN_FIELD_AT(nn_channels_t, w_run, NN_CHANNELS_AT_W_RUN);
NN_FIELD_AT(nn_channels_t, x_skip, NN_CHANNELS_AT_X_SKIP);
NN_FIELD_AT(nn_channels_t, w_skip, NN_CHANNELS_AT_W_SKIP);
NN_FIELD_AT(nn_channels_t, offset, NN_CHANNELS_AT_OFFSET);
/* sums[i] = sum over the window, of at most 256 taps, of (x + offset) * w of channel i. */
void nn_sum_channels_xtensa(const nn_channels_t *job, int32_t *sums);

#endif
