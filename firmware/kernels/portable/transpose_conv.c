/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

enum { TOGETHER = 4 }; /* output channels, so that an input is read once for them */

/* Add to the sums of four output channels, whose weights are filter bytes apart, or of one. */
static void add_four(const int8_t *pixel, int32_t offset, const int8_t *tap, int32_t filter, int32_t in_c,
                     uint32_t *sums) {
    const int32_t at1 = filter, at2 = 2 * filter, at3 = 3 * filter;
    uint32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
    for (int32_t c = in_c; c > 0; c--, tap++) {
        const int32_t value = *pixel++ + offset;
        sum0 += (uint32_t)(value * tap[0]);
        sum1 += (uint32_t)(value * tap[at1]);
        sum2 += (uint32_t)(value * tap[at2]);
        sum3 += (uint32_t)(value * tap[at3]);
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

static void add_one(const int8_t *pixel, int32_t offset, const int8_t *tap, int32_t in_c, uint32_t *sums) {
    uint32_t sum = *sums;
    for (int32_t c = 0; c < in_c; c++)
        sum += (uint32_t)((pixel[c] + offset) * tap[c]);
    *sums = sum;
}

/* What the inputs whose windows cover an output add to it: window row k is that of input row (h - k) / stride, where
 * there is one. x: an image; weights: of the first of count output channels; h and w: of the output, counted from the
 * padding's start. */
static void add_covered(const nn_transpose_conv_t *op, const int8_t *x, const int8_t *weights, int32_t h, int32_t w,
                        int32_t count, uint32_t *sums) {
    const int32_t in_c = op->in_c, filter = op->k_h * op->k_w * in_c, offset = op->input_offset;
    for (int32_t k_h = h % op->stride_h, in_h = h / op->stride_h; k_h < op->k_h; k_h += op->stride_h, in_h--) {
        if (in_h < 0 || in_h >= op->in_h)
            continue;
        for (int32_t k_w = w % op->stride_w, in_w = w / op->stride_w; k_w < op->k_w; k_w += op->stride_w, in_w--) {
            if (in_w < 0 || in_w >= op->in_w)
                continue;
            const int8_t *pixel = x + (in_h * op->in_w + in_w) * in_c;
            const int8_t *tap = weights + (k_h * op->k_w + k_w) * in_c;
            if (count == TOGETHER)
                add_four(pixel, offset, tap, filter, in_c, sums);
            else
                add_one(pixel, offset, tap, in_c, sums);
        }
    }
}

static int8_t *position(const nn_transpose_conv_t *op, const int8_t *x, const int8_t *weights, int32_t h, int32_t w,
                        int8_t *y) {
    const int32_t filter = op->k_h * op->k_w * op->in_c;
    for (int32_t c = 0; c < op->out_c;) {
        const int32_t count = op->out_c - c >= TOGETHER ? TOGETHER : 1;
        uint32_t sums[TOGETHER] = {0};
        add_covered(op, x, weights + c * filter, h, w, count, sums);
        for (int32_t i = 0; i < count; i++, c++) {
            int32_t scaled = nn_requantize((int32_t)(sums[i] + (uint32_t)op->bias[c]), op->multiplier[c], op->shift[c]);
            *y++ = (int8_t)nn_clamp(nn_add_wrapping(scaled, op->output_offset), op->act_min, op->act_max);
        }
    }
    return y;
}

void nn_transpose_conv_portable(const nn_transpose_conv_t *op, const int8_t *x, const int8_t *weights, int8_t *y,
                                void *scratch) {
    (void)scratch;
    for (int32_t n = 0; n < op->batches; n++, x += op->in_h * op->in_w * op->in_c)
        for (int32_t h = 0; h < op->out_h; h++)
            for (int32_t w = 0; w < op->out_w; w++)
                y = position(op, x, weights, h + op->pad_top, w + op->pad_left, y);
}
