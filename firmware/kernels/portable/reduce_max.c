/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"

void nn_reduce_max_portable(const nn_reduce_t *op, const int8_t *x, int8_t *y, void *scratch) {
    const int32_t innermost = op->dims[4], step1 = op->dims[2] * op->dims[3] * innermost;
    (void)scratch;
    for (int32_t a = 0; a < op->dims[0]; a++, x += op->dims[1] * step1)
        for (int32_t b = 0; b < op->dims[2]; b++)
            for (int32_t c = 0; c < innermost; c++) {
                const int8_t *first = x + b * op->dims[3] * innermost + c;
                int8_t found = *first;
                for (int32_t i = 0; i < op->dims[1]; i++)
                    for (int32_t j = 0; j < op->dims[3]; j++) {
                        int8_t value = first[i * step1 + j * innermost];
                        found = value > found ? value : found;
                    }
                *y++ = found;
            }
}
