/* SPDX-License-Identifier: Apache-2.0
 *
 * Where this folder's assembly finds the fields of its structs, see nn_offset.h. */
#ifndef NN_ARMV7M_OFFSETS_H
#define NN_ARMV7M_OFFSETS_H

/* nn_lanes_block_t of block.h, for gemm_lanes.S. */
#define NN_LANES_BLOCK_AT_COLUMNS 0
#define NN_LANES_BLOCK_AT_STREAM 4
#define NN_LANES_BLOCK_AT_Y 8
#define NN_LANES_BLOCK_AT_STRIDE 12
#define NN_LANES_BLOCK_AT_Y_END 16
#define NN_LANES_BLOCK_AT_ROUNDING 20
#define NN_LANES_BLOCK_AT_SIGNED_OUTPUTS 24
#define NN_LANES_BLOCK_AT_PAIRS 28

/* nn_taps_t of block.h, for depthwise_plane.S. */
#define NN_TAPS_AT_WEIGHTS 0
#define NN_TAPS_AT_STEP 12
#define NN_TAPS_BYTES 16

/* nn_depthwise_plane_t of block.h, for depthwise_plane.S. */
#define NN_DEPTHWISE_PLANE_AT_PLANE 0
#define NN_DEPTHWISE_PLANE_AT_Y 4
#define NN_DEPTHWISE_PLANE_AT_CONSTANTS 8
#define NN_DEPTHWISE_PLANE_AT_CONSTANTS_END 12
#define NN_DEPTHWISE_PLANE_AT_COUNT 16
#define NN_DEPTHWISE_PLANE_AT_LINES 20
#define NN_DEPTHWISE_PLANE_AT_PLANE_LINE_STEP 24
#define NN_DEPTHWISE_PLANE_AT_Y_LINE_STEP 28
#define NN_DEPTHWISE_PLANE_AT_BLOCK_STEP 32
#define NN_DEPTHWISE_PLANE_AT_Y_STEP 36
#define NN_DEPTHWISE_PLANE_AT_MULTIPLIER 40
#define NN_DEPTHWISE_PLANE_AT_ROUNDING 44
#define NN_DEPTHWISE_PLANE_AT_NEGATIVE 48
#define NN_DEPTHWISE_PLANE_AT_STRIDE_2 52

#endif
