/* SPDX-License-Identifier: Apache-2.0
 *
 * Dot products of one vector with four rows at once, and of two vectors. Sums wrap. */
#ifndef NN_DSP_ROWS_H
#define NN_DSP_ROWS_H

#include <stdint.h>
#include <string.h>

static inline uint32_t nn_word(const void *at) {
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* Bytes 0 and 2 of a word as int16, and bytes 1 and 3. */
static inline uint32_t nn_even(uint32_t word) {
    uint32_t pair;
    __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(word));
    return pair;
}

static inline uint32_t nn_odd(uint32_t word) {
    uint32_t pair;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
    return pair;
}

static inline int32_t nn_smlad(uint32_t a, uint32_t b, int32_t sum) {
    __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}

__attribute__((noinline, unused)) static void dot_rows(const int8_t *x, const int8_t *const row[4], int32_t count,
                                                       int32_t sum[4]) {
    const int8_t *a = row[0], *b = row[1], *c = row[2], *d = row[3], *end = x + (count & ~3);
    int32_t s0 = sum[0], s1 = sum[1], s2 = sum[2], s3 = sum[3];
    for (; x < end; x += 4, a += 4, b += 4, c += 4, d += 4) {
        const uint32_t word = nn_word(x), even = nn_even(word), odd = nn_odd(word);
        const uint32_t wa = nn_word(a), wb = nn_word(b), wc = nn_word(c), wd = nn_word(d);
        s0 = nn_smlad(odd, nn_odd(wa), nn_smlad(even, nn_even(wa), s0));
        s1 = nn_smlad(odd, nn_odd(wb), nn_smlad(even, nn_even(wb), s1));
        s2 = nn_smlad(odd, nn_odd(wc), nn_smlad(even, nn_even(wc), s2));
        s3 = nn_smlad(odd, nn_odd(wd), nn_smlad(even, nn_even(wd), s3));
    }
    for (int32_t left = count & 3; left > 0; left--) {
        const int32_t value = *x++;
        s0 = (int32_t)((uint32_t)s0 + (uint32_t)(value * *a++));
        s1 = (int32_t)((uint32_t)s1 + (uint32_t)(value * *b++));
        s2 = (int32_t)((uint32_t)s2 + (uint32_t)(value * *c++));
        s3 = (int32_t)((uint32_t)s3 + (uint32_t)(value * *d++));
    }
    sum[0] = s0;
    sum[1] = s1;
    sum[2] = s2;
    sum[3] = s3;
}

static inline int32_t nn_dot_int8(const int8_t *x, const int8_t *w, int32_t count) {
    int32_t sum = 0;
    for (; count >= 4; count -= 4, x += 4, w += 4) {
        const uint32_t a = nn_word(x), b = nn_word(w);
        sum = nn_smlad(nn_odd(a), nn_odd(b), nn_smlad(nn_even(a), nn_even(b), sum));
    }
    for (; count > 0; count--)
        sum = (int32_t)((uint32_t)sum + (uint32_t)(*x++ * *w++));
    return sum;
}

static inline int32_t nn_dot_int16(const int16_t *x, const int16_t *w, int32_t count) {
    int32_t sum = 0;
    for (; count >= 2; count -= 2, x += 2, w += 2)
        sum = nn_smlad(nn_word(x), nn_word(w), sum);
    return count > 0 ? (int32_t)((uint32_t)sum + (uint32_t)(*x * *w)) : sum;
}

#endif
