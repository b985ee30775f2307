/* SPDX-License-Identifier: Apache-2.0 */
#include "copy.h"
#include "nn.h"

void nn_constant_portable(const nn_constant_t *op, const void *x, void *y, void *scratch) {
    (void)x, (void)scratch;
    nn_copy_bytes(y, op->data, op->bytes);
}
