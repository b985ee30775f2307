/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED with weights in columns: for every eight outputs in_n x 8, zeros after the last one. */
#ifndef NN_PORTABLE_COLUMNS_H
#define NN_PORTABLE_COLUMNS_H

#include "nn.h"
#include "window.h"

enum { NN_COLUMN_OUTPUTS = 8 };

/* sums[i] = sum over count inputs of x[k] * weights[8 * k + i]. */
typedef void nn_dot_columns_fn(const int8_t *x, const int8_t *weights, int32_t count, uint32_t *sums);

static inline void nn_fully_connected_by_columns(const nn_fully_connected_t *op, const int8_t *x, int8_t *y,
                                                 nn_dot_columns_fn *dot) {
    const nn_output_t out = {op->bias,          op->multiplier, op->shift,  op->per_channel,
                             op->output_offset, op->act_min,    op->act_max};
    const int32_t in_n = op->in_n, out_n = op->out_n;
    for (int32_t n = 0; n < op->batches; n++, x += in_n, y += out_n)
        for (int32_t c = 0; c < out_n; c += NN_COLUMN_OUTPUTS) {
            uint32_t sums[NN_COLUMN_OUTPUTS];
            dot(x, op->weights + c * in_n, in_n, sums);
            nn_output(&out, c, sums, out_n - c < NN_COLUMN_OUTPUTS ? out_n - c : NN_COLUMN_OUTPUTS, y + c);
        }
}

#endif
