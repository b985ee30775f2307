/* SPDX-License-Identifier: Apache-2.0 */
#include "gemm.h"
#include "gemm_job.h"

enum { GROUP = 8, GROUP_WORDS = 18 };

void nn_fully_connected_mve(const nn_fully_connected_mve_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    nn_gemm_job_t job;
    nn_gemm_start(&job, op->in_n, CHUNK);
    job.weights = op->weights;
    job.params = op->params;
    job.params_end = op->params + op->out_n / GROUP * GROUP_WORDS;
    job.x[0] = job.x[1] = x + op->in_n % 16;
    job.x_step = op->in_n;
    job.x_end = job.x[0] + op->batches * op->in_n;
    job.y = y;
    job.y_step = job.tail = op->out_n % GROUP;
    job.offset = op->output_offset;
    (op->relu ? nn_gemm_single_relu_mve : nn_gemm_single_any_mve)(&job);
}

void nn_conv_2d_whole_mve(const nn_conv_2d_whole_mve_t *op, const int8_t *x, int8_t *y, void *scratch) {
    nn_fully_connected_mve(op, x, y, scratch);
}
