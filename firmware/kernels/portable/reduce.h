/* SPDX-License-Identifier: Apache-2.0
 *
 * What reductions to an extreme share; sign: 1 for the greatest, -1 for the least, a constant where it is called. */
#ifndef NN_REDUCE_H
#define NN_REDUCE_H

#include "nn.h"

static inline void nn_reduce(const nn_reduce_t *op, const int8_t *x, int8_t *y, int sign) {
    const int32_t innermost = op->dims[4], step1 = op->dims[2] * op->dims[3] * innermost;
    for (int32_t a = 0; a < op->dims[0]; a++, x += op->dims[1] * step1)
        for (int32_t b = 0; b < op->dims[2]; b++)
            for (int32_t c = 0; c < innermost; c++) {
                const int8_t *first = x + b * op->dims[3] * innermost + c;
                int32_t found = *first;
                for (int32_t i = 0; i < op->dims[1]; i++)
                    for (int32_t j = 0; j < op->dims[3]; j++) {
                        int32_t value = first[i * step1 + j * innermost];
                        found = sign * value > sign * found ? value : found;
                    }
                *y++ = (int8_t)found;
            }
}

/* Of equals the first. */
static inline void nn_arg(const nn_arg_t *op, const int8_t *x, int32_t *y, int sign) {
    for (int32_t outer = 0; outer < op->outer; outer++, x += op->count * op->inner)
        for (int32_t inner = 0; inner < op->inner; inner++) {
            const int8_t *at = x + inner;
            int32_t found = *at, index = 0;
            for (int32_t i = 1; i < op->count; i++)
                if (sign * at[i * op->inner] > sign * found) {
                    found = at[i * op->inner];
                    index = i;
                }
            *y++ = index;
        }
}

#endif
