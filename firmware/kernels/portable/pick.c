/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"
#include "runs.h"

/* How far index i along an axis is from the axis' first place. */
static int32_t along(const nn_pick_t *op, int axis, int32_t i) {
    return op->table[axis] < 0 ? i * op->stride[axis] : op->offsets[op->table[axis] + i];
}

/* Along the innermost axis; elements of up to a word one by one, as a call of memcpy costs more than they do. */
static int8_t *pick_row(const nn_pick_t *op, const int8_t *x, int8_t *y) {
    const int32_t count = op->dims[4], run = op->run;
    if (op->table[4] < 0)
        return nn_runs(x, y, count, op->stride[4], run);
    const int32_t *offsets = op->offsets + op->table[4];
    if (run == 1)
        for (int32_t i = 0; i < count; i++)
            *y++ = x[*offsets++];
    else if (run == 2)
        for (int32_t i = 0; i < count; i++, y += 2)
            memcpy(y, x + *offsets++, 2);
    else if (run == 4)
        for (int32_t i = 0; i < count; i++, y += 4)
            memcpy(y, x + *offsets++, 4);
    else
        for (int32_t i = 0; i < count; i++, y += run)
            nn_copy_bytes(y, x + *offsets++, run);
    return y;
}

/* A row that is the one before once more is copied. */
static int8_t *pick_rows(const nn_pick_t *op, const int8_t *x, int8_t *y) {
    const int32_t row_bytes = op->dims[4] * op->run;
    for (int32_t d = 0, before = 0; d < op->dims[3]; d++) {
        const int32_t at = along(op, 3, d);
        if (d > 0 && at == before) {
            nn_copy_bytes(y, y - row_bytes, row_bytes);
            y += row_bytes;
        } else
            y = pick_row(op, x + at, y);
        before = at;
    }
    return y;
}

void nn_pick_portable(const nn_pick_t *op, const void *x, void *y, void *scratch) {
    (void)scratch;
    const int8_t *from = (const int8_t *)x + op->start;
    int8_t *to = y;
    for (int32_t a = 0; a < op->dims[0]; a++)
        for (int32_t b = 0; b < op->dims[1]; b++)
            for (int32_t c = 0; c < op->dims[2]; c++)
                to = pick_rows(op, from + along(op, 0, a) + along(op, 1, b) + along(op, 2, c), to);
}
