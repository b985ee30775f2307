/* SPDX-License-Identifier: Apache-2.0 */
#include "wide.h"

/* One output pixel; x is its batch's input, top and left the window's position on it. */
static void pixel(const nn_depthwise_conv_2d_int16_t *op, const int16_t *x, int16_t *y, int32_t top, int32_t left) {
    const nn_wide_output_t out = {op->bias, op->multiplier, op->shift, op->wide, op->act_min, op->act_max};
    const nn_span_t rows = nn_clip_window(top, op->k_h, op->dilation_h, op->in_h);
    const nn_span_t columns = nn_clip_window(left, op->k_w, op->dilation_w, op->in_w);
    const int32_t in_c = op->in_c, out_c = op->out_c, x_run = op->dilation_w * in_c;
    const int32_t width = columns.end - columns.first;
    for (int32_t c = 0, m = 0; c < out_c; c++) {
        int64_t sum = 0;
        for (int32_t i = rows.first; i < rows.end && width > 0; i++) {
            const int32_t row = (top + i * op->dilation_h) * op->in_w + left + columns.first * op->dilation_w;
            const int16_t *from = x + row * in_c;
            const int8_t *w = op->weights + (i * op->k_w + columns.first) * out_c + c;
            for (int32_t j = width; j > 0; j--, from += x_run, w += out_c)
                sum += (int32_t)*from * *w;
        }
        y[c] = nn_wide_output(&out, c, sum);
        if (++m == op->depth_multiplier) { /* on to the next input channel */
            x++;
            m = 0;
        }
    }
}

void nn_depthwise_conv_2d_int16_portable(const nn_depthwise_conv_2d_int16_t *op, const int16_t *x, int16_t *y,
                                         void *scratch) {
    (void)scratch;
    for (int32_t n = 0; n < op->batches; n++, x += op->in_h * op->in_w * op->in_c)
        for (int32_t i = 0; i < op->out_h; i++)
            for (int32_t j = 0; j < op->out_w; j++, y += op->out_c)
                pixel(op, x, y, i * op->stride_h - op->pad_top, j * op->stride_w - op->pad_left);
}
