/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"
#include "round.h"

#define LIMIT (1 << 18) /* far beyond int16, and any zero point */

void nn_quantize_int16_portable(const nn_quantize_int16_t *op, const float *x, int16_t *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->count; i++)
        y[i] = (int16_t)nn_clamp(nn_round(x[i] / op->scale, LIMIT) + op->output_offset, INT16_MIN, INT16_MAX);
}
