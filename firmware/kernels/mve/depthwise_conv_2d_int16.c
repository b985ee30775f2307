/* SPDX-License-Identifier: Apache-2.0
 *
 * Four channels at a time, in lanes of 32 bits. */
#include "portable/window.h"
#include "wide_fours.h"

/* One output pixel; x is its batch's input, top and left the window's position on it. */
static void pixel(const nn_conv_2d_int16_fours_t *op, const int16_t *x, int16_t *y, int32_t top, int32_t left) {
    const nn_span_t rows = nn_clip_window(top, op->k_h, op->dilation_h, op->in_h);
    const nn_span_t columns = nn_clip_window(left, op->k_w, op->dilation_w, op->in_w);
    const int32_t in_c = op->in_c, width = columns.end - columns.first;
    const int32_t height = width > 0 ? rows.end - rows.first : 0;
    const int32_t x_column = op->dilation_w * in_c;
    const int32_t x_skip = op->dilation_h * op->in_w * in_c - width * x_column, w_skip = (op->k_w - width) * in_c;
    const int32x4_t low = vdupq_n_s32(op->act_min), high = vdupq_n_s32(op->act_max);
    const int8_t *w = op->weights + (rows.first * op->k_w + columns.first) * in_c;
    const int32_t *end = op->ends;
    x += ((top + rows.first * op->dilation_h) * op->in_w + left + columns.first * op->dilation_w) * in_c;
    for (int32_t c = in_c; c > 0; c -= 4, x += 4, w += 4, y += 4, end += 16) {
        const int16_t *from = x;
        const int8_t *by = w;
        int32x4_t sum = vdupq_n_s32(0);
        for (int32_t i = height; i > 0; i--, from += x_skip, by += w_skip)
            for (int32_t j = width; j > 0; j--, from += x_column, by += in_c)
                sum = vaddq_s32(sum, vmulq_s32(vldrhq_s32(from), vldrbq_s32(by)));
        vstrhq_s32(y, nn_finished(end, sum, low, high));
    }
}

void nn_depthwise_conv_2d_int16_mve(const nn_conv_2d_int16_fours_t *op, const int16_t *x, int16_t *y, void *scratch) {
    (void)scratch;
    for (int32_t n = 0; n < op->batches; n++, x += op->in_h * op->in_w * op->in_c)
        for (int32_t i = 0; i < op->out_h; i++)
            for (int32_t j = 0; j < op->out_w; j++, y += op->out_c)
                pixel(op, x, y, i * op->stride_h - op->pad_top, j * op->stride_w - op->pad_left);
}
