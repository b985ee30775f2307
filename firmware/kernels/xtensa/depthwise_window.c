/* SPDX-License-Identifier: Apache-2.0 */
#include "xtensa/depthwise_image.h"

enum { AT_ONCE = 4 };

/* A line of outputs, four at a time: each weight is loaded once for them. Sums take the places of what is for no later
 * output, from the line's start on. Inlined, so that the compiler knows a stride of 1. */
__attribute__((always_inline)) static inline void line(const nn_depthwise_t *op, uint32_t *from, const uint8_t *weights,
                                                       int32_t stride) {
    const int32_t taps = op->taps_along, skip = op->pitch - taps;
    uint32_t *to = from;
    for (int32_t left = op->along.out; left > 0; left -= AT_ONCE, from += AT_ONCE * stride) {
        const uint32_t *x = from;
        const uint8_t *w = weights;
        uint32_t a = 0, b = 0, c = 0, d = 0;
        for (int32_t i = op->taps_across; i > 0; i--, x += skip)
            for (const uint8_t *end = w + taps; w < end; w++, x++) {
                const uint32_t weight = *w - 128u;
                a += x[0] * weight;
                b += x[stride] * weight;
                c += x[2 * stride] * weight;
                d += x[3 * stride] * weight;
            }
        *to++ = a;
        if (left > 1)
            *to++ = b;
        if (left > 2)
            *to++ = c;
        if (left > 3)
            *to++ = d;
    }
}

static void sums(const nn_depthwise_t *op, const uint8_t *weights, uint32_t *plane) {
    for (int32_t i = op->across.out; i > 0; i--, plane += op->across.stride * op->pitch)
        if (op->along.stride == 1)
            line(op, plane, weights, 1);
        else
            line(op, plane, weights, op->along.stride);
}

void nn_depthwise_conv_2d_window_xtensa(const nn_depthwise_conv_2d_window_xtensa_t *op, const int8_t *x, int8_t *y,
                                        void *scratch) {
    nn_depthwise_images(op, x, y, scratch, sums, 0, 1);
}
