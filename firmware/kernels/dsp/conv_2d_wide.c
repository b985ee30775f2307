/* SPDX-License-Identifier: Apache-2.0 */
#include "gemm.h"
#include "gemm_block.h"

void nn_conv_2d_wide_dsp(const nn_conv_2d_gemm_dsp_t *op, const int8_t *x, int8_t *y, void *scratch) {
    static const nn_gemm_t gemm = {2, 2, 1, nn_columns_wide_dsp, nn_gemm_wide_dsp};
    nn_conv_2d_by_gemm(op, &gemm, x, y, scratch);
}

void nn_conv_2d_wide_in_place_dsp(const nn_conv_2d_gemm_dsp_t *op, const int8_t *x, int8_t *y, void *scratch) {
    nn_conv_2d_wide_dsp(op, x, y, scratch);
}
