/* SPDX-License-Identifier: Apache-2.0
 *
 * SVDF whose offsets are folded into the sums that they begin with. */
#ifndef NN_RECURRENT_H
#define NN_RECURRENT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As nn_svdf_t and nn_svdf_int8_t. filter_sums: of each filter offset * features; unit_sums: of each unit its bias and
 * offset * time. */
typedef struct {
    const int8_t *features;
    const int16_t *time;
    const int32_t *filter_sums, *unit_sums;
    int32_t batches, in_n, units, rank, memory, multiplier1, multiplier2;
    int8_t shift1, shift2;
    int16_t state_offset, output_offset;
} nn_svdf_sums_t;
typedef void nn_svdf_sums_fn(const nn_svdf_sums_t *op, const int8_t *x, int8_t *y, int16_t *state, void *scratch);
typedef struct {
    const int8_t *features, *time;
    const int32_t *filter_sums, *unit_sums;
    int32_t batches, in_n, units, rank, memory, multiplier1, multiplier2;
    int8_t shift1, shift2;
    int16_t state_offset, output_offset;
} nn_svdf_int8_sums_t;
typedef void nn_svdf_int8_sums_fn(const nn_svdf_int8_sums_t *op, const int8_t *x, int8_t *y, int8_t *state,
                                  void *scratch);

nn_svdf_sums_fn nn_svdf_sums_dsp, nn_svdf_sums_mve;
nn_svdf_int8_sums_fn nn_svdf_int8_sums_dsp, nn_svdf_int8_sums_mve;

#ifdef __cplusplus
}
#endif
#endif
