/* SPDX-License-Identifier: Apache-2.0
 *
 * kissfft's FFT of real int16 numbers: a complex one of half as many points, even samples real and odd ones imaginary,
 * and what makes the spectrum of it. */
#include "signal_fft.h"

static void load(const nn_signal_rfft_t *op, const int16_t *x, int16_t *y) {
    const int32_t points = op->points / 2, radix = nn_fft_radix(points);
    int32_t from = 0;
    for (int32_t i = 0; i < points; i++, from = nn_fft_next(from, points, radix))
        nn_fft_put(y + 2 * i, 2 * from < op->in_n ? x[2 * from] : 0, 2 * from + 1 < op->in_n ? x[2 * from + 1] : 0);
}

/* From a complex FFT of half as many points to the spectrum, in place: numbers k and half - k of each other. */
static void separate(const int16_t *post, int16_t *y, int32_t half) {
    const nn_complex_t first = nn_fft_scaled(y, NN_FFT_ONE / 2);
    nn_fft_put(y, first.re + first.im, 0);
    nn_fft_put(y + 2 * half, first.re - first.im, 0);
    for (int32_t k = 1; k <= half / 2; k++, post += 2) {
        int16_t *low = y + 2 * k, *high = y + 2 * (half - k);
        const int16_t mirrored[] = {high[0], (int16_t)-high[1]};
        const nn_complex_t a = nn_fft_scaled(low, NN_FFT_ONE / 2), b = nn_fft_scaled(mirrored, NN_FFT_ONE / 2);
        const nn_complex_t f = {a.re + b.re, a.im + b.im}, difference = {a.re - b.re, a.im - b.im};
        const nn_complex_t t = nn_fft_times(difference, post);
        nn_fft_put(low, (f.re + t.re) >> 1, (f.im + t.im) >> 1);
        nn_fft_put(high, (f.re - t.re) >> 1, (t.im - f.im) >> 1);
    }
}

void nn_signal_rfft_portable(const nn_signal_rfft_t *op, const int16_t *x, int16_t *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->batches; i++, x += op->in_n, y += op->points + 2) {
        load(op, x, y);
        nn_fft_passes(op->twiddles, y, op->points / 2, 0);
        separate(op->post, y, op->points / 2);
    }
}
