/* SPDX-License-Identifier: Apache-2.0
 *
 * AVERAGE_POOL_2D of any type: NN_ELEMENT; NN_POOL is the kernel's name. */
#include "nn.h"

#include "window.h"

/* One output pixel; x is its batch's input, top and left the window's position on it. */
static void pixel(const nn_pool_2d_t *op, const NN_ELEMENT *x, NN_ELEMENT *y, int top, int left) {
    const nn_span_t rows = nn_clip_window(top, op->k_h, 1, op->in_h);
    const nn_span_t columns = nn_clip_window(left, op->k_w, 1, op->in_w);
    const int32_t channels = op->channels, x_row = op->in_w * channels;
    const int32_t height = rows.end - rows.first, width = columns.end - columns.first;
    const int32_t count = height * width;
    x += (top + rows.first) * x_row + (left + columns.first) * channels;
    for (int32_t c = 0; c < channels; c++) {
        const NN_ELEMENT *from = x + c;
        int32_t sum = 0;
        for (int i = 0; i < height; i++, from += x_row)
            for (int j = 0; j < width; j++)
                sum += from[j * channels];
        /* Half away from zero, as C's division truncates. */
        int32_t mean = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
        *y++ = (NN_ELEMENT)nn_clamp(mean, op->act_min, op->act_max);
    }
}

void NN_POOL(const nn_pool_2d_t *op, const NN_ELEMENT *x, NN_ELEMENT *y, void *scratch) {
    (void)scratch;
    for (int n = 0; n < op->batches; n++, x += (int32_t)op->in_h * op->in_w * op->channels)
        for (int i = 0; i < op->out_h; i++)
            for (int j = 0; j < op->out_w; j++, y += op->channels)
                pixel(op, x, y, i * op->stride_h - op->pad_top, j * op->stride_w - op->pad_left);
}
