/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"

enum { ONE_BITS = 10, ONE = 1 << ONE_BITS, HALF = 1 << (2 * ONE_BITS - 1) };

/* A pixel between the four at x; right and below: how far the others are, far_x and far_y: how near, in 1024ths. */
static void pixel(const int8_t *x, int32_t right, int32_t below, int32_t far_x, int32_t far_y, int8_t *y,
                  int32_t channels) {
    for (int32_t c = 0; c < channels; c++, x++) {
        int32_t upper = x[0] * (ONE - far_x) + x[right] * far_x;
        int32_t lower = x[below] * (ONE - far_x) + x[below + right] * far_x;
        int32_t sum = upper * (ONE - far_y) + lower * far_y;
        *y++ = (int8_t)((sum > 0 ? sum + HALF : sum - HALF) / (1 << 2 * ONE_BITS));
    }
}

/* At a place that is a row's or column's own, the next one, which may be none, is not read. */
void nn_resize_bilinear_portable(const nn_resize_bilinear_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    const int32_t channels = op->channels, row_bytes = op->in_w * channels;
    for (int32_t n = 0; n < op->batches; n++, x += op->in_h * row_bytes)
        for (int32_t h = 0; h < op->out_h; h++) {
            const int32_t far_y = op->rows[h] % ONE, below = far_y ? row_bytes : 0;
            const int8_t *row = x + op->rows[h] / ONE * row_bytes;
            for (int32_t w = 0; w < op->out_w; w++, y += channels) {
                const int32_t far_x = op->columns[w] % ONE, right = far_x ? channels : 0;
                pixel(row + op->columns[w] / ONE * channels, right, below, far_x, far_y, y, channels);
            }
        }
}
