/* SPDX-License-Identifier: Apache-2.0 */
#include "copy.h"
#include "nn.h"

void nn_concatenation_portable(const nn_concatenation_t *op, const int8_t *const *x, void *y, void *scratch) {
    int8_t *to = y;
    (void)scratch;
    for (int32_t outer = 0; outer < op->outer; outer++)
        for (int32_t i = 0; i < op->inputs; i++) {
            nn_copy_bytes(to, x[i] + outer * op->inner[i], op->inner[i]);
            to += op->inner[i];
        }
}
