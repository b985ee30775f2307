/* SPDX-License-Identifier: Apache-2.0
 *
 * PAD of any type: NN_ELEMENT; NN_PAD is the kernel's name without nn_, NN_PAD_FILL what writes a value so many times.
 */
#include "copy.h"
#include "nn.h"

#define NN_PAD_JOIN(a, b, c) a##b##c
#define NN_PAD_NAME(a, b, c) NN_PAD_JOIN(a, b, c)
typedef NN_PAD_NAME(nn_, NN_PAD, _t) nn_pad_op_t;

enum { AXES = 5 };

/* Elements in one index step along axis, before and after padding. */
static void step_sizes(const nn_pad_op_t *op, int32_t y_step[AXES]) {
    int32_t y_elements = 1;
    for (int axis = AXES - 1; axis >= 0; axis--) {
        y_step[axis] = y_elements;
        y_elements *= op->before[axis] + op->dims[axis] + op->after[axis];
    }
}

/* Rows of x go to y in order; before a row, y gets what pads the axes that end before it and those that begin there. */
void NN_PAD_NAME(nn_, NN_PAD, _portable)(const nn_pad_op_t *op, const NN_ELEMENT *x, NN_ELEMENT *y, void *scratch) {
    int32_t y_step[AXES], index[AXES] = {0};
    const int32_t row = op->dims[AXES - 1];
    int32_t between = 0;
    int axis = 0;
    (void)scratch;
    step_sizes(op, y_step);
    while (axis >= 0) {
        for (; axis < AXES; axis++)
            between += op->before[axis] * y_step[axis];
        NN_PAD_FILL(y, op->value, between);
        y += between;
        nn_copy_bytes(y, x, row * (int32_t)sizeof *x);
        x += row;
        y += row;
        between = op->after[AXES - 1];
        for (axis = AXES - 2; axis >= 0 && ++index[axis] == op->dims[axis]; axis--) {
            index[axis] = 0;
            between += op->after[axis] * y_step[axis];
        }
        if (axis >= 0)
            axis++;
    }
    NN_PAD_FILL(y, op->value, between);
}
