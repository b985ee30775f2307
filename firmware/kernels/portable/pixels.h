/* SPDX-License-Identifier: Apache-2.0
 *
 * The output pixels of a convolution, one after the other, and where their windows lie on its input: for kernels that
 * pack windows. Before the #include, NN_OP is defined as the type of their operator, which has the fields of
 * nn_conv_2d_t that are used here. Each kernel has a way of its own to make a row with padding, which is most of what
 * packing takes at an image's rim: the same one for all took up to 4 % more instructions, or 2 % more code. */
#ifndef NN_PORTABLE_PIXELS_H
#define NN_PORTABLE_PIXELS_H

#include "nn.h"

/* An output pixel: its column on y, and where its window begins on x. */
typedef struct {
    int32_t column, top, left;
} nn_pixel_t;

/* count pixels further, at most to the start of the next row. */
static inline void nn_advance(const NN_OP *op, nn_pixel_t *at, int32_t count) {
    at->left += count * op->stride_w;
    at->column += count;
    if (at->column == op->out_w) {
        at->column = 0;
        at->left = -op->pad_left;
        at->top += op->stride_h;
    }
}

/* Whether the windows of count pixels, if they are in one row, are wholly on x, each of their rows in one piece. */
static inline int nn_are_inside(const NN_OP *op, const nn_pixel_t *at, int32_t count) {
    return at->top >= 0 && at->top + (op->k_h - 1) * op->dilation_h < op->in_h && at->left >= 0 &&
           at->left + (count - 1) * op->stride_w + op->k_w <= op->in_w && op->dilation_w == 1;
}

#endif
