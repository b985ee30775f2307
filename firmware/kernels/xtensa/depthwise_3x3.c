/* SPDX-License-Identifier: Apache-2.0 */
#include "xtensa/depthwise_image.h"

static void sums(const nn_depthwise_t *op, const uint8_t *weights, uint32_t *plane) {
    const nn_plane_t job = {plane, weights, op->along.out, op->across.out, op->along.stride};
    nn_depthwise_3x3_xtensa(&job);
}

void nn_depthwise_conv_2d_3x3_xtensa(const nn_depthwise_conv_2d_3x3_xtensa_t *op, const int8_t *x, int8_t *y,
                                     void *scratch) {
    nn_depthwise_images(op, x, y, scratch, sums, 1, op->along.stride);
}
