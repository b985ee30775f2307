/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"

#include "window.h"

/* One output pixel; x is its batch's input, top and left the window's position on it. */
static void pixel(const nn_max_pool_2d_t *op, const int8_t *x, int8_t *y, int top, int left) {
    const nn_span_t rows = nn_clip_window(top, op->k_h, 1, op->in_h);
    const nn_span_t columns = nn_clip_window(left, op->k_w, 1, op->in_w);
    const int32_t channels = op->channels, x_row = op->in_w * channels;
    const int32_t height = rows.end - rows.first, width = columns.end - columns.first;
    x += (top + rows.first) * x_row + (left + columns.first) * channels;
    for (int32_t c = 0; c < channels; c++) {
        const int8_t *from = x + c;
        int32_t highest = INT8_MIN;
        for (int i = 0; i < height; i++, from += x_row)
            for (int j = 0; j < width; j++)
                highest = from[j * channels] > highest ? from[j * channels] : highest;
        *y++ = (int8_t)nn_clamp(highest, op->act_min, op->act_max);
    }
}

void nn_max_pool_2d_portable(const nn_max_pool_2d_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int n = 0; n < op->batches; n++, x += (int32_t)op->in_h * op->in_w * op->channels)
        for (int i = 0; i < op->out_h; i++)
            for (int j = 0; j < op->out_w; j++, y += op->channels)
                pixel(op, x, y, i * op->stride_h - op->pad_top, j * op->stride_w - op->pad_left);
}
