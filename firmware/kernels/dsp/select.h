/* SPDX-License-Identifier: Apache-2.0
 *
 * MAXIMUM and MINIMUM, four bytes at a time: NN_SELECT(a, b, to) is the one or the other of each byte of two words. */
#include "binary.h"
#include "rows.h"

static inline int8_t selected(int32_t a, int32_t b) {
    uint32_t to;
    NN_SELECT((uint32_t)a, (uint32_t)b, to);
    return (int8_t)to;
}

static void row(const nn_binary_t *op, const int8_t *x1, const int8_t *x2, int8_t *y) {
    const int32_t stride1 = op->stride1[3], stride2 = op->stride2[3];
    int8_t *const end = y + op->dims[3];
    /* An operand of one value is that value in every byte. */
    const uint32_t all1 = (uint8_t)*x1 * 0x01010101u, all2 = (uint8_t)*x2 * 0x01010101u;
    const int32_t step1 = 4 * stride1, step2 = 4 * stride2;
    for (; end - y >= 4; x1 += step1, x2 += step2, y += 4) {
        const uint32_t a = stride1 ? nn_word(x1) : all1, b = stride2 ? nn_word(x2) : all2;
        uint32_t to;
        NN_SELECT(a, b, to);
        memcpy(y, &to, sizeof to);
    }
    for (; y < end; x1 += stride1, x2 += stride2)
        *y++ = selected(*x1, *x2);
}
