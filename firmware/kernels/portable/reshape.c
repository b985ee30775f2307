/* SPDX-License-Identifier: Apache-2.0 */
#include "copy.h"
#include "nn.h"

void nn_reshape_portable(const nn_reshape_t *op, const void *x, void *y, void *scratch) {
    (void)scratch;
    if (x != y)
        nn_copy_bytes(y, x, op->bytes);
}
