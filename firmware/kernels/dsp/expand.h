/* SPDX-License-Identifier: Apache-2.0
 *
 * int8 as the int16 that products of pairs take. */
#ifndef NN_DSP_EXPAND_H
#define NN_DSP_EXPAND_H

#include "gemm_block.h"

/* For each four values (k0 k2) and (k1 k3); zeros after the end. */
static inline void nn_expand(const int8_t *x, int32_t count, int16_t *to) {
    const int32_t words = count / 4, rest = count % 4;
    int8_t last[4] = {0};
    if (words > 0)
        nn_expand_dsp(x, words, to);
    if (rest > 0) {
        for (int32_t i = 0; i < rest; i++)
            last[i] = x[4 * words + i];
        nn_expand_dsp(last, 1, to + 4 * words);
    }
}

#endif
