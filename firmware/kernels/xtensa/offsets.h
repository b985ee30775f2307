/* SPDX-License-Identifier: Apache-2.0
 *
 * Where this folder's assembly finds the fields of its structs, see nn_offset.h. */
#ifndef NN_XTENSA_OFFSETS_H
#define NN_XTENSA_OFFSETS_H

/* nn_triples_t of block.h, for gemm_triples.S. */
#define NN_TRIPLES_AT_COLUMNS 0
#define NN_TRIPLES_AT_STREAM 4
#define NN_TRIPLES_AT_Y 8
#define NN_TRIPLES_AT_Y_1 12
#define NN_TRIPLES_AT_Y_2 16
#define NN_TRIPLES_AT_CHANNELS 20
#define NN_TRIPLES_AT_CHUNKS 24
#define NN_TRIPLES_AT_CHUNK_BYTES 28
#define NN_TRIPLES_AT_BITS 32
#define NN_TRIPLES_AT_MODE 36
#define NN_TRIPLES_AT_ACCUMULATE 40
#define NN_TRIPLES_AT_ACT_MIN 44
#define NN_TRIPLES_AT_ACT_MAX 48
#define NN_TRIPLES_AT_WORDS 52
#define NN_TRIPLES_AT_SUMS 84

/* nn_column_t of block.h, for gemm_column.S. */
#define NN_COLUMN_AT_TO 0
#define NN_COLUMN_AT_A 4
#define NN_COLUMN_AT_B 8
#define NN_COLUMN_AT_C 12
#define NN_COLUMN_AT_COUNT 16
#define NN_COLUMN_AT_ROWS 20
#define NN_COLUMN_AT_SKIP 24
#define NN_COLUMN_AT_STARTS 28

/* nn_plane_t of block.h, for depthwise_3x3.S. */
#define NN_PLANE_AT_PLANE 0
#define NN_PLANE_AT_WEIGHTS 4
#define NN_PLANE_AT_COUNT 8
#define NN_PLANE_AT_LINES 12
#define NN_PLANE_AT_STRIDE 16

/* nn_gather_t of block.h, for depthwise_gather.S. */
#define NN_GATHER_AT_TO 0
#define NN_GATHER_AT_FROM 4
#define NN_GATHER_AT_STEP 8
#define NN_GATHER_AT_LINE_STEP 12
#define NN_GATHER_AT_COUNT 16
#define NN_GATHER_AT_LINES 20
#define NN_GATHER_AT_PITCH 24

/* nn_outputs_t of block.h, for outputs.S. */
#define NN_OUTPUTS_AT_SUMS 0
#define NN_OUTPUTS_AT_Y 4
#define NN_OUTPUTS_AT_RECORD 8
#define NN_OUTPUTS_AT_COUNT 12
#define NN_OUTPUTS_AT_LINES 16
#define NN_OUTPUTS_AT_STEP 20
#define NN_OUTPUTS_AT_LINE_STEP 24
#define NN_OUTPUTS_AT_Y_STEP 28
#define NN_OUTPUTS_AT_Y_LINE_STEP 32
#define NN_OUTPUTS_AT_BITS 36
#define NN_OUTPUTS_AT_MODE 40
#define NN_OUTPUTS_AT_ACT_MIN 44
#define NN_OUTPUTS_AT_ACT_MAX 48

/* nn_channels_t of block.h, for sum_channels.S. */
#define NN_CHANNELS_AT_X 0
#define NN_CHANNELS_AT_WEIGHTS 4
#define NN_CHANNELS_AT_ROWS 8
#define NN_CHANNELS_AT_RUNS 12
#define NN_CHANNELS_AT_X_RUN 16
#define NN_CHANNELS_AT_W_RUN 20
#define NN_CHANNELS_AT_X_SKIP 24
#define NN_CHANNELS_AT_W_SKIP 28
#define NN_CHANNELS_AT_OFFSET 32

#endif
