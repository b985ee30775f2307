/* SPDX-License-Identifier: Apache-2.0
 *
 * kissfft's FFT of real int16 numbers: a complex one of half as many points, even samples real and odd ones imaginary,
 * and what makes the spectrum of it. Every pass divides by its radix; sums wrap in int16. */
#include "nn.h"

#define ONE 32767

typedef struct {
    int32_t re, im;
} number_t;

static int32_t rounded(int32_t x) {
    return (x + (1 << 14)) >> 15;
}

static number_t scaled(const int16_t *x, int32_t by) {
    const number_t y = {rounded(x[0] * by), rounded(x[1] * by)};
    return y;
}

/* Wrapping as int16 does. */
static number_t times(number_t x, const int16_t *turn) {
    const number_t y = {(int16_t)rounded(x.re * turn[0] - x.im * turn[1]),
                        (int16_t)rounded(x.re * turn[1] + x.im * turn[0])};
    return y;
}

static void put(int16_t *y, int32_t re, int32_t im) {
    y[0] = (int16_t)re;
    y[1] = (int16_t)im;
}

/* What comes behind the input of this number: base 4 digits, the first one of base radix, count up from the other end.
 */
static int32_t next(int32_t number, int32_t points, int32_t radix) {
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

static void load(const nn_signal_rfft_t *op, const int16_t *x, int16_t *y, int32_t radix) {
    const int32_t points = op->points / 2;
    int32_t from = 0;
    for (int32_t i = 0; i < points; i++, from = next(from, points, radix))
        put(y + 2 * i, 2 * from < op->in_n ? x[2 * from] : 0, 2 * from + 1 < op->in_n ? x[2 * from + 1] : 0);
}

static void pass_of_two(int16_t *y, int32_t points) {
    for (int16_t *end = y + 2 * points; y < end; y += 4) {
        const number_t a = scaled(y, ONE / 2), b = scaled(y + 2, ONE / 2);
        put(y, a.re + b.re, a.im + b.im);
        put(y + 2, a.re - b.re, a.im - b.im);
    }
}

static void butterfly(int16_t *y, int32_t m, number_t f1, number_t f2, number_t f3) {
    const number_t f0 = scaled(y, ONE / 4);
    const number_t d = {f0.re - f2.re, f0.im - f2.im}, e = {f0.re + f2.re, f0.im + f2.im};
    const number_t p = {f1.re + f3.re, f1.im + f3.im}, q = {f1.re - f3.re, f1.im - f3.im};
    put(y, e.re + p.re, e.im + p.im);
    put(y + 2 * m, d.re + q.im, d.im - q.re);
    put(y + 4 * m, e.re - p.re, e.im - p.im);
    put(y + 6 * m, d.re - q.im, d.im + q.re);
}

/* Groups of 4 m points. */
static void pass_of_four(const int16_t *twiddles, int16_t *y, int32_t points, int32_t m) {
    const int32_t step = points / (4 * m);
    for (int32_t j = 0; j < m; j++) {
        const int16_t *turn = twiddles + 2 * j * step;
        for (int32_t i = j; i < points; i += 4 * m) {
            int16_t *at = y + 2 * i;
            butterfly(at, m, times(scaled(at + 2 * m, ONE / 4), turn),
                      times(scaled(at + 4 * m, ONE / 4), turn + 2 * j * step),
                      times(scaled(at + 6 * m, ONE / 4), turn + 4 * j * step));
        }
    }
}

/* From a complex FFT of half as many points to the spectrum, in place: numbers k and half - k of each other. */
static void separate(const int16_t *post, int16_t *y, int32_t half) {
    const number_t first = scaled(y, ONE / 2);
    put(y, first.re + first.im, 0);
    put(y + 2 * half, first.re - first.im, 0);
    for (int32_t k = 1; k <= half / 2; k++, post += 2) {
        int16_t *low = y + 2 * k, *high = y + 2 * (half - k);
        const int16_t mirrored[] = {high[0], (int16_t)-high[1]};
        const number_t a = scaled(low, ONE / 2), b = scaled(mirrored, ONE / 2);
        const number_t f = {a.re + b.re, a.im + b.im}, difference = {a.re - b.re, a.im - b.im};
        const number_t t = times(difference, post);
        put(low, (f.re + t.re) >> 1, (f.im + t.im) >> 1);
        put(high, (f.re - t.re) >> 1, (t.im - f.im) >> 1);
    }
}

static void transform(const nn_signal_rfft_t *op, const int16_t *x, int16_t *y) {
    const int32_t half = op->points / 2;
    int32_t m = 1;
    while (4 * m <= half)
        m *= 4;
    const int32_t radix = m == half ? 4 : 2;
    load(op, x, y, radix);
    if (radix == 2)
        pass_of_two(y, half);
    for (m = radix == 2 ? 2 : 1; m < half; m *= 4)
        pass_of_four(op->twiddles, y, half, m);
    separate(op->post, y, half);
}

void nn_signal_rfft_portable(const nn_signal_rfft_t *op, const int16_t *x, int16_t *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->batches; i++, x += op->in_n, y += op->points + 2)
        transform(op, x, y);
}
