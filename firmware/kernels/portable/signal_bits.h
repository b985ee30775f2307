/* SPDX-License-Identifier: Apache-2.0
 *
 * What the stages of an audio front-end share. */
#ifndef NN_SIGNAL_BITS_H
#define NN_SIGNAL_BITS_H

#include "nn.h"
#include "nn_math.h"

/* How many bits x has, of 0 none. */
static inline int32_t nn_bits(uint32_t x) {
    return x == 0 ? 0 : 32 - __builtin_clz(x);
}

#endif
