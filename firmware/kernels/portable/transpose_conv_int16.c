/* SPDX-License-Identifier: Apache-2.0 */
#include "wide.h"

/* What the inputs whose windows cover an output add to it, as in transpose_conv.c. */
static void add_covered(const nn_transpose_conv_int16_t *op, const int16_t *x, const int8_t *weights, int32_t h,
                        int32_t w, int32_t w_channel, int64_t *sums) {
    const int32_t in_c = op->in_c;
    for (int32_t k_h = h % op->stride_h, in_h = h / op->stride_h; k_h < op->k_h; k_h += op->stride_h, in_h--) {
        if (in_h < 0 || in_h >= op->in_h)
            continue;
        for (int32_t k_w = w % op->stride_w, in_w = w / op->stride_w; k_w < op->k_w; k_w += op->stride_w, in_w--)
            if (in_w >= 0 && in_w < op->in_w)
                nn_wide_add(x + (in_h * op->in_w + in_w) * in_c, weights + (k_h * op->k_w + k_w) * in_c, w_channel,
                            in_c, sums);
    }
}

static int16_t *position(const nn_transpose_conv_int16_t *op, const int16_t *x, const int8_t *weights, int32_t h,
                         int32_t w, int16_t *y) {
    const nn_wide_output_t out = {op->bias, op->multiplier, op->shift, op->wide, op->act_min, op->act_max};
    const int32_t filter = op->k_h * op->k_w * op->in_c;
    for (int32_t c = 0; c < op->out_c;) {
        const int32_t count = op->out_c - c >= NN_WIDE_CHANNELS ? NN_WIDE_CHANNELS : 1;
        int64_t sums[NN_WIDE_CHANNELS] = {0};
        add_covered(op, x, weights + c * filter, h, w, count > 1 ? filter : 0, sums);
        for (int32_t i = 0; i < count; i++, c++)
            *y++ = nn_wide_output(&out, c, sums[i]);
    }
    return y;
}

void nn_transpose_conv_int16_portable(const nn_transpose_conv_int16_t *op, const int16_t *x, const int8_t *weights,
                                      int16_t *y, void *scratch) {
    (void)scratch;
    for (int32_t n = 0; n < op->batches; n++, x += op->in_h * op->in_w * op->in_c)
        for (int32_t h = 0; h < op->out_h; h++)
            for (int32_t w = 0; w < op->out_w; w++)
                y = position(op, x, weights, h + op->pad_top, w + op->pad_left, y);
}
