/* SPDX-License-Identifier: Apache-2.0
 *
 * DEPTHWISE_CONV_2D on Cortex-M4, M7 and M33 with a depth multiplier of 1, channels in fours.
 *
 * Windows of up to 3x3: four channels at a time are gathered into planes of int16 pairs: neighbors along one axis of
 * the image, "along", share a word. "Lines" are across it. Memory of a channel's plane: two lines a slot, slot s of
 * pair q at 16 * q + 8 * s bytes, so that the four lines under two lines of outputs are 16 contiguous bytes a pair, and
 * the next slot takes the place of what is no longer needed. Padding is the input's zero point: its product is part of
 * the bias. */
#ifndef NN_DSP_DEPTHWISE_H
#define NN_DSP_DEPTHWISE_H

#include "nn.h"
#include "nn_offset.h"
#include "offsets.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Without scratch: planes of a few columns on the stack. */
nn_depthwise_conv_2d_fn nn_depthwise_conv_2d_dsp;
/* Any window, stride, padding and dilation. */
nn_depthwise_conv_2d_fn nn_depthwise_conv_2d_window_dsp;

/* One axis of the image: sizes, padding before the first element, and the bytes from one element of x and of y to the
 * next. */
typedef struct {
    int32_t in, out, pad, x_step, y_step;
} nn_depthwise_axis_t;

/* channels: five words each. Three have the bytes w0 w1 w1 w2 of a line of taps, then come the bias with the input's
 * offset in it and the multiplier. ups: positive, how far weights and bias are shifted up for the short requantization
 * (the bias is already); otherwise the shift. pairs and slots: the room in scratch. */
typedef struct {
    const int32_t *channels;
    const int8_t *ups;
    nn_depthwise_axis_t along, across;
    int32_t x_bytes, y_bytes, padding;
    uint16_t batches, out_c, stride, pairs, slots;
    int16_t output_offset, act_min, act_max;
} nn_depthwise_conv_2d_planes_dsp_t;
typedef void nn_depthwise_conv_2d_planes_dsp_fn(const nn_depthwise_conv_2d_planes_dsp_t *op, const int8_t *x, int8_t *y,
                                                void *scratch);
/* Planes of whole lines in scratch. */
nn_depthwise_conv_2d_planes_dsp_fn nn_depthwise_conv_2d_planes_dsp;
/* The same; y may be x, which has the same shape. */
typedef nn_depthwise_conv_2d_planes_dsp_t nn_depthwise_conv_2d_in_place_dsp_t;
typedef nn_depthwise_conv_2d_planes_dsp_fn nn_depthwise_conv_2d_in_place_dsp_fn;
nn_depthwise_conv_2d_in_place_dsp_fn nn_depthwise_conv_2d_in_place_dsp;

/* Windows of any length along one axis and of 1 along the other, of stride 1 and without padding; the clamp is int8's.
 * The model's own constants, but the bias has the input's offset in it. steps: pairs of taps. */
typedef struct {
    const int8_t *weights;
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    nn_depthwise_axis_t along, across;
    int32_t x_bytes, y_bytes;
    uint16_t batches, channels, taps, steps, pairs, per_channel;
    int16_t output_offset;
} nn_depthwise_conv_2d_line_dsp_t;
typedef void nn_depthwise_conv_2d_line_dsp_fn(const nn_depthwise_conv_2d_line_dsp_t *op, const int8_t *x, int8_t *y,
                                              void *scratch);
nn_depthwise_conv_2d_line_dsp_fn nn_depthwise_conv_2d_line_dsp;
/* The same; y may be x. */
typedef nn_depthwise_conv_2d_line_dsp_t nn_depthwise_conv_2d_line_in_place_dsp_t;
typedef nn_depthwise_conv_2d_line_dsp_fn nn_depthwise_conv_2d_line_in_place_dsp_fn;
nn_depthwise_conv_2d_line_in_place_dsp_fn nn_depthwise_conv_2d_line_in_place_dsp;

/* What the assembly takes, at the offsets that it knows. */

/* One channel. a[i] = weights (i, 0) and (i, 1), b[i] = (i, 1) and (i, 2), low halfword first. shift: 0 is the short
 * requantization, with everything multiplied beforehand such that a shift by SHIFT is left. */
