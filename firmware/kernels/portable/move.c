/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "runs.h"

void nn_move_portable(const nn_move_t *op, const void *x, void *y, void *scratch) {
    (void)scratch;
    const int8_t *from = (const int8_t *)x + op->start;
    int8_t *to = y;
    for (int32_t a = 0; a < op->dims[0]; a++)
        for (int32_t b = 0; b < op->dims[1]; b++)
            for (int32_t c = 0; c < op->dims[2]; c++)
                for (int32_t d = 0; d < op->dims[3]; d++)
                    to = nn_runs(from + a * op->stride[0] + b * op->stride[1] + c * op->stride[2] + d * op->stride[3],
                                 to, op->dims[4], op->stride[4], op->run);
}
