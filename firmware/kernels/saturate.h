/* SPDX-License-Identifier: Apache-2.0
 *
 * Saturation on Cortex-M3 and greater. */
#ifndef NN_SATURATE_H
#define NN_SATURATE_H

#include <stdint.h>

static inline int32_t nn_clamp_8(int32_t x) {
    __asm__("ssat %0, #8, %0" : "+r"(x));
    return x;
}

static inline int32_t nn_clamp_16(int32_t x) {
    __asm__("ssat %0, #16, %0" : "+r"(x));
    return x;
}

#endif
