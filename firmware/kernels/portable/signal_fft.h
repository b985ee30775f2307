/* SPDX-License-Identifier: Apache-2.0
 *
 * The passes of kissfft's complex FFT of int16, shared by the real one and its inverse. Every pass divides by its
 * radix; sums wrap in int16. Numbers are pairs of int16. */
#ifndef NN_SIGNAL_FFT_H
#define NN_SIGNAL_FFT_H

#include "nn.h"

#define NN_FFT_ONE 32767

typedef struct {
    int32_t re, im;
} nn_complex_t;

static inline int32_t nn_fft_rounded(int32_t x) {
    return (x + (1 << 14)) >> 15;
}

static inline nn_complex_t nn_fft_scaled(const int16_t *x, int32_t by) {
    const nn_complex_t y = {nn_fft_rounded(x[0] * by), nn_fft_rounded(x[1] * by)};
    return y;
}

static inline nn_complex_t nn_fft_quarter(const int16_t *x) {
    return nn_fft_scaled(x, NN_FFT_ONE / 4);
}

/* Wrapping as int16 does. */
static inline nn_complex_t nn_fft_times(nn_complex_t x, const int16_t *turn) {
    const nn_complex_t y = {(int16_t)nn_fft_rounded(x.re * turn[0] - x.im * turn[1]),
                            (int16_t)nn_fft_rounded(x.re * turn[1] + x.im * turn[0])};
    return y;
}

static inline void nn_fft_put(int16_t *y, int32_t re, int32_t im) {
    y[0] = (int16_t)re;
    y[1] = (int16_t)im;
}

/* What an FFT of so many points, a power of 2, begins with: 4, or 2 where they are no power of 4. */
static inline int32_t nn_fft_radix(int32_t points) {
    int32_t m = 1;
    while (4 * m <= points)
        m *= 4;
    return m == points ? 4 : 2;
}

/* Which number comes behind this one into the first pass: base 4 digits, the first one of base radix, count up from the
 * other end. */
static inline int32_t nn_fft_next(int32_t number, int32_t points, int32_t radix) {
    int32_t weight = points / radix;
    number += weight;
    for (int32_t end = points; number >= end && weight > 1; radix = 4) {
        end = weight;
        number -= radix * weight;
        weight /= 4;
        number += weight;
    }
    return number;
}

static inline void nn_fft_pass_of_two(int16_t *y, int32_t points) {
    for (int16_t *end = y + 2 * points; y < end; y += 4) {
        const nn_complex_t a = nn_fft_scaled(y, NN_FFT_ONE / 2), b = nn_fft_scaled(y + 2, NN_FFT_ONE / 2);
        nn_fft_put(y, a.re + b.re, a.im + b.im);
        nn_fft_put(y + 2, a.re - b.re, a.im - b.im);
    }
}

/* f1, f2, f3: three of the four numbers, turned. */
static inline void nn_fft_butterfly(int16_t *y, int32_t m, nn_complex_t f1, nn_complex_t f2, nn_complex_t f3) {
    const nn_complex_t f0 = nn_fft_quarter(y);
    const nn_complex_t d = {f0.re - f2.re, f0.im - f2.im}, e = {f0.re + f2.re, f0.im + f2.im};
    const nn_complex_t p = {f1.re + f3.re, f1.im + f3.im}, q = {f1.re - f3.re, f1.im - f3.im};
    nn_fft_put(y, e.re + p.re, e.im + p.im);
    nn_fft_put(y + 2 * m, d.re + q.im, d.im - q.re);
    nn_fft_put(y + 4 * m, e.re - p.re, e.im - p.im);
    nn_fft_put(y + 6 * m, d.re - q.im, d.im + q.re);
}

/* Groups of 4 m points: the first number of each quarter. A turn by 0 changes nothing. */
static inline void nn_fft_unturned(int16_t *y, int32_t points, int32_t m, int inverse) {
    for (int16_t *at = y; at < y + 2 * points; at += 8 * m) {
        const nn_complex_t f1 = nn_fft_quarter(at + 2 * m), f2 = nn_fft_quarter(at + 4 * m),
                           f3 = nn_fft_quarter(at + 6 * m);
        nn_fft_butterfly(at, m, inverse ? f3 : f1, f2, inverse ? f1 : f3);
    }
}

/* The other numbers. The inverse is an FFT whose second and fourth number are exchanged. */
static inline void nn_fft_pass_of_four(const int16_t *twiddles, int16_t *y, int32_t points, int32_t m, int inverse) {
    nn_fft_unturned(y, points, m, inverse);
    for (int32_t j = 1; j < m; j++) {
        const int16_t *turn = twiddles + 2 * j * (points / (4 * m)), *twice = turn + (turn - twiddles);
        const int16_t *thrice = twice + (turn - twiddles);
        for (int16_t *at = y + 2 * j; at < y + 2 * points; at += 8 * m) {
            const nn_complex_t f1 = nn_fft_times(nn_fft_quarter(at + 2 * m), turn);
            const nn_complex_t f2 = nn_fft_times(nn_fft_quarter(at + 4 * m), twice);
            const nn_complex_t f3 = nn_fft_times(nn_fft_quarter(at + 6 * m), thrice);
            nn_fft_butterfly(at, m, inverse ? f3 : f1, f2, inverse ? f1 : f3);
        }
    }
}

static inline void nn_fft_passes(const int16_t *twiddles, int16_t *y, int32_t points, int inverse) {
    const int32_t radix = nn_fft_radix(points);
    if (radix == 2)
        nn_fft_pass_of_two(y, points);
    for (int32_t m = radix == 2 ? 2 : 1; m < points; m *= 4)
        nn_fft_pass_of_four(twiddles, y, points, m, inverse);
}

#endif
