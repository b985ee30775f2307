/* SPDX-License-Identifier: Apache-2.0
 *
 * Part of nn.h, which includes it: TFLM's signal library. */
#ifndef NN_SIGNAL_H
#define NN_SIGNAL_H

/* Stages of an audio front-end on integers, as TFLM's signal library has them; the tables are
 * gen/model/ops/signal.py's.
 *
 * Window: blocks of size samples times the window, shifted to the right, saturating. count: of all. y may be x. */
typedef struct {
    const int16_t *window;
    int32_t count, size, shift;
} nn_signal_window_t;
typedef void nn_signal_window_fn(const nn_signal_window_t *op, const int16_t *x, int16_t *y, void *scratch);

/* Samples shifted to the left as far as the largest allows, and by how much. */
typedef struct {
    int32_t count;
} nn_signal_auto_scale_t;
typedef void nn_signal_auto_scale_fn(const nn_signal_auto_scale_t *op, const int16_t *x, int16_t *y, int32_t *shift,
                                     void *scratch);

/* FFT of real numbers, a power of 2 of points, 4 at least; x: batches x in_n, filled up with zeros; y: batches x
 * points / 2 + 1 complex numbers. twiddles, post: pairs of cos and sin, max(3/8 points, 1) and 1/4 points of them. */
typedef struct {
    const int16_t *twiddles, *post;
    int32_t batches, in_n, points;
} nn_signal_rfft_t;
typedef void nn_signal_rfft_fn(const nn_signal_rfft_t *op, const int16_t *x, int16_t *y, void *scratch);

/* Its inverse: x: batches x points / 2 + 1 complex numbers; y: batches x points; tables of the other direction. */
typedef struct {
    const int16_t *twiddles, *post;
    int32_t batches, points;
} nn_signal_irfft_t;
typedef void nn_signal_irfft_fn(const nn_signal_irfft_t *op, const int16_t *x, int16_t *y, void *scratch);

/* Squares of the complex numbers from start to end, of count; of the others 0. */
typedef struct {
    int32_t count, start, end;
} nn_signal_energy_t;
typedef void nn_signal_energy_fn(const nn_signal_energy_t *op, const int16_t *x, uint32_t *y, void *scratch);

/* Sums over channels + 1 bands: a band's energies from bins on, widths of them, times the weights from places on count
 * for the channel before the band's end, times the unweights for the next one. No weight is below 0. */
typedef struct {
    const int16_t *weight, *unweight, *bins, *places, *widths;
    int32_t channels;
} nn_signal_filter_bank_t;
typedef void nn_signal_filter_bank_fn(const nn_signal_filter_bank_t *op, const uint32_t *x, uint64_t *y, void *scratch);

/* Square roots, rounded, shifted to the right by *shift. */
typedef struct {
    int32_t count;
} nn_signal_root_t;
typedef void nn_signal_root_fn(const nn_signal_root_t *op, const uint64_t *x, const int32_t *shift, uint32_t *y,
                               void *scratch);

/* Noise, estimated by smoothing over inferences, is subtracted; at least a share of the signal stays: least / 2^bits.
 * Odd channels have a smoothing of their own. estimate: what is subtracted, as state is afterwards. */
typedef struct {
    int32_t count, smoothing, one_minus, alternate_smoothing, alternate_one_minus, least;
    uint8_t smoothing_bits, bits, clamping;
} nn_signal_subtract_noise_t;
typedef void nn_signal_subtract_noise_fn(const nn_signal_subtract_noise_t *op, const uint32_t *x, uint32_t *y,
                                         uint32_t *estimate, uint32_t *state, void *scratch);

/* Per-channel gain by the noise; gains: 3 values, then 3 and one unused for each power of 2. y may be x. */
typedef struct {
    const int16_t *gains;
    int32_t count, shift;
} nn_signal_pcan_t;
typedef void nn_signal_pcan_fn(const nn_signal_pcan_t *op, const uint32_t *x, const uint32_t *noise, uint32_t *y,
                               void *scratch);

/* Natural logarithms of x << correction, times scale, saturating. fractions: 129 entries. */
typedef struct {
    const uint16_t *fractions;
    int32_t count, correction, scale;
} nn_signal_log_t;
typedef void nn_signal_log_fn(const nn_signal_log_t *op, const uint32_t *x, int16_t *y, void *scratch);

/* Samples of so many inferences before: x and y are batches x size, the state batches x delay. */
typedef struct {
    int32_t batches, size, delay;
} nn_signal_delay_t;
typedef void nn_signal_delay_fn(const nn_signal_delay_t *op, const int16_t *x, int16_t *y, int16_t *state,
                                void *scratch);

/* Frames of size samples, each a step behind the one before, added up, saturating: x is batches x frames x size, y
 * batches x frames * step, the state batches x size. */
typedef struct {
    int32_t batches, frames, size, step;
} nn_signal_overlap_add_t;
typedef void nn_signal_overlap_add_fn(const nn_signal_overlap_add_t *op, const int16_t *x, int16_t *y, int16_t *state,
                                      void *scratch);

/* Channels of several inferences behind each other, size values in all, of which step go afterwards; the first one's
 * left times more. valid: whether there are so many. held: 0 before the first inference, then 1 + values in state. */
typedef struct {
    int32_t channels, size, step, left;
} nn_signal_stacker_t;
typedef void nn_signal_stacker_fn(const nn_signal_stacker_t *op, const int16_t *x, int16_t *y, int8_t *valid,
                                  int16_t *state, int32_t *held, void *scratch);

/* Frames of size samples, each a step behind the one before: x is batches x frames * step, y batches x frames x size,
 * the state batches x capacity, of which first + *held are samples; capacity: size up to a multiple of step. */
typedef struct {
    int32_t batches, frames, size, step, capacity, first;
} nn_signal_framer_t;
typedef void nn_signal_framer_fn(const nn_signal_framer_t *op, const int16_t *x, int16_t *y, int8_t *valid,
                                 int16_t *state, int32_t *held, void *scratch);

#endif
