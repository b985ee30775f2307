/* SPDX-License-Identifier: Apache-2.0
 *
 * Windows of a convolution, row by row. */
#ifndef NN_RISCV_WINDOW_H
#define NN_RISCV_WINDOW_H

#include "riscv/kernels.h"

/* An output pixel: its column on y, and where its window begins on x. */
typedef struct {
    int32_t column, top, left;
} nn_pixel_t;

/* count pixels further, at most to the start of the next row. */
static inline void nn_advance(const nn_conv_2d_triples_riscv_t *op, nn_pixel_t *at, int32_t count) {
    at->left += count * op->stride_w;
    at->column += count;
    if (at->column == op->out_w) {
        at->column = 0;
        at->left = -op->pad_left;
        at->top += op->stride_h;
    }
}

/* Whether there are count pixels in this row, with windows that are wholly on x, each of their rows in one piece. */
static inline int nn_are_inside(const nn_conv_2d_triples_riscv_t *op, const nn_pixel_t *at, int32_t count) {
    return at->column + count <= op->out_w && at->left >= 0 &&
           at->left + (count - 1) * op->stride_w + op->k_w <= op->in_w && op->dilation_w == 1 && at->top >= 0 &&
           at->top + (op->k_h - 1) * op->dilation_h < op->in_h;
}

/* Row i of a window: where it is on x, or in `to` with the padding written out. */
static inline const int8_t *nn_window_row(const nn_conv_2d_triples_riscv_t *op, const int8_t *x, const nn_pixel_t *at,
                                          int32_t i, int8_t *to) {
    const int32_t in_w = op->in_w, in_c = op->in_c, row = at->top + i * op->dilation_h;
    const int inside = row >= 0 && row < op->in_h;
    int32_t left = at->left;
    int8_t *next = to;
    if (inside && left >= 0 && left + op->k_w <= in_w && op->dilation_w == 1)
        return x + (row * in_w + left) * in_c;
    for (int32_t j = op->k_w; j > 0; j--, left += op->dilation_w) {
        const int on_x = inside && left >= 0 && left < in_w;
        const int8_t *from = on_x ? x + (row * in_w + left) * in_c : x;
        for (int8_t *end = next + in_c; next < end; next++)
            *next = on_x ? *from++ : (int8_t)op->pad_value;
    }
    return to;
}

#endif
