/* SPDX-License-Identifier: Apache-2.0
 *
 * What gemm.S and gemm_block.S compute: rows (or pairs of rows) of x, times all channels. */
#ifndef MVE_GEMM_JOB_H
#define MVE_GEMM_JOB_H

#include <stdint.h>

/* gemm.S and gemm_block.S have the offsets. x: after the depth % 16 elements that a row begins with; of two rows, or
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
_Static_assert(sizeof(nn_gemm_job_t) == 80, "gemm.S copies as much");

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
