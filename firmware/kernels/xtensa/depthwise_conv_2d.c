/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "xtensa/own_layout.h"

/* One output pixel; x is its batch's input, top and left the window's position on it. The last four channels begin
 * where there are four. */
static void pixel(const nn_depthwise_conv_2d_t *op, const int8_t *x, int8_t *y, int top, int left) {
    const nn_output_t out = {op->bias,          op->multiplier, op->shift,  op->per_channel,
                             op->output_offset, op->act_min,    op->act_max};
    const nn_span_t rows = nn_clip_window(top, op->k_h, op->dilation_h, op->in_h);
    const nn_span_t columns = nn_clip_window(left, op->k_w, op->dilation_w, op->in_w);
    const int32_t channels = op->out_c, runs = columns.end - columns.first;
    const int32_t x_run = op->dilation_w * channels;
    const int8_t *w = op->weights + (rows.first * op->k_w + columns.first) * channels;
    nn_channels_t job = {0,
                         0,
                         rows.end - rows.first,
                         runs,
                         x_run,
                         channels,
                         op->dilation_h * op->in_w * channels - runs * x_run,
                         (op->k_w - runs) * channels,
                         op->input_offset};
    x += ((top + rows.first * op->dilation_h) * op->in_w + left + columns.first * op->dilation_w) * channels;
    for (int32_t c = 0; c < channels; c += NN_CHANNELS) {
        int32_t sums[NN_CHANNELS] = {0};
        if (c > channels - NN_CHANNELS)
            c = channels - NN_CHANNELS;
        job.x = x + c;
        job.weights = w + c;
        if (job.rows > 0 && runs > 0)
            nn_sum_channels_xtensa(&job, sums);
        nn_four_outputs(&out, c, sums, y + c);
    }
}

void nn_depthwise_conv_2d_xtensa(const nn_depthwise_conv_2d_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int n = 0; n < op->batches; n++, x += (int32_t)op->in_h * op->in_w * op->in_c)
        for (int i = 0; i < op->out_h; i++)
            for (int j = 0; j < op->out_w; j++, y += op->out_c)
                pixel(op, x, y, i * op->stride_h - op->pad_top, j * op->stride_w - op->pad_left);
}
