/* SPDX-License-Identifier: Apache-2.0
 *
 * DEPTHWISE_CONV_2D with a multiplier of 1: one channel at a time, all of whose inputs are on a padded plane of words
 * in scratch before outputs take their places; so y may be x. "Along" is the image's axis with more outputs, and the
 * plane's lines; "across" the other one. */
#ifndef NN_XTENSA_DEPTHWISE_H
#define NN_XTENSA_DEPTHWISE_H

#include "nn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One axis of the image: the elements that matter of x, outputs, padding before, and the bytes from one element of x
 * and of y to the next. */
typedef struct {
    int32_t in, out, pad, stride, x_step, y_step;
} nn_depthwise_axis_xtensa_t;

/* weights: channels x (taps across) x (taps along), 128 too much each. records: one for each channel, as in block.h.
 * pad_value: the input's zero point. The plane has `lines` lines, pitch words apart, of `used` words; the first
 * `refill` have padding that sums may overwrite. */
typedef struct {
    const uint8_t *weights;
    const int32_t *records;
    nn_depthwise_axis_xtensa_t along, across;
    int32_t x_bytes, y_bytes;
    int16_t pad_value, output_offset, act_min, act_max;
    uint16_t batches, channels, taps_across, taps_along, pitch, lines, used, refill, mode, bits;
} nn_depthwise_conv_2d_3x3_xtensa_t;
typedef void nn_depthwise_conv_2d_3x3_xtensa_fn(const nn_depthwise_conv_2d_3x3_xtensa_t *op, const int8_t *x, int8_t *y,
                                                void *scratch);
/* Windows of 3x3, smaller ones with weights of 0, and the same stride, 1 or 2, both ways. */
nn_depthwise_conv_2d_3x3_xtensa_fn nn_depthwise_conv_2d_3x3_xtensa;

/* Any window and any strides. */
typedef nn_depthwise_conv_2d_3x3_xtensa_t nn_depthwise_conv_2d_window_xtensa_t;
typedef nn_depthwise_conv_2d_3x3_xtensa_fn nn_depthwise_conv_2d_window_xtensa_fn;
nn_depthwise_conv_2d_window_xtensa_fn nn_depthwise_conv_2d_window_xtensa;

#ifdef __cplusplus
}
#endif
#endif
