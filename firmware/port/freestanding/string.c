/* SPDX-License-Identifier: Apache-2.0
 *
 * By words where addresses allow. */
#include <stdint.h>
#include <string.h>

/* Otherwise the compiler recognizes these loops and makes each function call itself. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

typedef uint32_t __attribute__((may_alias)) word_t;
enum { WORD = sizeof(word_t) };

static int aligned(const void *a, const void *b) {
    return (((uintptr_t)a | (uintptr_t)b) & (WORD - 1)) == 0;
}

int memcmp(const void *a, const void *b, size_t count) {
    const uint8_t *x = a, *y = b;
    for (; count > 0; count--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
    uint8_t *y = to;
    const uint8_t *x = from;
    /* Both reach a word's boundary together, or never. */
    if ((((uintptr_t)x ^ (uintptr_t)y) & (WORD - 1)) == 0) {
        for (; count > 0 && !aligned(x, y); count--)
            *y++ = *x++;
        for (; count >= 4 * WORD; count -= 4 * WORD, x += 4 * WORD, y += 4 * WORD) {
            const word_t *words = (const word_t *)x;
            word_t a = words[0], b = words[1], c = words[2], d = words[3];
            ((word_t *)y)[0] = a;
            ((word_t *)y)[1] = b;
            ((word_t *)y)[2] = c;
            ((word_t *)y)[3] = d;
        }
        for (; count >= WORD; count -= WORD, x += WORD, y += WORD)
            *(word_t *)y = *(const word_t *)x;
    }
    for (; count > 0; count--)
        *y++ = *x++;
    return to;
}

void *memmove(void *to, const void *from, size_t count) {
    uint8_t *y = to;
    const uint8_t *x = from;
    if ((uintptr_t)y - (uintptr_t)x >= count)
        return memcpy(to, from, count); /* which goes upwards */
    while (count > 0) {
        count--;
        y[count] = x[count];
    }
    return to;
}

void *memset(void *to, int byte, size_t count) {
    uint8_t *y = to;
    word_t word = (uint8_t)byte * 0x01010101u;
    for (; count > 0 && !aligned(y, y); count--)
        *y++ = (uint8_t)byte;
    for (; count >= WORD; count -= WORD, y += WORD)
        *(word_t *)y = word;
    for (; count > 0; count--)
        *y++ = (uint8_t)byte;
    return to;
}
