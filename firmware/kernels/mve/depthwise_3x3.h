/* SPDX-License-Identifier: Apache-2.0
 *
 * What depthwise_3x3.S computes: one line of outputs of four channels. */
#ifndef MVE_DEPTHWISE_3X3_H
#define MVE_DEPTHWISE_3X3_H

#include <stdint.h>

/* strips: of the group's first channel; the next ones follow strip_bytes apart. A strip holds three lines of the input,
 * interleaved: 3 bytes for each position. order: which weight belongs to which of the nine lanes. params: 4 biases,
 * shifts and multipliers. y_step: from two outputs to the next two. skip: lanes (2 a channel) of the first group not to
 * be written. groups: 1 or more, whose strips, weights, params and y follow each other. y_offsets: of
 * the eight outputs, the two positions alternately. */
typedef struct {
    const int8_t *strips;
    int32_t strip_bytes;
    const int8_t *weights;
    const uint8_t *order;
    const int32_t *params;
    int8_t *y;
    int32_t y_step, offset, count, skip, groups;
    uint16_t y_offsets[8];
    int32_t reserved;
} nn_depthwise_line_t;
_Static_assert(sizeof(nn_depthwise_line_t) == 64, "depthwise_3x3.S copies as much");

typedef void nn_depthwise_line_fn(const nn_depthwise_line_t *line);
nn_depthwise_line_fn nn_depthwise_line_1_relu_mve, nn_depthwise_line_1_any_mve;
nn_depthwise_line_fn nn_depthwise_line_2_relu_mve, nn_depthwise_line_2_any_mve;

#endif
