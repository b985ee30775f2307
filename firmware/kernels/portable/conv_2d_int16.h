/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D and FULLY_CONNECTED of int16 around any way to add products. */
#ifndef NN_PORTABLE_CONV_2D_INT16_H
#define NN_PORTABLE_CONV_2D_INT16_H

#include "wide.h"

/* One output pixel; x is its batch's input, top and left the window's position on it. */
static inline void nn_conv_2d_int16_pixel(const nn_conv_2d_int16_t *op, const int16_t *x, int16_t *y, int32_t top,
                                          int32_t left, nn_wide_add_fn *add) {
    const nn_wide_output_t out = {op->bias, op->multiplier, op->shift, op->wide, op->act_min, op->act_max};
    const nn_span_t rows = nn_clip_window(top, op->k_h, op->dilation_h, op->in_h);
    const nn_span_t columns = nn_clip_window(left, op->k_w, op->dilation_w, op->in_w);
    const int32_t in_c = op->in_c, group_c = op->group_c, out_c = op->out_c;
    const int32_t group_out_c = out_c / (in_c / group_c), w_channel = op->k_h * op->k_w * group_c;
    /* The taps of one row are neighbors where there is one group and no dilation. */
    const int joined = op->dilation_w == 1 && group_c == in_c;
    const int32_t runs = joined ? columns.end > columns.first : columns.end - columns.first;
    const int32_t length = joined ? (columns.end - columns.first) * group_c : group_c;
    for (int32_t group = 0; group < out_c; group += group_out_c, x += group_c)
        for (int32_t c = group; c < group + group_out_c;) {
            /* The last block is moved back to be a whole one; where there is none, channels go one at a time. */
            const int32_t count = group_out_c < NN_WIDE_CHANNELS ? 1 : NN_WIDE_CHANNELS;
            c = c > group + group_out_c - count ? group + group_out_c - count : c;
            int64_t sums[NN_WIDE_CHANNELS] = {0};
            for (int32_t i = rows.first; i < rows.end; i++) {
                const int32_t row = (top + i * op->dilation_h) * op->in_w;
                for (int32_t j = columns.first; j < columns.first + runs; j++) {
                    const int8_t *w = op->weights + c * w_channel + (i * op->k_w + j) * group_c;
                    add(x + (row + left + j * op->dilation_w) * in_c, w, count > 1 ? w_channel : 0, length, sums);
                }
            }
            for (int32_t i = 0; i < count; i++, c++)
                y[c] = nn_wide_output(&out, c, sums[i]);
        }
}

static inline void nn_conv_2d_int16_by(const nn_conv_2d_int16_t *op, const int16_t *x, int16_t *y,
                                       nn_wide_add_fn *add) {
    for (int32_t n = 0; n < op->batches; n++, x += op->in_h * op->in_w * op->in_c)
        for (int32_t i = 0; i < op->out_h; i++)
            for (int32_t j = 0; j < op->out_w; j++, y += op->out_c)
                nn_conv_2d_int16_pixel(op, x, y, i * op->stride_h - op->pad_top, j * op->stride_w - op->pad_left, add);
}

#endif
