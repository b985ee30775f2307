/* SPDX-License-Identifier: Apache-2.0 */
#include "dsp/dot.h"

void nn_conv_2d_dsp(const nn_conv_2d_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    nn_conv_2d_by_dot(op, x, y, nn_dot_dsp);
}
