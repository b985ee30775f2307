/* SPDX-License-Identifier: Apache-2.0
 *
 * Four channels at a time: two words of inputs and one of weights for each tap. */
#include <arm_acle.h>
#include <string.h>

#include "portable/window.h"
#include "rows.h"
#include "wide_ends.h"

/* x and w: the first tap's; a window's rows and columns of taps, and how far apart they lie. */
typedef struct {
    int32_t rows, columns, x_row, x_column, w_row, w_column;
} taps_t;

static inline void four(const taps_t *taps, const int16_t *x, const int8_t *w, int32_t sums[4]) {
    const int32_t x_column = taps->x_column, w_column = taps->w_column;
    const int32_t x_skip = taps->x_row - taps->columns * x_column, w_skip = taps->w_row - taps->columns * w_column;
    int32_t a = 0, b = 0, c = 0, d = 0;
    for (int32_t i = taps->rows; i > 0; i--, x += x_skip, w += w_skip)
        for (int32_t j = taps->columns; j > 0; j--, x += x_column, w += w_column) {
            const int32_t low = (int32_t)nn_word(x), high = (int32_t)nn_word(x + 2);
            const uint32_t word = nn_word(w);
            const int32_t even = (int32_t)nn_even(word), odd = (int32_t)nn_odd(word);
            a = __smlabb(low, even, a);
            b = __smlatb(low, odd, b);
            c = __smlabt(high, even, c);
            d = __smlatt(high, odd, d);
        }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

/* One output pixel; x is its batch's input, top and left the window's position on it. */
static void pixel(const nn_conv_2d_int16_ends_t *op, const int16_t *x, int16_t *y, int32_t top, int32_t left) {
    const nn_span_t rows = nn_clip_window(top, op->k_h, op->dilation_h, op->in_h);
    const nn_span_t columns = nn_clip_window(left, op->k_w, op->dilation_w, op->in_w);
    const int32_t in_c = op->in_c, act_min = op->act_min, act_max = op->act_max;
    const int32_t nothing = columns.end <= columns.first;
    const taps_t taps = {nothing ? 0 : rows.end - rows.first,
                         columns.end - columns.first,
                         op->dilation_h * op->in_w * in_c,
                         op->dilation_w * in_c,
                         op->k_w * in_c,
                         in_c};
    const int8_t *w = op->weights + (rows.first * op->k_w + columns.first) * in_c;
    const int32_t *end = op->ends;
    x += ((top + rows.first * op->dilation_h) * op->in_w + left + columns.first * op->dilation_w) * in_c;
    for (int32_t c = in_c; c > 0; c -= 4, x += 4, w += 4, y += 4) {
        int32_t sums[4];
        four(&taps, x, w, sums);
        for (int32_t i = 0; i < 4; i++, end += NN_END_WORDS)
            y[i] = nn_wide_end(end, sums[i], act_min, act_max);
    }
}

void nn_depthwise_conv_2d_int16_dsp(const nn_conv_2d_int16_ends_t *op, const int16_t *x, int16_t *y, void *scratch) {
    (void)scratch;
    for (int32_t n = 0; n < op->batches; n++, x += op->in_h * op->in_w * op->in_c)
        for (int32_t i = 0; i < op->out_h; i++)
            for (int32_t j = 0; j < op->out_w; j++, y += op->out_c)
                pixel(op, x, y, i * op->stride_h - op->pad_top, j * op->stride_w - op->pad_left);
}
