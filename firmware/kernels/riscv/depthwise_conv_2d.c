/* SPDX-License-Identifier: Apache-2.0 */
#include "portable/window.h"
#include "riscv/block.h"
#include "riscv/kernels.h"

/* One output pixel; x is its batch's input, top and left the window's position on it. */
static void pixel(const nn_depthwise_conv_2d_t *op, const int8_t *x, int8_t *y, int top, int left) {
    const nn_span_t rows = nn_clip_window(top, op->k_h, op->dilation_h, op->in_h);
    const nn_span_t columns = nn_clip_window(left, op->k_w, op->dilation_w, op->in_w);
    const int32_t channels = op->in_c, x_row = op->dilation_h * op->in_w * channels, w_row = op->k_w * channels;
    const int32_t first_row = top + rows.first * op->dilation_h, first_column = left + columns.first * op->dilation_w;
    nn_depthwise_window_t window = {
        .x = x + (first_row * op->in_w + first_column) * channels,
        .weights = op->weights + (rows.first * op->k_w + columns.first) * channels,
        .y = y,
        .y_end = y + channels,
        .rows = rows.end - rows.first,
        .runs = columns.end - columns.first,
        .x_run = op->dilation_w * channels,
        .w_run = channels,
        .offset = op->input_offset,
        .bias = op->bias,
        .multiplier = op->multiplier,
        .shift = op->shift,
        .output_offset = op->output_offset,
        .act_min = op->act_min,
        .act_max = op->act_max,
    };
    if (window.runs == 1) { /* a column is a row */
        window.runs = window.rows;
        window.rows = 1;
        window.x_run = x_row;
        window.w_run = w_row;
    }
    window.x_skip = x_row - window.runs * window.x_run;
    window.w_skip = w_row - window.runs * window.w_run;
    nn_depthwise_window_riscv(&window);
}

void nn_depthwise_conv_2d_riscv(const nn_depthwise_conv_2d_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int n = 0; n < op->batches; n++, x += (int32_t)op->in_h * op->in_w * op->in_c)
        for (int i = 0; i < op->out_h; i++)
            for (int j = 0; j < op->out_w; j++, y += op->out_c)
                pixel(op, x, y, i * op->stride_h - op->pad_top, j * op->stride_w - op->pad_left);
}
