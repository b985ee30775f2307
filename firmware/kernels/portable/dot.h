/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D and FULLY_CONNECTED around any dot product. */
#ifndef NN_PORTABLE_DOT_H
#define NN_PORTABLE_DOT_H

#include "nn.h"

#include "window.h"

#define NN_DOT_CHANNELS 4 /* output channels that share each load of an input */

/* acc[i] = sum over the window of (x + offset) * w of channel i; each channel's weights are w_channel after the one
 * before. */
typedef void nn_dot_fn(const nn_window_t *window, const int8_t *x, const int8_t *w, int32_t w_channel,
                       uint32_t acc[NN_DOT_CHANNELS]);

/* Not inlined, so that the inner loop has the registers to itself. */
__attribute__((noinline, unused)) static void nn_dot_portable(const nn_window_t *window, const int8_t *x,
                                                              const int8_t *w, int32_t w_channel,
                                                              uint32_t acc[NN_DOT_CHANNELS]) {
    const int32_t offset = window->offset;
    uint32_t a = 0, b = 0, c = 0, d = 0;
    for (int32_t row = 0; row < window->rows; row++, x += window->x_row, w += window->w_row)
        for (int32_t run = 0; run < window->runs; run++) {
            const int8_t *from = x + run * window->x_run, *end = from + window->length;
            const int8_t *wa = w + run * window->w_run;
            const int8_t *wb = wa + w_channel, *wc = wb + w_channel, *wd = wc + w_channel;
            while (from < end) {
                int32_t value = *from++ + offset;
                a += (uint32_t)(value * *wa++);
                b += (uint32_t)(value * *wb++);
                c += (uint32_t)(value * *wc++);
                d += (uint32_t)(value * *wd++);
            }
        }
    acc[0] = a;
    acc[1] = b;
    acc[2] = c;
    acc[3] = d;
}

/* y[begin] to y[end - 1]. The last block is moved back to be a whole one, which computes some channels twice; where
 * there is no whole block, channels go one at a time. */
static inline void nn_dot_outputs(const nn_window_t *window, const nn_output_t *out, const int8_t *x,
                                  const int8_t *weights, int32_t w_channel, int32_t begin, int32_t end, int8_t *y,
                                  nn_dot_fn *dot) {
    const int32_t step = end - begin >= NN_DOT_CHANNELS ? NN_DOT_CHANNELS : 1;
    for (int32_t c = begin; c < end; c += step) {
        uint32_t acc[NN_DOT_CHANNELS];
        if (c > end - step)
            c = end - step;
        dot(window, x, weights + c * w_channel, step > 1 ? w_channel : 0, acc);
        nn_output(out, c, acc, step, y + c);
    }
}

/* One output pixel; x is its batch's input, top and left the clipped window's position on it. */
static inline void nn_conv_2d_pixel(const nn_conv_2d_t *op, const int8_t *x, int8_t *y, int top, int left,
                                    nn_dot_fn *dot) {
    const nn_output_t out = {op->bias,          op->multiplier, op->shift,  op->per_channel,
                             op->output_offset, op->act_min,    op->act_max};
    const nn_span_t rows = nn_clip_window(top, op->k_h, op->dilation_h, op->in_h);
    const nn_span_t columns = nn_clip_window(left, op->k_w, op->dilation_w, op->in_w);
    const int32_t in_c = op->in_c, group_c = op->group_c, out_c = op->out_c;
    const int32_t group_out_c = out_c * group_c / in_c;
    const int32_t w_row = op->k_w * group_c, w_channel = op->k_h * w_row;
    nn_window_t window = {
        .rows = rows.end - rows.first,
        .runs = columns.end - columns.first,
        .length = group_c,
        .offset = op->input_offset,
        .x_row = op->dilation_h * op->in_w * in_c,
        .x_run = op->dilation_w * in_c,
        .w_row = w_row,
        .w_run = group_c,
    };
    if (op->dilation_w == 1 && group_c == in_c) { /* the taps of one row are neighbors: one run each */
        window.length *= window.runs;
        window.runs = window.rows;
        window.rows = 1;
        window.x_run = window.x_row;
        window.w_run = window.w_row;
    }
    const int8_t *w = op->weights + rows.first * w_row + columns.first * group_c;
    x += ((top + rows.first * op->dilation_h) * op->in_w + left + columns.first * op->dilation_w) * in_c;

    for (int32_t c = 0; c < out_c; c += group_out_c, x += group_c)
        nn_dot_outputs(&window, &out, x, w, w_channel, c, c + group_out_c, y, dot);
}

static inline void nn_conv_2d_by_dot(const nn_conv_2d_t *op, const int8_t *x, int8_t *y, nn_dot_fn *dot) {
    for (int n = 0; n < op->batches; n++, x += (int32_t)op->in_h * op->in_w * op->in_c)
        for (int i = 0; i < op->out_h; i++)
            for (int j = 0; j < op->out_w; j++, y += op->out_c)
                nn_conv_2d_pixel(op, x, y, i * op->stride_h - op->pad_top, j * op->stride_w - op->pad_left, dot);
}

static inline void nn_fully_connected_by_dot(const nn_fully_connected_t *op, const int8_t *x, int8_t *y,
                                             nn_dot_fn *dot) {
    const nn_output_t out = {op->bias,          op->multiplier, op->shift,  op->per_channel,
                             op->output_offset, op->act_min,    op->act_max};
    const int32_t in_n = op->in_n, out_n = op->out_n;
    const nn_window_t window = {.rows = 1, .runs = 1, .length = in_n, .offset = op->input_offset};
    for (int32_t n = 0; n < op->batches; n++, x += in_n, y += out_n)
        nn_dot_outputs(&window, &out, x, op->weights, in_n, 0, out_n, y, dot);
}

#endif
