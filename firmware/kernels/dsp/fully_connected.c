/* SPDX-License-Identifier: Apache-2.0 */
#include "dsp/dot.h"

void nn_fully_connected_dsp(const nn_fully_connected_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    nn_fully_connected_by_dot(op, x, y, nn_dot_dsp);
}
