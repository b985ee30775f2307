/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_PORTABLE_RUNS_H
#define NN_PORTABLE_RUNS_H

#include <stdint.h>
#include <string.h>

/* count elements of run bytes, at strides in x, one after another to y, whose end it gives. Elements of up to a word
 * go one by one, as a call of memcpy costs more than they do. */
static inline int8_t *nn_runs(const int8_t *x, int8_t *y, int32_t count, int32_t stride, int32_t run) {
    if (run == 1)
        for (int32_t i = 0; i < count; i++, x += stride)
            *y++ = *x;
    else if (run == 2)
        for (int32_t i = 0; i < count; i++, x += stride, y += 2)
            memcpy(y, x, 2);
    else if (run == 4)
        for (int32_t i = 0; i < count; i++, x += stride, y += 4)
            memcpy(y, x, 4);
    else
        for (int32_t i = 0; i < count; i++, x += stride, y += run)
            memcpy(y, x, (size_t)run);
    return y;
}

#endif
