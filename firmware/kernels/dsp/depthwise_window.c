/* SPDX-License-Identifier: Apache-2.0 */
#include "dsp/depthwise.h"
#include "portable/window.h"

/* What the sums of four channels come to: as the long requantization in depthwise_3x3.S, on twice the sum. */
static void output(const nn_depthwise_conv_2d_t *op, int32_t c, const uint32_t acc[4], int8_t *y) {
    const int32_t per_channel = op->per_channel, offset = op->output_offset;
    const int32_t *multiplier = op->multiplier + per_channel * c;
    const int8_t *shift = op->shift + per_channel * c;
    for (int i = 0; i < 4; i++, multiplier += per_channel, shift += per_channel) {
        int32_t exponent = *multiplier == 0 ? 1 : -*shift;
        int32_t value = (int32_t)(2 * (acc[i] + (op->bias != 0 ? (uint32_t)op->bias[c + i] : 0)));
        int32_t rounding = (1 << (exponent - 1)) + (value >> 31);
        __asm__("smmlar %0, %0, %1, %2" : "+r"(value) : "r"(*multiplier), "r"(rounding));
        y[i] = (int8_t)nn_clamp((value >> exponent) + offset, op->act_min, op->act_max);
    }
}

/* One output pixel; x is its batch's input, top and left the window's position on it. */
static void pixel(const nn_depthwise_conv_2d_t *op, const int8_t *x, int8_t *y, int top, int left) {
    const nn_span_t rows = nn_clip_window(top, op->k_h, op->dilation_h, op->in_h);
    const nn_span_t columns = nn_clip_window(left, op->k_w, op->dilation_w, op->in_w);
    const int32_t channels = op->out_c;
    nn_depthwise_taps_t taps = {
        .rows = rows.end - rows.first,
        .runs = columns.end - columns.first,
        .offset = (uint32_t)(op->input_offset & 0xffff) * 0x10001u,
        .x_run = op->dilation_w * channels,
        .w_run = channels,
    };
    const int32_t x_row = op->dilation_h * op->in_w * channels, w_row = op->k_w * channels;
    const int8_t *w = op->weights + (rows.first * op->k_w + columns.first) * channels;
    x += ((top + rows.first * op->dilation_h) * op->in_w + left + columns.first * op->dilation_w) * channels;
    taps.x_skip = x_row - taps.runs * taps.x_run;
    taps.w_skip = w_row - taps.runs * taps.w_run;
    if (taps.runs == 1) { /* a column is a row, too */
        taps.runs = taps.rows;
        taps.rows = taps.runs > 0;
        taps.x_run = x_row;
        taps.w_run = w_row;
    }
    if (taps.runs == 0)
        taps.rows = 0;
    for (int32_t c = 0; c < channels; c += 4) {
        uint32_t acc[4];
        nn_depthwise_taps_dsp(&taps, x + c, w + c, acc);
        output(op, c, acc, y + c);
    }
}

void nn_depthwise_conv_2d_window_dsp(const nn_depthwise_conv_2d_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int n = 0; n < op->batches; n++, x += (int32_t)op->in_h * op->in_w * op->in_c)
        for (int i = 0; i < op->out_h; i++)
            for (int j = 0; j < op->out_w; j++, y += op->out_c)
                pixel(op, x, y, i * op->stride_h - op->pad_top, j * op->stride_w - op->pad_left);
}
