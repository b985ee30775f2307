/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"

void nn_resize_nearest_neighbor_portable(const nn_resize_nearest_neighbor_t *op, const int8_t *x, int8_t *y,
                                         void *scratch) {
    (void)scratch;
    const int32_t run = op->run, row_bytes = op->out_w * run;
    for (int32_t n = 0; n < op->batches; n++, x += op->in_h * op->in_w * run)
        for (int32_t h = 0; h < op->out_h; h++, y += row_bytes) {
            if (h > 0 && op->rows[h] == op->rows[h - 1]) {
                memcpy(y, y - row_bytes, (size_t)row_bytes);
                continue;
            }
            const int8_t *row = x + op->rows[h] * op->in_w * run;
            for (int32_t w = 0; w < op->out_w; w++)
                memcpy(y + w * run, row + op->columns[w] * run, (size_t)run);
        }
}
