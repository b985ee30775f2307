/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "xtensa/own_layout.h"

/* One output pixel; x is its batch's input, top and left the window's position on it. */
static void pixel(const nn_conv_2d_t *op, const int8_t *x, int8_t *y, int top, int left) {
    const nn_output_t out = {op->bias,          op->multiplier, op->shift,  op->per_channel,
                             op->output_offset, op->act_min,    op->act_max};
    const nn_span_t rows = nn_clip_window(top, op->k_h, op->dilation_h, op->in_h);
    const nn_span_t columns = nn_clip_window(left, op->k_w, op->dilation_w, op->in_w);
    const int32_t in_c = op->in_c, w_row = op->k_w * in_c;
    nn_window_t window = {
        .rows = rows.end - rows.first,
        .runs = columns.end - columns.first,
        .length = in_c,
        .offset = op->input_offset,
        .x_row = op->dilation_h * op->in_w * in_c,
        .x_run = op->dilation_w * in_c,
        .w_row = w_row,
        .w_run = in_c,
    };
    if (op->dilation_w == 1) { /* the taps of one row are neighbors */
        window.length *= window.runs;
        window.runs = window.length > 0;
    }
    x += ((top + rows.first * op->dilation_h) * op->in_w + left + columns.first * op->dilation_w) * in_c;
    nn_dot_outputs(&window, &out, x, op->weights + rows.first * w_row + columns.first * in_c, op->k_h * w_row,
                   op->out_c, y);
}

void nn_conv_2d_xtensa(const nn_conv_2d_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int n = 0; n < op->batches; n++, x += (int32_t)op->in_h * op->in_w * op->in_c)
        for (int i = 0; i < op->out_h; i++)
            for (int j = 0; j < op->out_w; j++, y += op->out_c)
                pixel(op, x, y, i * op->stride_h - op->pad_top, j * op->stride_w - op->pad_left);
}