typedef struct {
    int32_t bias;
    uint32_t a[3], b[3];
    int32_t multiplier, rounding, shift;
} nn_depthwise_channel_t;
NN_FIELD_AT(nn_depthwise_channel_t, bias, NN_DEPTHWISE_CHANNEL_AT_BIAS);
NN_FIELD_AT(nn_depthwise_channel_t, a, NN_DEPTHWISE_CHANNEL_AT_A);
NN_FIELD_AT(nn_depthwise_channel_t, b, NN_DEPTHWISE_CHANNEL_AT_B);
NN_FIELD_AT(nn_depthwise_channel_t, multiplier, NN_DEPTHWISE_CHANNEL_AT_MULTIPLIER);
NN_FIELD_AT(nn_depthwise_channel_t, rounding, NN_DEPTHWISE_CHANNEL_AT_ROUNDING);
NN_FIELD_AT(nn_depthwise_channel_t, shift, NN_DEPTHWISE_CHANNEL_AT_SHIFT);
NN_SIZE_IS(nn_depthwise_channel_t, NN_DEPTHWISE_CHANNEL_BYTES);

/* Four channels from the words and ups of nn_depthwise_conv_2d_planes_dsp_t. */
void nn_depthwise_prepare_dsp(const int32_t *words, const int8_t *ups, nn_depthwise_channel_t *channels);

/* from: an element of channel 0, below which two lines begin at a distance of line_step bytes, their elements step
 * bytes apart. to: where the first pair of channel 0 goes. lead: the first element is padding. halves: elements left
 * after that, odd or even, minus 2. trail: a pair of padding follows. */
typedef struct {
    const int8_t *from;
    int32_t line_step, step;
    uint32_t *to;
    int32_t plane_bytes, halves, lead, trail;
    uint32_t padding;
} nn_depthwise_gather_t;
NN_FIELD_AT(nn_depthwise_gather_t, from, NN_DEPTHWISE_GATHER_AT_FROM);
NN_FIELD_AT(nn_depthwise_gather_t, line_step, NN_DEPTHWISE_GATHER_AT_LINE_STEP);
NN_FIELD_AT(nn_depthwise_gather_t, step, NN_DEPTHWISE_GATHER_AT_STEP);
NN_FIELD_AT(nn_depthwise_gather_t, to, NN_DEPTHWISE_GATHER_AT_TO);
NN_FIELD_AT(nn_depthwise_gather_t, plane_bytes, NN_DEPTHWISE_GATHER_AT_PLANE_BYTES);
NN_FIELD_AT(nn_depthwise_gather_t, halves, NN_DEPTHWISE_GATHER_AT_HALVES);
NN_FIELD_AT(nn_depthwise_gather_t, lead, NN_DEPTHWISE_GATHER_AT_LEAD);
NN_FIELD_AT(nn_depthwise_gather_t, trail, NN_DEPTHWISE_GATHER_AT_TRAIL);
NN_FIELD_AT(nn_depthwise_gather_t, padding, NN_DEPTHWISE_GATHER_AT_PADDING);
void nn_depthwise_gather_dsp(const nn_depthwise_gather_t *gather);

enum { NN_DEPTHWISE_TWO_LINES, NN_DEPTHWISE_ONE_LINE, NN_DEPTHWISE_STRIDE_2 };

/* One or two lines of outputs of four channels. end: 16 bytes beyond from for each whole pair of outputs (with stride 2
 * for each output); odd: one more output follows. The skips lead from there to the next channel; line_step is 0 where
 * there is one line. */
typedef struct {
    const uint32_t *from;
    const nn_depthwise_channel_t *channels;
    int8_t *y;
    int32_t step, line_step;
    const uint32_t *end;
    int32_t odd, from_skip, y_skip, plane_bytes;
    const nn_depthwise_channel_t *channels_end;
    int32_t lines, output_offset, act_min, act_max;
} nn_depthwise_lines_t;
NN_FIELD_AT(nn_depthwise_lines_t, from, NN_DEPTHWISE_LINES_AT_FROM);
NN_FIELD_AT(nn_depthwise_lines_t, channels, NN_DEPTHWISE_LINES_AT_CHANNELS);
NN_FIELD_AT(nn_depthwise_lines_t, y, NN_DEPTHWISE_LINES_AT_Y);
NN_FIELD_AT(nn_depthwise_lines_t, step, NN_DEPTHWISE_LINES_AT_STEP);
NN_FIELD_AT(nn_depthwise_lines_t, line_step, NN_DEPTHWISE_LINES_AT_LINE_STEP);
NN_FIELD_AT(nn_depthwise_lines_t, end, NN_DEPTHWISE_LINES_AT_END);
NN_FIELD_AT(nn_depthwise_lines_t, odd, NN_DEPTHWISE_LINES_AT_ODD);
NN_FIELD_AT(nn_depthwise_lines_t, from_skip, NN_DEPTHWISE_LINES_AT_FROM_SKIP);
NN_FIELD_AT(nn_depthwise_lines_t, y_skip, NN_DEPTHWISE_LINES_AT_Y_SKIP);
NN_FIELD_AT(nn_depthwise_lines_t, plane_bytes, NN_DEPTHWISE_LINES_AT_PLANE_BYTES);
NN_FIELD_AT(nn_depthwise_lines_t, channels_end, NN_DEPTHWISE_LINES_AT_CHANNELS_END);
NN_FIELD_AT(nn_depthwise_lines_t, lines, NN_DEPTHWISE_LINES_AT_LINES);
NN_FIELD_AT(nn_depthwise_lines_t, output_offset, NN_DEPTHWISE_LINES_AT_OUTPUT_OFFSET);
NN_FIELD_AT(nn_depthwise_lines_t, act_min, NN_DEPTHWISE_LINES_AT_ACT_MIN);
NN_FIELD_AT(nn_depthwise_lines_t, act_max, NN_DEPTHWISE_LINES_AT_ACT_MAX);
void nn_depthwise_lines_dsp(const nn_depthwise_lines_t *lines);

