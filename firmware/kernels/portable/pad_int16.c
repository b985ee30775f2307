/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

static void fill(int16_t *y, int16_t value, int32_t count) {
    for (; count > 0; count--)
        *y++ = value;
}

#define NN_ELEMENT int16_t
#define NN_PAD pad_int16
#define NN_PAD_FILL fill
#include "pad.h"
