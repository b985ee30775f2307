/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"
#include "round.h"

#define LIMIT 1024 /* far beyond int8, and any zero point */

void nn_quantize_portable(const nn_quantize_t *op, const float *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->count; i++)
        y[i] = (int8_t)nn_clamp(nn_round(x[i] / op->scale, LIMIT) + op->output_offset, -128, 127);
}
