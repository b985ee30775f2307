/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs of bytes of a window that is not wholly on its input. Both return the end of what they wrote. */
#ifndef NN_DSP_GATHER_H
#define NN_DSP_GATHER_H

#include <stdint.h>
#include <string.h>

__attribute__((noinline)) static int8_t *nn_fill(int8_t *to, int32_t count, int8_t value) {
    for (; count >= 4; count -= 4, to += 4) {
        uint32_t word = (uint8_t)value * 0x01010101u;
        memcpy(to, &word, 4);
    }
    while (count-- > 0)
        *to++ = value;
    return to;
}

static inline int8_t *nn_copy(int8_t *to, const int8_t *from, int32_t count) {
    for (; count >= 16; count -= 16, to += 16, from += 16)
        memcpy(to, from, 16);
    for (; count >= 4; count -= 4, to += 4, from += 4)
        memcpy(to, from, 4);
    while (count-- > 0)
        *to++ = *from++;
    return to;
}

#endif
