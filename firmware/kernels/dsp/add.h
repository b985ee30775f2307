/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_DSP_ADD_H
#define NN_DSP_ADD_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ADD without broadcasting: y = saturate((sum + ((multiplier1 * x1) >> 8) + ((multiplier2 * x2) >> 8)) >> 20).
 * gen/compiler/kernels/dsp/spatial.py finds numbers for which that is ADD, for each of the 65,536 pairs of inputs. y may be x1
 * or x2. */
typedef struct {
    int32_t multiplier1, multiplier2, sum, count;
} nn_add_linear_dsp_t;
typedef void nn_add_linear_dsp_fn(const nn_add_linear_dsp_t *op, const int8_t *x1, const int8_t *x2, int8_t *y,
                                  void *scratch);
nn_add_linear_dsp_fn nn_add_linear_dsp;

#ifdef __cplusplus
}
#endif
#endif
