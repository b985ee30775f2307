/* SPDX-License-Identifier: Apache-2.0 */
#include "gemm.h"
#include "gemm_block.h"

void nn_fully_connected_pairs_dsp(const nn_fully_connected_vector_dsp_t *op, const int8_t *x, int8_t *y,
                                  void *scratch) {
    static const nn_vector_t vector = {4, 14, nn_vector_pairs_dsp};
    nn_fully_connected_by_vector(op, &vector, x, y, scratch);
}
