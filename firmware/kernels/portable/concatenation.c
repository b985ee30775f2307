/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"

void nn_concatenation_portable(const nn_concatenation_t *op, const int8_t *const *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int32_t outer = 0; outer < op->outer; outer++)
        for (int32_t i = 0; i < op->inputs; i++) {
            memcpy(y, x[i] + outer * op->inner[i], (size_t)op->inner[i]);
            y += op->inner[i];
        }
}
