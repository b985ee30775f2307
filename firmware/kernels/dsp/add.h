/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_DSP_ADD_H
#define NN_DSP_ADD_H

#include <stdint.h>

#include "nn_offset.h"
#include "offsets.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ADD without broadcasting: y = saturate((sum + ((multiplier1 * x1) >> 8) + ((multiplier2 * x2) >> 8)) >> 20).
 * gen/compiler/kernels/add_linear.py finds numbers for which that is ADD, for each of the 65,536 pairs of inputs. y
 * may be x1 or x2. */
typedef struct {
    int32_t multiplier1, multiplier2, sum, count;
} nn_add_linear_dsp_t;
NN_FIELD_AT(nn_add_linear_dsp_t, multiplier1, NN_ADD_LINEAR_DSP_AT_MULTIPLIER1);
NN_FIELD_AT(nn_add_linear_dsp_t, multiplier2, NN_ADD_LINEAR_DSP_AT_MULTIPLIER2);
NN_FIELD_AT(nn_add_linear_dsp_t, sum, NN_ADD_LINEAR_DSP_AT_SUM);
NN_FIELD_AT(nn_add_linear_dsp_t, count, NN_ADD_LINEAR_DSP_AT_COUNT);
typedef void nn_add_linear_dsp_fn(const nn_add_linear_dsp_t *op, const int8_t *x1, const int8_t *x2, int8_t *y,
                                  void *scratch);
nn_add_linear_dsp_fn nn_add_linear_dsp;

#ifdef __cplusplus
}
#endif
#endif
