/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"

/* Along the innermost axis; elements of up to a word one by one, as a call of memcpy costs more than they do. */
static int8_t *move_row(const nn_move_t *op, const int8_t *x, int8_t *y) {
    const int32_t count = op->dims[4], stride = op->stride[4], run = op->run;
    if (run == 1)
        for (int32_t i = 0; i < count; i++, x += stride)
            *y++ = *x;
    else if (run == 2)
        for (int32_t i = 0; i < count; i++, x += stride, y += 2)
            memcpy(y, x, 2);
    else if (run == 4)
        for (int32_t i = 0; i < count; i++, x += stride, y += 4)
            memcpy(y, x, 4);
    else
        for (int32_t i = 0; i < count; i++, x += stride, y += run)
            memcpy(y, x, (size_t)run);
    return y;
}

void nn_move_portable(const nn_move_t *op, const void *x, void *y, void *scratch) {
    (void)scratch;
    const int8_t *from = (const int8_t *)x + op->start;
    int8_t *to = y;
    for (int32_t a = 0; a < op->dims[0]; a++)
        for (int32_t b = 0; b < op->dims[1]; b++)
            for (int32_t c = 0; c < op->dims[2]; c++)
                for (int32_t d = 0; d < op->dims[3]; d++)
                    to = move_row(
                        op, from + a * op->stride[0] + b * op->stride[1] + c * op->stride[2] + d * op->stride[3], to);
}
