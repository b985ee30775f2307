/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"

void nn_reshape_portable(const nn_reshape_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    if (x != y)
        memcpy(y, x, (size_t)op->bytes);
}
