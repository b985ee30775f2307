/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

/* What the inputs whose windows cover an output add to it: window row k is that of input row (h - k) / stride, where
 * there is one. x: an image; weights: of an output channel; h and w: of the output, counted from the padding's start.
 */
static uint32_t covered(const nn_transpose_conv_t *op, const int8_t *x, const int8_t *weights, int32_t h, int32_t w) {
    const int32_t in_c = op->in_c, offset = op->input_offset;
    uint32_t sum = 0;
    for (int32_t k_h = h % op->stride_h, in_h = h / op->stride_h; k_h < op->k_h; k_h += op->stride_h, in_h--) {
        if (in_h < 0 || in_h >= op->in_h)
            continue;
        for (int32_t k_w = w % op->stride_w, in_w = w / op->stride_w; k_w < op->k_w; k_w += op->stride_w, in_w--) {
            if (in_w < 0 || in_w >= op->in_w)
                continue;
            const int8_t *pixel = x + (in_h * op->in_w + in_w) * in_c;
            const int8_t *tap = weights + (k_h * op->k_w + k_w) * in_c;
            for (int32_t c = 0; c < in_c; c++)
                sum += (uint32_t)((pixel[c] + offset) * tap[c]);
        }
    }
    return sum;
}

void nn_transpose_conv_portable(const nn_transpose_conv_t *op, const int8_t *x, const int8_t *weights, int8_t *y,
                                void *scratch) {
    (void)scratch;
    const int32_t image = op->in_h * op->in_w * op->in_c, filter = op->k_h * op->k_w * op->in_c;
    for (int32_t n = 0; n < op->batches; n++, x += image)
        for (int32_t h = 0; h < op->out_h; h++)
            for (int32_t w = 0; w < op->out_w; w++)
                for (int32_t c = 0; c < op->out_c; c++) {
                    uint32_t sum = covered(op, x, weights + c * filter, h + op->pad_top, w + op->pad_left);
                    int32_t scaled =
                        nn_requantize((int32_t)(sum + (uint32_t)op->bias[c]), op->multiplier[c], op->shift[c]);
                    scaled = nn_add_wrapping(scaled, op->output_offset);
                    *y++ = (int8_t)nn_clamp(scaled, op->act_min, op->act_max);
                }
}
