/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"

#include "window.h"

#define BLOCK 32 /* channels whose sums are held at once */

/* acc[i] = sum over the window of (x + offset) * w of channel i. Four neighbors at once share the loops and the
 * address arithmetic. Not inlined, so that the inner loop has the registers to itself. */
__attribute__((noinline)) static void sum_channels(const nn_window_t *window, const int8_t *x, const int8_t *w,
                                                   int32_t channels, uint32_t *acc) {
    const int32_t offset = window->offset, x_run = window->x_run, w_run = window->w_run;
    const int32_t x_skip = window->x_row - window->runs * x_run, w_skip = window->w_row - window->runs * w_run;
    for (; channels >= 4; channels -= 4, x += 4, w += 4) {
        const int8_t *xs = x, *ws = w;
        uint32_t a = 0, b = 0, c = 0, d = 0;
        for (int32_t i = window->rows; i > 0; i--, xs += x_skip, ws += w_skip)
            for (int32_t j = window->runs; j > 0; j--, xs += x_run, ws += w_run) {
                a += (uint32_t)((xs[0] + offset) * ws[0]);
                b += (uint32_t)((xs[1] + offset) * ws[1]);
                c += (uint32_t)((xs[2] + offset) * ws[2]);
                d += (uint32_t)((xs[3] + offset) * ws[3]);
            }
        *acc++ = a;
        *acc++ = b;
        *acc++ = c;
        *acc++ = d;
    }
    for (; channels > 0; channels--, x++, w++) {
        const int8_t *xs = x, *ws = w;
        uint32_t a = 0;
        for (int32_t i = window->rows; i > 0; i--, xs += x_skip, ws += w_skip)
            for (int32_t j = window->runs; j > 0; j--, xs += x_run, ws += w_run)
                a += (uint32_t)((*xs + offset) * *ws);
        *acc++ = a;
    }
}

/* One output pixel; x is its batch's input, top and left the window's position on it. */
static void pixel(const nn_depthwise_conv_2d_t *op, const int8_t *x, int8_t *y, int top, int left) {
    const nn_output_t out = {op->bias,          op->multiplier, op->shift,  op->per_channel,
                             op->output_offset, op->act_min,    op->act_max};
    const nn_span_t rows = nn_clip_window(top, op->k_h, op->dilation_h, op->in_h);
    const nn_span_t columns = nn_clip_window(left, op->k_w, op->dilation_w, op->in_w);
    const int32_t in_c = op->in_c, out_c = op->out_c, multiplier = op->depth_multiplier;
    const nn_window_t window = {
        .rows = rows.end - rows.first,
        .runs = columns.end - columns.first,
        .length = 1,
        .offset = op->input_offset,
        .x_row = op->dilation_h * op->in_w * in_c,
        .x_run = op->dilation_w * in_c,
        .w_row = op->k_w * out_c,
        .w_run = out_c,
    };
    const int8_t *w = op->weights + (rows.first * op->k_w + columns.first) * out_c;
    x += ((top + rows.first * op->dilation_h) * op->in_w + left + columns.first * op->dilation_w) * in_c;

    for (int32_t c = 0, m = 0, count; c < out_c; c += count, w += count) {
        uint32_t acc[BLOCK];
        count = multiplier > 1 ? 1 : out_c - c < BLOCK ? out_c - c : BLOCK;
        sum_channels(&window, x, w, count, acc);
        nn_output(&out, c, acc, count, y + c);
        m += count;
        if (m >= multiplier) { /* on to the next input channels */
            x += count;
            m = 0;
        }
    }
}

void nn_depthwise_conv_2d_portable(const nn_depthwise_conv_2d_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int n = 0; n < op->batches; n++, x += (int32_t)op->in_h * op->in_w * op->in_c)
        for (int i = 0; i < op->out_h; i++)
            for (int j = 0; j < op->out_w; j++, y += op->out_c)
                pixel(op, x, y, i * op->stride_h - op->pad_top, j * op->stride_w - op->pad_left);
}
