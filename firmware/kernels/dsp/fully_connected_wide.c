/* SPDX-License-Identifier: Apache-2.0 */
#include "gemm.h"
#include "gemm_block.h"

void nn_fully_connected_wide_dsp(const nn_fully_connected_vector_dsp_t *op, const int8_t *x, int8_t *y, void *scratch) {
    nn_fully_connected_by_vector(op, nn_vector_wide_dsp, x, y, scratch);
}
