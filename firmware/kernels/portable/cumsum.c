/* SPDX-License-Identifier: Apache-2.0 */
#include "accumulate.h"

/* The sum starts at the offset, as in TFLM. */
static void along(const nn_cumsum_t *op, const int8_t *x, int8_t *y, int32_t step) {
    int32_t sum = op->input_offset;
    for (int32_t i = 0, at = 0; i < op->count; i++, at += step) {
        const int32_t before = sum;
        sum = nn_add_wrapping(sum, x[at] + op->input_offset);
        y[at] = nn_sum_scaled(op->exclusive ? before : sum, op->multiplier, op->shift, op->output_offset);
    }
}

void nn_cumsum_portable(const nn_cumsum_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    const int32_t last = (op->count - 1) * op->inner, first = op->reverse ? last : 0;
    for (int32_t outer = 0; outer < op->outer; outer++)
        for (int32_t inner = 0; inner < op->inner; inner++) {
            const int32_t at = outer * op->count * op->inner + first + inner;
            along(op, x + at, y + at, op->reverse ? -op->inner : op->inner);
        }
}
