/* SPDX-License-Identifier: Apache-2.0
 *
 * What depthwise_3x3.S computes: some lines of outputs of groups of four channels. */
#ifndef MVE_DEPTHWISE_3X3_H
#define MVE_DEPTHWISE_3X3_H

#include <stdint.h>

#include "nn_offset.h"
#include "offsets.h"

/* A strip holds six lines of a channel's input, interleaved: 6 bytes for each position, so that a window is nine of
 * sixteen neighbors. strip_bytes: from a channel's strip to the next one's; odd: 1 if a line has an odd number of
 * outputs; pairs: of outputs in a line; strips: of the first channel, from the first line's window on; params: 4
 * biases, shifts and multipliers a group. strip_line, y_line: from the end of a line to the next one's start; y_step:
 * from two outputs to the next two. groups: 1 or more, whose strips, weights, params and y follow each other.
 * y_offsets: of the eight outputs, the two positions alternately. */
typedef struct {
    int32_t strip_bytes, odd, pairs;
    const int8_t *strips, *weights;
    const int32_t *params;
    int8_t *y;
    int32_t lines, y_step, offset, strip_line, y_line;
    uint16_t y_offsets[8];
    int32_t groups;
} nn_depthwise_lines_t;
NN_FIELD_AT(nn_depthwise_lines_t, strip_bytes, NN_DEPTHWISE_LINES_AT_STRIP_BYTES);
NN_FIELD_AT(nn_depthwise_lines_t, odd, NN_DEPTHWISE_LINES_AT_ODD);
NN_FIELD_AT(nn_depthwise_lines_t, pairs, NN_DEPTHWISE_LINES_AT_PAIRS);
NN_FIELD_AT(nn_depthwise_lines_t, strips, NN_DEPTHWISE_LINES_AT_STRIPS);
NN_FIELD_AT(nn_depthwise_lines_t, weights, NN_DEPTHWISE_LINES_AT_WEIGHTS);
NN_FIELD_AT(nn_depthwise_lines_t, params, NN_DEPTHWISE_LINES_AT_PARAMS);
NN_FIELD_AT(nn_depthwise_lines_t, y, NN_DEPTHWISE_LINES_AT_Y);
NN_FIELD_AT(nn_depthwise_lines_t, lines, NN_DEPTHWISE_LINES_AT_LINES);
NN_FIELD_AT(nn_depthwise_lines_t, y_step, NN_DEPTHWISE_LINES_AT_Y_STEP);
NN_FIELD_AT(nn_depthwise_lines_t, offset, NN_DEPTHWISE_LINES_AT_OFFSET);
NN_FIELD_AT(nn_depthwise_lines_t, strip_line, NN_DEPTHWISE_LINES_AT_STRIP_LINE);
NN_FIELD_AT(nn_depthwise_lines_t, y_line, NN_DEPTHWISE_LINES_AT_Y_LINE);
NN_FIELD_AT(nn_depthwise_lines_t, y_offsets, NN_DEPTHWISE_LINES_AT_Y_OFFSETS);
NN_FIELD_AT(nn_depthwise_lines_t, groups, NN_DEPTHWISE_LINES_AT_GROUPS);
NN_SIZE_IS(nn_depthwise_lines_t, NN_DEPTHWISE_LINES_BYTES);

typedef void nn_depthwise_lines_fn(const nn_depthwise_lines_t *job);
nn_depthwise_lines_fn nn_depthwise_lines_1_relu_mve, nn_depthwise_lines_1_any_mve;
nn_depthwise_lines_fn nn_depthwise_lines_2_relu_mve, nn_depthwise_lines_2_any_mve;

#endif
