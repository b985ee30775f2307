/* SPDX-License-Identifier: Apache-2.0
 *
 * kissfft's inverse of nn_signal_rfft: from a spectrum to a complex FFT of half as many points, and back from there. */
#include "signal_fft.h"

/* Number k of that complex FFT. */
static nn_complex_t joined(const int16_t *post, const int16_t *x, int32_t half, int32_t k) {
    const int32_t low = 2 * k < half ? k : half - k;
    const int16_t *a = x + 2 * low, *b = x + 2 * (half - low);
    const int16_t of_first[] = {(int16_t)(a[0] + b[0]), (int16_t)(a[0] - b[0])}, mirrored[] = {b[0], (int16_t)-b[1]};
    if (k == 0)
        return nn_fft_scaled(of_first, NN_FFT_ONE / 2);
    const nn_complex_t u = nn_fft_scaled(a, NN_FFT_ONE / 2), v = nn_fft_scaled(mirrored, NN_FFT_ONE / 2);
    const nn_complex_t difference = {u.re - v.re, u.im - v.im}, t = nn_fft_times(difference, post + 2 * (low - 1));
    const nn_complex_t sum = {u.re + v.re + t.re, u.im + v.im + t.im};
    const nn_complex_t other = {u.re + v.re - t.re, t.im - u.im - v.im};
    return 2 * k < half ? sum : other;
}

void nn_signal_irfft_portable(const nn_signal_irfft_t *op, const int16_t *x, int16_t *y, void *scratch) {
    const int32_t half = op->points / 2, radix = nn_fft_radix(half);
    (void)scratch;
    for (int32_t batch = 0; batch < op->batches; batch++, x += op->points + 2, y += op->points) {
        int32_t from = 0;
        for (int32_t i = 0; i < half; i++, from = nn_fft_next(from, half, radix)) {
            const nn_complex_t number = joined(op->post, x, half, from);
            nn_fft_put(y + 2 * i, number.re, number.im);
        }
        nn_fft_passes(op->twiddles, y, half, 1);
    }
}
