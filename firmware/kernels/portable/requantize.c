/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

static inline void requantize(const nn_requantize_t *op, const int8_t *x, int8_t *y, uint8_t flip_x, uint8_t flip_y) {
    for (int32_t i = 0; i < op->count; i++) {
        int32_t value = (int8_t)((uint8_t)x[i] ^ flip_x) + op->input_offset;
        int32_t scaled = nn_requantize(value, op->multiplier, op->shift);
        int32_t clamped = nn_clamp(scaled + op->output_offset, op->act_min, op->act_max);
        y[i] = (int8_t)((uint8_t)clamped ^ flip_y);
    }
}

void nn_requantize_portable(const nn_requantize_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    if (op->flip_x || op->flip_y)
        requantize(op, x, y, op->flip_x, op->flip_y);
    else
        requantize(op, x, y, 0, 0);
}
