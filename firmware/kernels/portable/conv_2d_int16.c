/* SPDX-License-Identifier: Apache-2.0 */
#include "conv_2d_int16.h"

void nn_conv_2d_int16_portable(const nn_conv_2d_int16_t *op, const int16_t *x, int16_t *y, void *scratch) {
    (void)scratch;
    nn_conv_2d_int16_by(op, x, y, nn_wide_add);
}
