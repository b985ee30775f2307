/* SPDX-License-Identifier: Apache-2.0
 *
 * Dot products of one vector with four rows at once, stride bytes apart, and of two vectors. Sums wrap. */
#ifndef NN_DSP_ROWS_H
#define NN_DSP_ROWS_H

#include <stdint.h>
#include <string.h>

#include "nn_math.h"

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

/* To lower addresses, which may overlap. */
static inline void nn_move_down(void *to, const void *from, int32_t bytes) {
    uint8_t *y = to;
    const uint8_t *x = from, *const end = x + bytes;
    for (uint32_t a, b; end - x >= 32; x += 32, y += 32)
#pragma GCC unroll 4
        for (int i = 0; i < 32; i += 8) {
            a = nn_word(x + i), b = nn_word(x + i + 4);
            memcpy(y + i, &a, 4);
            memcpy(y + i + 4, &b, 4);
        }
    while (x < end)
        *y++ = *x++;
}

/* Whole words: four rows, stride bytes apart. */
static inline void nn_dot_words(const int8_t *x, const int8_t *row, int32_t stride, int32_t words, const int32_t *from,
                                int32_t *sum) {
    int32_t s0 = from[0], s1 = from[1], s2 = from[2], s3 = from[3], x0, x1, w0, w1;
    const int8_t *next = row + stride;
    __asm__ volatile(
        "1: ldr %[x1], [%[x]], #4\n"
        "ldr %[w1], [%[row], %[stride], lsl #1]\n"
        "sxtb16 %[x0], %[x1]\n"
        "sxtb16 %[x1], %[x1], ror #8\n"
        "sxtb16 %[w0], %[w1]\n"
        "sxtb16 %[w1], %[w1], ror #8\n"
        "smlad %[s2], %[w0], %[x0], %[s2]\n"
        "smlad %[s2], %[w1], %[x1], %[s2]\n"
        "ldr %[w1], [%[next], %[stride], lsl #1]\n"
        "sxtb16 %[w0], %[w1]\n"
        "sxtb16 %[w1], %[w1], ror #8\n"
        "smlad %[s3], %[w0], %[x0], %[s3]\n"
        "smlad %[s3], %[w1], %[x1], %[s3]\n"
        "ldr %[w1], [%[row]], #4\n"
        "sxtb16 %[w0], %[w1]\n"
        "sxtb16 %[w1], %[w1], ror #8\n"
        "smlad %[s0], %[w0], %[x0], %[s0]\n"
        "smlad %[s0], %[w1], %[x1], %[s0]\n"
        "ldr %[w1], [%[next]], #4\n"
        "sxtb16 %[w0], %[w1]\n"
        "sxtb16 %[w1], %[w1], ror #8\n"
        "smlad %[s1], %[w0], %[x0], %[s1]\n"
        "smlad %[s1], %[w1], %[x1], %[s1]\n"
        "subs %[words], #1\n"
        "bne 1b\n"
        : [x] "+r"(x), [row] "+r"(row), [next] "+r"(next), [words] "+r"(words), [s0] "+r"(s0), [s1] "+r"(s1),
          [s2] "+r"(s2), [s3] "+r"(s3), [x0] "=&r"(x0), [x1] "=&r"(x1), [w0] "=&r"(w0), [w1] "=&r"(w1)
        : [stride] "r"(stride)
        : "cc", "memory");
    sum[0] = s0;
    sum[1] = s1;
    sum[2] = s2;
    sum[3] = s3;
}

/* What four rows add to the sums at from, as sums at to. */
__attribute__((noinline, unused)) static void dot_rows(const int8_t *x, const int8_t *row, int32_t stride,
                                                       int32_t count, const int32_t *from, int32_t *to) {
    if (count >= 4)
        nn_dot_words(x, row, stride, count / 4, from, to);
    else
        memcpy(to, from, 4 * sizeof *to);
    for (int32_t k = count & ~3; k < count; k++)
        for (int32_t i = 0; i < 4; i++)
            to[i] = (int32_t)((uint32_t)to[i] + (uint32_t)(x[k] * row[i * stride + k]));
}

/* nn_requantize() by a shift below 0 of so many sums, one at a time where there is a choice. */
enum { NN_SCALED_TOGETHER = 1 };
static inline void scale_sums(int32_t *x, int count, int32_t multiplier, int shift) {
    const int right = -1 - shift;
    for (int i = 0; i < count; i++) {
        const int32_t product = nn_mul_q31(x[i], multiplier);
        const int32_t halves = (product + (product >> 31)) >> right;
        x[i] = (halves >> 1) + (halves & 1);
    }
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
    int32_t a, b;
    for (; count >= 8; count -= 8)
        __asm__("ldr %[a], [%[x]], #4\n"
                "ldr %[b], [%[w]], #4\n"
                "smlad %[sum], %[a], %[b], %[sum]\n"
                "ldr %[a], [%[x]], #4\n"
                "ldr %[b], [%[w]], #4\n"
                "smlad %[sum], %[a], %[b], %[sum]\n"
                "ldr %[a], [%[x]], #4\n"
                "ldr %[b], [%[w]], #4\n"
                "smlad %[sum], %[a], %[b], %[sum]\n"
                "ldr %[a], [%[x]], #4\n"
                "ldr %[b], [%[w]], #4\n"
                "smlad %[sum], %[a], %[b], %[sum]\n"
                : [x] "+r"(x), [w] "+r"(w), [sum] "+r"(sum), [a] "=&r"(a), [b] "=&r"(b)
                :
                : "memory");
    for (; count > 0; count--)
        sum = (int32_t)((uint32_t)sum + (uint32_t)(*x++ * *w++));
    return sum;
}

#endif
