/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"
#include "nn_math.h"

/* Where in x the element is that an index names, the nearest one of an index beyond x. */
static int32_t place(const nn_lookup_t *op, const int32_t *index) {
    int32_t at = 0;
    for (int32_t axis = 0; axis < op->depth; axis++)
        at += nn_clamp(index[axis], 0, op->dims[axis] - 1) * op->stride[axis];
    return at;
}

void nn_lookup_portable(const nn_lookup_t *op, const void *x, const int32_t *indices, void *y, void *scratch) {
    (void)scratch;
    const int8_t *from = x;
    int8_t *to = y;
    const int32_t whole = op->dims[0] * op->stride[0];
    for (int32_t batch = 0; batch < op->batches; batch++, indices += op->count * op->depth)
        for (int32_t outer = 0; outer < op->outer; outer++, from += whole)
            for (int32_t i = 0; i < op->count; i++, to += op->run)
                memcpy(to, from + place(op, indices + i * op->depth), (size_t)op->run);
}
