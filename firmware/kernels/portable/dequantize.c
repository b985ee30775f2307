/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"

void nn_dequantize_portable(const nn_dequantize_t *op, const int8_t *x, float *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->count; i++)
        y[i] = op->scale * (float)(x[i] + op->input_offset);
}
