/* SPDX-License-Identifier: Apache-2.0
 *
 * MEAN and SUM of any type: NN_ELEMENT, whose limits are NN_LOW and NN_HIGH; NN_MEAN is the kernel's name,
 * NN_MEAN_OP its struct. */
#include "nn.h"
#include "nn_math.h"

void NN_MEAN(const NN_MEAN_OP *op, const NN_ELEMENT *x, NN_ELEMENT *y, void *scratch) {
    const int32_t innermost = op->dims[4], step1 = op->dims[2] * op->dims[3] * innermost;
    const int32_t offset = op->input_offset * op->dims[1] * op->dims[3];
    (void)scratch;
    for (int32_t a = 0; a < op->dims[0]; a++, x += op->dims[1] * step1)
        for (int32_t b = 0; b < op->dims[2]; b++)
            for (int32_t c = 0; c < innermost; c++) {
                const NN_ELEMENT *first = x + b * op->dims[3] * innermost + c;
                int32_t sum = offset;
                for (int32_t i = 0; i < op->dims[1]; i++)
                    for (int32_t j = 0; j < op->dims[3]; j++)
                        sum += first[i * step1 + j * innermost];
                *y++ = (NN_ELEMENT)nn_clamp(nn_requantize(sum, op->multiplier, op->shift) + op->output_offset, NN_LOW,
                                            NN_HIGH);
            }
}
