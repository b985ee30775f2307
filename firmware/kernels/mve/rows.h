/* SPDX-License-Identifier: Apache-2.0
 *
 * Dot products of one vector with four rows at once, stride bytes apart, and of two vectors. Sums wrap. */
#ifndef NN_MVE_ROWS_H
#define NN_MVE_ROWS_H

#include <arm_mve.h>
#include <stdint.h>

#include "scaled.h"

/* To lower addresses, which may overlap. */
static inline void nn_move_down(void *to, const void *from, int32_t bytes) {
    __asm__ volatile("wlstp.8 lr, %[bytes], 2f\n"
                     "1: vldrb.8 q0, [%[from]], #16\n"
                     "vstrb.8 q0, [%[to]], #16\n"
                     "letp lr, 1b\n"
                     "2:\n"
                     : [from] "+r"(from), [to] "+r"(to)
                     : [bytes] "r"(bytes)
                     : "lr", "q0", "memory");
}

/* What rows a, b, c and d add to four sums at from, as sums at to. */
static inline void nn_dot_four(const int8_t *x, const int8_t *a, const int8_t *b, const int8_t *c, const int8_t *d,
                               int32_t count, const int32_t *from, int32_t *to) {
    int32_t s0 = from[0], s1 = from[1], s2 = from[2], s3 = from[3];
    __asm__ volatile("dlstp.8 lr, %[count]\n"
                     "1: vldrb.8 q0, [%[x]], #16\n"
                     "vldrb.8 q1, [%[a]], #16\n"
                     "vmladava.s8 %[s0], q0, q1\n"
                     "vldrb.8 q1, [%[b]], #16\n"
                     "vmladava.s8 %[s1], q0, q1\n"
                     "vldrb.8 q1, [%[c]], #16\n"
                     "vmladava.s8 %[s2], q0, q1\n"
                     "vldrb.8 q1, [%[d]], #16\n"
                     "vmladava.s8 %[s3], q0, q1\n"
                     "letp lr, 1b\n"
                     : [x] "+r"(x), [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [s0] "+Te"(s0), [s1] "+Te"(s1),
                       [s2] "+Te"(s2), [s3] "+Te"(s3)
                     : [count] "r"(count)
                     : "lr", "q0", "q1", "memory");
    to[0] = s0;
    to[1] = s1;
    to[2] = s2;
    to[3] = s3;
}

/* What four rows add to the sums at from, as sums at to. */
__attribute__((noinline, unused)) static void dot_rows(const int8_t *x, const int8_t *row, int32_t stride,
                                                       int32_t count, const int32_t *from, int32_t *to) {
    nn_dot_four(x, row, row + stride, row + 2 * stride, row + 3 * stride, count, from, to);
}

/* nn_requantize() by a shift below 0 of four sums. */
enum { NN_SCALED_TOGETHER = 4 };
static inline void scale_sums(int32_t *x, int count, int32_t multiplier, int shift) {
    (void)count;
    vstrwq_s32(x, nn_scaled(vldrwq_s32(x), multiplier, shift));
}

static inline int32_t nn_dot_int8(const int8_t *x, const int8_t *w, int32_t count) {
    int32_t sum = 0;
    __asm__ volatile("dlstp.8 lr, %[count]\n"
                     "1: vldrb.8 q0, [%[x]], #16\n"
                     "vldrb.8 q1, [%[w]], #16\n"
                     "vmladava.s8 %[sum], q0, q1\n"
                     "letp lr, 1b\n"
                     : [x] "+r"(x), [w] "+r"(w), [sum] "+Te"(sum)
                     : [count] "r"(count)
                     : "lr", "q0", "q1", "memory");
    return sum;
}

static inline int32_t nn_dot_int16(const int16_t *x, const int16_t *w, int32_t count) {
    int32_t sum = 0;
    __asm__ volatile("dlstp.16 lr, %[count]\n"
                     "1: vldrh.16 q0, [%[x]], #16\n"
                     "vldrh.16 q1, [%[w]], #16\n"
                     "vmladava.s16 %[sum], q0, q1\n"
                     "letp lr, 1b\n"
                     : [x] "+r"(x), [w] "+r"(w), [sum] "+Te"(sum)
                     : [count] "r"(count)
                     : "lr", "q0", "q1", "memory");
    return sum;
}

#endif
