/* SPDX-License-Identifier: Apache-2.0 */
#include "copy.h"
#include "nn.h"

void nn_split_portable(const nn_split_t *op, const int8_t *x, int8_t *const *y, void *scratch) {
    (void)scratch;
    for (int32_t outer = 0; outer < op->outer; outer++)
        for (int32_t i = 0; i < op->outputs; i++) {
            nn_copy_bytes(y[i] + outer * op->inner[i], x, op->inner[i]);
            x += op->inner[i];
        }
}
