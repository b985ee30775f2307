/* SPDX-License-Identifier: Apache-2.0 */
#include "winograd_block.h"

void nn_conv_2d_winograd_dsp(const nn_conv_2d_winograd_dsp_t *op, const int8_t *x, int8_t *y, void *scratch) {
    nn_conv_2d_by_winograd(op, 0, x, y, scratch);
}