/* One line of outputs of one channel. from and taps: pairs 16 bytes apart; back = 16 * (steps - 1). left counts down.
 */
typedef struct {
    const uint32_t *from, *taps;
    int8_t *y;
    int32_t bias, steps, multiplier, rounding, shift, step, left, back;
} nn_depthwise_line_t;
NN_FIELD_AT(nn_depthwise_line_t, from, NN_DEPTHWISE_LINE_AT_FROM);
NN_FIELD_AT(nn_depthwise_line_t, taps, NN_DEPTHWISE_LINE_AT_TAPS);
NN_FIELD_AT(nn_depthwise_line_t, y, NN_DEPTHWISE_LINE_AT_Y);
NN_FIELD_AT(nn_depthwise_line_t, bias, NN_DEPTHWISE_LINE_AT_BIAS);
NN_FIELD_AT(nn_depthwise_line_t, steps, NN_DEPTHWISE_LINE_AT_STEPS);
NN_FIELD_AT(nn_depthwise_line_t, multiplier, NN_DEPTHWISE_LINE_AT_MULTIPLIER);
NN_FIELD_AT(nn_depthwise_line_t, rounding, NN_DEPTHWISE_LINE_AT_ROUNDING);
NN_FIELD_AT(nn_depthwise_line_t, shift, NN_DEPTHWISE_LINE_AT_SHIFT);
NN_FIELD_AT(nn_depthwise_line_t, step, NN_DEPTHWISE_LINE_AT_STEP);
NN_FIELD_AT(nn_depthwise_line_t, left, NN_DEPTHWISE_LINE_AT_LEFT);
NN_FIELD_AT(nn_depthwise_line_t, back, NN_DEPTHWISE_LINE_AT_BACK);
void nn_depthwise_line_dsp(nn_depthwise_line_t *line);

/* A window's sums of four channels: rows of runs taps; from one to the next it is x_run and w_run bytes, and as many as
 * x_skip and w_skip more to the next row. offset: the input's in both halfwords. */
typedef struct {
    int32_t rows, runs;
    uint32_t offset;
    int32_t x_run, w_run, x_skip, w_skip;
} nn_depthwise_taps_t;
NN_FIELD_AT(nn_depthwise_taps_t, rows, NN_DEPTHWISE_TAPS_AT_ROWS);
NN_FIELD_AT(nn_depthwise_taps_t, runs, NN_DEPTHWISE_TAPS_AT_RUNS);
NN_FIELD_AT(nn_depthwise_taps_t, offset, NN_DEPTHWISE_TAPS_AT_OFFSET);
NN_FIELD_AT(nn_depthwise_taps_t, x_run, NN_DEPTHWISE_TAPS_AT_X_RUN);
NN_FIELD_AT(nn_depthwise_taps_t, w_run, NN_DEPTHWISE_TAPS_AT_W_RUN);
NN_FIELD_AT(nn_depthwise_taps_t, x_skip, NN_DEPTHWISE_TAPS_AT_X_SKIP);
NN_FIELD_AT(nn_depthwise_taps_t, w_skip, NN_DEPTHWISE_TAPS_AT_W_SKIP);
void nn_depthwise_taps_dsp(const nn_depthwise_taps_t *taps, const int8_t *x, const int8_t *w, uint32_t sums[4]);

#ifdef __cplusplus
}
#endif
#endif
