/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"

static int8_t *select_row(const nn_select_v2_t *op, const int8_t *condition, const int8_t *x1, const int8_t *x2,
                          int8_t *y) {
    const int32_t count = op->dims[4], run = op->run;
    const int32_t next = op->stride_if[4], next1 = op->stride1[4], next2 = op->stride2[4];
    for (int32_t i = 0; i < count; i++, condition += next, x1 += next1, x2 += next2, y += run) {
        const int8_t *from = *condition ? x1 : x2;
        if (run == 1)
            *y = *from;
        else
            memcpy(y, from, (size_t)run);
    }
    return y;
}

void nn_select_v2_portable(const nn_select_v2_t *op, const int8_t *condition, const void *x1, const void *x2, void *y,
                           void *scratch) {
    (void)scratch;
    const int32_t *s = op->stride_if, *s1 = op->stride1, *s2 = op->stride2;
    int8_t *to = y;
    for (int32_t a = 0; a < op->dims[0]; a++)
        for (int32_t b = 0; b < op->dims[1]; b++)
            for (int32_t c = 0; c < op->dims[2]; c++)
                for (int32_t d = 0; d < op->dims[3]; d++)
                    to = select_row(op, condition + a * s[0] + b * s[1] + c * s[2] + d * s[3],
                                    (const int8_t *)x1 + a * s1[0] + b * s1[1] + c * s1[2] + d * s1[3],
                                    (const int8_t *)x2 + a * s2[0] + b * s2[1] + c * s2[2] + d * s2[3], to);
}
