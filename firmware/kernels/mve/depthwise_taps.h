/* SPDX-License-Identifier: Apache-2.0
 *
 * What depthwise_taps.S computes: eight neighboring outputs, or one, for pairs of channels. */
#ifndef MVE_DEPTHWISE_TAPS_H
#define MVE_DEPTHWISE_TAPS_H

#include <stdint.h>

#include "nn_offset.h"
#include "offsets.h"

/* strips: of the first channel, from the first output's window on; the next ones follow strip_bytes apart. channels:
 * depthwise.h has the layout. y_offsets: of the outputs,
 * in the order 0 4 2 6 1 5 3 7. */
typedef struct {
    int32_t strip_bytes, pairs;
    const int32_t *channels;
    const int8_t *strips;
    int8_t *y;
    int32_t offset;
    uint16_t y_offsets[8];
} nn_depthwise_taps_t;
NN_FIELD_AT(nn_depthwise_taps_t, strip_bytes, NN_DEPTHWISE_TAPS_AT_STRIP_BYTES);
NN_FIELD_AT(nn_depthwise_taps_t, pairs, NN_DEPTHWISE_TAPS_AT_PAIRS);
NN_FIELD_AT(nn_depthwise_taps_t, channels, NN_DEPTHWISE_TAPS_AT_CHANNELS);
NN_FIELD_AT(nn_depthwise_taps_t, strips, NN_DEPTHWISE_TAPS_AT_STRIPS);
NN_FIELD_AT(nn_depthwise_taps_t, y, NN_DEPTHWISE_TAPS_AT_Y);
NN_FIELD_AT(nn_depthwise_taps_t, offset, NN_DEPTHWISE_TAPS_AT_OFFSET);
NN_FIELD_AT(nn_depthwise_taps_t, y_offsets, NN_DEPTHWISE_TAPS_AT_Y_OFFSETS);
NN_SIZE_IS(nn_depthwise_taps_t, NN_DEPTHWISE_TAPS_BYTES);

typedef void nn_depthwise_taps_fn(const nn_depthwise_taps_t *job);
nn_depthwise_taps_fn nn_depthwise_taps_one_mve, nn_depthwise_taps_eight_mve;

#endif
