/* SPDX-License-Identifier: Apache-2.0
 *
 * What depthwise_taps.S computes: eight neighbouring outputs, or one, for pairs of channels. */
#ifndef MVE_DEPTHWISE_TAPS_H
#define MVE_DEPTHWISE_TAPS_H

#include <stdint.h>

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
_Static_assert(sizeof(nn_depthwise_taps_t) == 40, "depthwise_taps.S has the offsets");

typedef void nn_depthwise_taps_fn(const nn_depthwise_taps_t *job);
nn_depthwise_taps_fn nn_depthwise_taps_one_mve, nn_depthwise_taps_eight_mve;

#endif
