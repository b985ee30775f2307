/* SPDX-License-Identifier: Apache-2.0
 *
 * What gemm.S and gemm_block.S compute: rows (or pairs of rows) of x, times all channels. */
#ifndef MVE_GEMM_JOB_H
#define MVE_GEMM_JOB_H

#include <stdint.h>

#include "nn_offset.h"
#include "offsets.h"

/* x: after the depth % 16 elements that a row begins with; of two rows, or
 * the same twice. chunks: of CHUNK blocks of 16, at least one; first: blocks in the first chunk. params_end: behind the
 * last full group. x_end: where x[0] is after the last row; x_step: to the next row or pair of rows; y_step: likewise,
 * from where the full groups end. tail: channels in a last, smaller group, which pairs don't have. pad: zeros before
 * the depth, 0..15. y_offsets: where the eight outputs of a pair go, row by row alternately. In gemm_block.S x: the end
 * of a row; pairs: of rows; y_step: from one pair to the next. */
typedef struct {
    const int8_t *x[2];
    int32_t chunks, first, offset;
    const int32_t *params_end;
    const int8_t *x_end;
    int32_t x_step, y_step, pairs;
    const int32_t *params;
    const int8_t *weights;
    int32_t tail, pad, reserved;
    int8_t *y;
    uint16_t y_offsets[8];
} nn_gemm_job_t;
NN_FIELD_AT(nn_gemm_job_t, x, NN_GEMM_JOB_AT_X);
NN_FIELD_AT(nn_gemm_job_t, chunks, NN_GEMM_JOB_AT_CHUNKS);
NN_FIELD_AT(nn_gemm_job_t, first, NN_GEMM_JOB_AT_FIRST);
NN_FIELD_AT(nn_gemm_job_t, offset, NN_GEMM_JOB_AT_OFFSET);
NN_FIELD_AT(nn_gemm_job_t, params_end, NN_GEMM_JOB_AT_PARAMS_END);
NN_FIELD_AT(nn_gemm_job_t, x_end, NN_GEMM_JOB_AT_X_END);
NN_FIELD_AT(nn_gemm_job_t, x_step, NN_GEMM_JOB_AT_X_STEP);
NN_FIELD_AT(nn_gemm_job_t, y_step, NN_GEMM_JOB_AT_Y_STEP);
NN_FIELD_AT(nn_gemm_job_t, pairs, NN_GEMM_JOB_AT_PAIRS);
NN_FIELD_AT(nn_gemm_job_t, params, NN_GEMM_JOB_AT_PARAMS);
NN_FIELD_AT(nn_gemm_job_t, weights, NN_GEMM_JOB_AT_WEIGHTS);
NN_FIELD_AT(nn_gemm_job_t, tail, NN_GEMM_JOB_AT_TAIL);
NN_FIELD_AT(nn_gemm_job_t, pad, NN_GEMM_JOB_AT_PAD);
NN_FIELD_AT(nn_gemm_job_t, reserved, NN_GEMM_JOB_AT_RESERVED);
NN_FIELD_AT(nn_gemm_job_t, y, NN_GEMM_JOB_AT_Y);
NN_FIELD_AT(nn_gemm_job_t, y_offsets, NN_GEMM_JOB_AT_Y_OFFSETS);
NN_SIZE_IS(nn_gemm_job_t, NN_GEMM_JOB_BYTES);

typedef void nn_gemm_fn(const nn_gemm_job_t *job);
nn_gemm_fn nn_gemm_pairs_relu_short_mve, nn_gemm_pairs_any_short_mve; /* one chunk of at most SHORT_CHUNK blocks */
nn_gemm_fn nn_gemm_pairs_relu_block_mve, nn_gemm_pairs_any_block_mve; /* depth 1..16 */
nn_gemm_fn nn_gemm_pairs_relu_mve, nn_gemm_pairs_any_mve, nn_gemm_single_relu_mve, nn_gemm_single_any_mve;

enum { CHUNK = 9, SHORT_CHUNK = 18 };

/* The parts that depend on the depth (>= 1) only; chunk: blocks in one. */
static inline void nn_gemm_start(nn_gemm_job_t *job, int32_t depth, int32_t chunk) {
    int32_t blocks = depth / 16;
    job->chunks = blocks > chunk ? (blocks + chunk - 1) / chunk : 1;
    job->first = blocks - chunk * (job->chunks - 1);
    job->pad = depth % 16 ? 16 - depth % 16 : 0;
}

#endif
