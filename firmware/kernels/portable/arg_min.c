/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"

void nn_arg_min_portable(const nn_arg_t *op, const int8_t *x, int32_t *y, void *scratch) {
    (void)scratch;
    for (int32_t outer = 0; outer < op->outer; outer++, x += op->count * op->inner)
        for (int32_t inner = 0; inner < op->inner; inner++) {
            const int8_t *at = x + inner;
            int8_t found = *at;
            int32_t index = 0;
            for (int32_t i = 1; i < op->count; i++)
                if (at[i * op->inner] < found) {
                    found = at[i * op->inner];
                    index = i;
                }
            *y++ = index;
        }
}
