/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

static int32_t computed(uint8_t what, int32_t a, int32_t b) {
    const uint32_t difference = (uint32_t)a - (uint32_t)b;
    switch (what) {
    case NN_INT32_ADD:
        return nn_add_wrapping(a, b);
    case NN_INT32_SUB:
        return (int32_t)difference;
    case NN_INT32_MUL:
        return (int32_t)((uint32_t)a * (uint32_t)b);
    case NN_INT32_SQUARED_DIFFERENCE:
        return (int32_t)(difference * difference);
    case NN_INT32_MAXIMUM:
        return a > b ? a : b;
    case NN_INT32_MINIMUM:
        return a < b ? a : b;
    case NN_INT32_DIV:
        return b == 0 ? 0 : b == -1 ? nn_subtract_wrapping(0, a) : a / b;
    case NN_INT32_EQUAL:
        return a == b;
    case NN_INT32_NOT_EQUAL:
        return a != b;
    case NN_INT32_GREATER:
        return a > b;
    case NN_INT32_GREATER_EQUAL:
        return a >= b;
    case NN_INT32_LESS:
        return a < b;
    default:
        return a <= b;
    }
}

void nn_binary_int32_portable(const nn_binary_int32_t *op, const int32_t *x1, const int32_t *x2, void *y,
                              void *scratch) {
    (void)scratch;
    int32_t to = 0;
    for (int32_t a = 0; a < op->dims[0]; a++)
        for (int32_t b = 0; b < op->dims[1]; b++)
            for (int32_t c = 0; c < op->dims[2]; c++) {
                const int32_t *row1 = x1 + a * op->stride1[0] + b * op->stride1[1] + c * op->stride1[2];
                const int32_t *row2 = x2 + a * op->stride2[0] + b * op->stride2[1] + c * op->stride2[2];
                for (int32_t i = 0; i < op->dims[3]; i++, to++) {
                    int32_t value = computed(op->what, row1[i * op->stride1[3]], row2[i * op->stride2[3]]);
                    if (op->what >= NN_INT32_EQUAL)
                        ((int8_t *)y)[to] = (int8_t)value;
                    else
                        ((int32_t *)y)[to] = value;
                }
            }
}
