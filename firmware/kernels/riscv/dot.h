/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_RISCV_DOT_H
#define NN_RISCV_DOT_H

#include "portable/dot.h"

/* The compiler is to keep each tap's loads where they are: all at once are more than there are registers. */
#define NN_DOT_TAP(i)                                                                                                  \
    do {                                                                                                               \
        const int32_t value = from[i] + offset;                                                                        \
        __asm__ volatile("" ::: "memory");                                                                             \
        a += (uint32_t)(value * wa[i]);                                                                                \
        b += (uint32_t)(value * wb[i]);                                                                                \
        c += (uint32_t)(value * wc[i]);                                                                                \
        d += (uint32_t)(value * wd[i]);                                                                                \
    } while (0)

/* nn_dot_portable, four taps at a time. */
__attribute__((noinline)) static void nn_dot_riscv(const nn_window_t *window, const int8_t *x, const int8_t *w,
                                                   int32_t w_channel, uint32_t acc[NN_DOT_CHANNELS]) {
    const int32_t offset = window->offset;
    uint32_t a = 0, b = 0, c = 0, d = 0;
    for (int32_t row = 0; row < window->rows; row++, x += window->x_row, w += window->w_row)
        for (int32_t run = 0; run < window->runs; run++) {
            const int8_t *from = x + run * window->x_run, *end = from + (window->length & ~3);
            const int8_t *wa = w + run * window->w_run;
            const int8_t *wb = wa + w_channel, *wc = wb + w_channel, *wd = wc + w_channel;
            for (; from < end; from += 4, wa += 4, wb += 4, wc += 4, wd += 4) {
                NN_DOT_TAP(0);
                NN_DOT_TAP(1);
                NN_DOT_TAP(2);
                NN_DOT_TAP(3);
            }
            for (end += window->length & 3; from < end; from++, wa++, wb++, wc++, wd++)
                NN_DOT_TAP(0);
        }
    acc[0] = a;
    acc[1] = b;
    acc[2] = c;
    acc[3] = d;
}

#endif
