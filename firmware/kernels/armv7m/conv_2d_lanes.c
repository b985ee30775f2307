/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "armv7m/block.h"
#include "armv7m/kernels.h"

#define NN_OP nn_conv_2d_lanes_armv7m_t
#include "portable/pixels.h"

static void fill(int8_t *to, int32_t count, int8_t value) {
    while (count-- > 0)
        *to++ = value;
}

static void copy(int8_t *to, const int8_t *from, int32_t count) {
    for (; count >= 4; count -= 4, to += 4, from += 4)
        memcpy(to, from, 4);
    while (count-- > 0)
        *to++ = *from++;
}

/* One row of a window that isn't wholly on x: what is in memory, or a copy with the padding written out. */
static const int8_t *careful_row(const nn_conv_2d_lanes_armv7m_t *op, const int8_t *x, int32_t row, int32_t left,
                                 int8_t *to) {
    const int32_t in_w = op->in_w, in_c = op->in_c, k_w = op->k_w, dilation = op->dilation_w;
    const int8_t pad_value = (int8_t)op->pad_value;
    if (row < 0 || row >= op->in_h) {
        fill(to, k_w * in_c, pad_value);
        return to;
    }
    x += row * in_w * in_c;
    if (dilation == 1) { /* before, on, and after the row of x */
        const int32_t first = left < 0 ? -left < k_w ? -left : k_w : 0;
        const int32_t end = left + k_w > in_w ? in_w - left > first ? in_w - left : first : k_w;
        if (end - first == k_w)
            return x + left * in_c;
        fill(to, first * in_c, pad_value);
        copy(to + first * in_c, x + (left + first) * in_c, (end - first) * in_c);
        fill(to + end * in_c, (k_w - end) * in_c, pad_value);
        return to;
    }
    for (int32_t j = 0; j < k_w; j++, left += dilation)
        if (left >= 0 && left < in_w)
            copy(to + j * in_c, x + left * in_c, in_c);
        else
            fill(to + j * in_c, in_c, pad_value);
    return to;
}

/* The windows of two pixels into their column; rows: memory for a row of each. */
static void pack(const nn_conv_2d_lanes_armv7m_t *op, const int8_t *x, const nn_pixel_t *a, const nn_pixel_t *b,
                 int32_t *column, int8_t *rows) {
    const int32_t in_w = op->in_w, in_c = op->in_c, taps = op->k_w * in_c;
    const int32_t words = (taps + 1) / 2 * (NN_LANES_PAIR_BYTES / 4), dilation = op->dilation_h;
    if (nn_are_inside(op, a, 1) && nn_are_inside(op, b, 1)) {
        const int8_t *from = x + (a->top * in_w + a->left) * in_c;
        const int32_t distance = ((b->top - a->top) * in_w + b->left - a->left) * in_c, down = dilation * in_w * in_c;
        for (int32_t i = op->k_h; i > 0; i--, column += words, from += down)
            nn_gemm_column_armv7m(column, from, from + distance, taps);
    } else {
        for (int32_t i = 0; i < op->k_h; i++, column += words)
            nn_gemm_column_armv7m(column, careful_row(op, x, a->top + i * dilation, a->left, rows),
                                  careful_row(op, x, b->top + i * dilation, b->left, rows + taps), taps);
    }
}

/* Fewer than six pixels, channel by channel by way of a small buffer. */
static void last_block(nn_lanes_block_t block, int32_t pixels) {
    const int32_t out_c = block.stride, channel_words = 2 + (block.pairs + 1) / 2;
    int8_t results[NN_LANES_PIXELS], *y = block.y;
    block.y = results;
    block.y_end = results + 1;
    block.stride = 1;
    for (int32_t c = 0; c < out_c; c++, block.stream += channel_words) {
        nn_gemm_lanes_armv7m(&block);
        for (int32_t p = 0; p < pixels; p++)
            y[p * out_c + c] = results[p];
    }
}

static void image(const nn_conv_2d_lanes_armv7m_t *op, const int8_t *x, int8_t *y, void *scratch) {
    const int32_t out_c = op->out_c, pairs = op->k_h * ((op->k_w * op->in_c + 1) / 2);
    int32_t *columns = scratch;
    int8_t *rows = (int8_t *)scratch + pairs * NN_LANES_PAIR_BYTES;
    nn_pixel_t at = {0, -op->pad_top, -op->pad_left};
    nn_lanes_block_t block = {columns, op->stream, y, out_c, y, op->rounding, op->signed_outputs, pairs};

    for (int32_t left = op->out_h * op->out_w; left > 0; left -= NN_LANES_PIXELS) {
        for (int32_t p = 0; p < NN_LANES_PIXELS && p < left; p += 2) {
            nn_pixel_t first = at;
            nn_advance(op, &at, 1);
            pack(op, x, &first, p + 1 < left ? &at : &first, columns + p, rows);
            nn_advance(op, &at, 1);
        }
        block.y_end = block.y + out_c;
        if (left >= NN_LANES_PIXELS)
            nn_gemm_lanes_armv7m(&block);
        else
            last_block(block, left);
        block.y += NN_LANES_PIXELS * out_c;
    }
}

void nn_conv_2d_lanes_armv7m(const nn_conv_2d_lanes_armv7m_t *op, const int8_t *x, int8_t *y, void *scratch) {
    const int32_t outputs = op->out_h * op->out_w * op->out_c;
    for (int32_t n = 0; n < op->batches; n++) {
        image(op, x, y, scratch);
        nn_clamp_outputs(y, outputs, op->act_min, op->act_max);
        x += op->in_h * op->in_w * op->in_c;
        y += outputs;
    }
}

/* A block's windows are packed before its outputs are written, and those end before the next block's windows. */
void nn_conv_2d_in_place_armv7m(const nn_conv_2d_in_place_armv7m_t *op, const int8_t *x, int8_t *y, void *scratch) {
    nn_conv_2d_lanes_armv7m(op, x, y, scratch);
}
