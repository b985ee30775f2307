/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_math.h"
#include "typed.h"

void nn_dequantize_typed_portable(const nn_dequantize_typed_t *op, const void *x, float *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->count; i++)
        y[i] = op->scale * (float)(nn_add_wrapping(nn_element(op->x_type, x, i), op->input_offset));
}
