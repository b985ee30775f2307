/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"
#include "nn_math.h"

/* memmove, as x2 may lie where y does in a model that wants nonsense. */
void nn_dynamic_update_slice_portable(const nn_dynamic_update_slice_t *op, const void *x1, const void *x2,
                                      const int32_t *start, void *y, void *scratch) {
    (void)scratch;
    const int32_t *dims = op->dims, *stride = op->stride;
    int32_t at = 0;
    for (int32_t axis = 0; axis < op->axes; axis++)
        at += nn_clamp(start[axis], 0, op->most[axis]) * stride[axis];
    if (x1 != y)
        memmove(y, x1, (size_t)op->bytes);
    int8_t *to = (int8_t *)y + at;
    const int8_t *from = x2;
    for (int32_t a = 0; a < dims[0]; a++)
        for (int32_t b = 0; b < dims[1]; b++)
            for (int32_t c = 0; c < dims[2]; c++)
                for (int32_t d = 0; d < dims[3]; d++)
                    for (int32_t e = 0; e < dims[4]; e++, from += op->run)
                        memmove(to + a * stride[0] + b * stride[1] + c * stride[2] + d * stride[3] + e * stride[4],
                                from, (size_t)op->run);
}
