/* SPDX-License-Identifier: Apache-2.0
 *
 * Where this folder's assembly finds the fields of its structs, see nn_offset.h. */
#ifndef NN_DSP_OFFSETS_H
#define NN_DSP_OFFSETS_H

/* nn_add_linear_dsp_t of add.h, for add_linear.S. */
#define NN_ADD_LINEAR_DSP_AT_MULTIPLIER1 0
#define NN_ADD_LINEAR_DSP_AT_MULTIPLIER2 4
#define NN_ADD_LINEAR_DSP_AT_SUM 8
#define NN_ADD_LINEAR_DSP_AT_COUNT 12

/* nn_window_t of dot.h, for dot.S. */
#define NN_WINDOW_AT_ROWS 0
#define NN_WINDOW_AT_RUNS 4
#define NN_WINDOW_AT_LENGTH 8
#define NN_WINDOW_AT_OFFSET 12
#define NN_WINDOW_AT_X_ROW 16
#define NN_WINDOW_AT_X_RUN 20
#define NN_WINDOW_AT_W_ROW 24
#define NN_WINDOW_AT_W_RUN 28

/* nn_windows_t of gemm_block.h, for gemm_pairs.S, gemm_wide.S. */
#define NN_WINDOWS_AT_X 0
#define NN_WINDOWS_AT_STEP 12

/* nn_gemm_block_t of gemm_block.h, for gemm_pairs.S, gemm_wide.S. */
#define NN_GEMM_BLOCK_AT_COLUMNS 0
#define NN_GEMM_BLOCK_AT_STREAM 4
#define NN_GEMM_BLOCK_AT_Y 8
#define NN_GEMM_BLOCK_AT_STRIDE 12
#define NN_GEMM_BLOCK_AT_Y_END 16
#define NN_GEMM_BLOCK_AT_LINEAR 20
#define NN_GEMM_BLOCK_AT_STEPS 24

/* nn_vector_block_t of gemm_block.h, for vector_pairs.S, vector_wide.S. */
#define NN_VECTOR_BLOCK_AT_X 0
#define NN_VECTOR_BLOCK_AT_STREAM 4
#define NN_VECTOR_BLOCK_AT_Y 8
#define NN_VECTOR_BLOCK_AT_Y_END 12
#define NN_VECTOR_BLOCK_AT_LINEAR 16
#define NN_VECTOR_BLOCK_AT_STEPS 20
#define NN_VECTOR_BLOCK_AT_EXPANDED 24

/* nn_winograd_block_t of winograd_block.h, for winograd.S. */
#define NN_WINOGRAD_BLOCK_AT_INPUT 0
#define NN_WINOGRAD_BLOCK_AT_Y 4
#define NN_WINOGRAD_BLOCK_AT_PIXEL 8
#define NN_WINOGRAD_BLOCK_AT_ROW 12
#define NN_WINOGRAD_BLOCK_AT_Y_END 16
#define NN_WINOGRAD_BLOCK_AT_ENDS 20
#define NN_WINOGRAD_BLOCK_AT_LINEAR 24
#define NN_WINOGRAD_BLOCK_AT_STEPS 28
#define NN_WINOGRAD_BLOCK_AT_STREAM 32

/* nn_depthwise_channel_t of depthwise.h, for depthwise_3x3.S. */
#define NN_DEPTHWISE_CHANNEL_AT_BIAS 0
#define NN_DEPTHWISE_CHANNEL_AT_A 4
#define NN_DEPTHWISE_CHANNEL_AT_B 16
#define NN_DEPTHWISE_CHANNEL_AT_MULTIPLIER 28
#define NN_DEPTHWISE_CHANNEL_AT_ROUNDING 32
#define NN_DEPTHWISE_CHANNEL_AT_SHIFT 36
#define NN_DEPTHWISE_CHANNEL_BYTES 40

/* nn_depthwise_gather_t of depthwise.h, for depthwise_3x3.S. */
#define NN_DEPTHWISE_GATHER_AT_FROM 0
#define NN_DEPTHWISE_GATHER_AT_LINE_STEP 4
#define NN_DEPTHWISE_GATHER_AT_STEP 8
#define NN_DEPTHWISE_GATHER_AT_TO 12
#define NN_DEPTHWISE_GATHER_AT_PLANE_BYTES 16
#define NN_DEPTHWISE_GATHER_AT_HALVES 20
#define NN_DEPTHWISE_GATHER_AT_LEAD 24
#define NN_DEPTHWISE_GATHER_AT_TRAIL 28
#define NN_DEPTHWISE_GATHER_AT_PADDING 32

/* nn_depthwise_lines_t of depthwise.h, for depthwise_3x3.S. */
#define NN_DEPTHWISE_LINES_AT_FROM 0
#define NN_DEPTHWISE_LINES_AT_CHANNELS 4
#define NN_DEPTHWISE_LINES_AT_Y 8
#define NN_DEPTHWISE_LINES_AT_STEP 12
#define NN_DEPTHWISE_LINES_AT_LINE_STEP 16
#define NN_DEPTHWISE_LINES_AT_END 20
#define NN_DEPTHWISE_LINES_AT_ODD 24
#define NN_DEPTHWISE_LINES_AT_FROM_SKIP 28
#define NN_DEPTHWISE_LINES_AT_Y_SKIP 32
#define NN_DEPTHWISE_LINES_AT_PLANE_BYTES 36
#define NN_DEPTHWISE_LINES_AT_CHANNELS_END 40
#define NN_DEPTHWISE_LINES_AT_LINES 44
#define NN_DEPTHWISE_LINES_AT_OUTPUT_OFFSET 48
#define NN_DEPTHWISE_LINES_AT_ACT_MIN 52
#define NN_DEPTHWISE_LINES_AT_ACT_MAX 56

/* nn_depthwise_line_t of depthwise.h, for depthwise_line.S. */
#define NN_DEPTHWISE_LINE_AT_FROM 0
#define NN_DEPTHWISE_LINE_AT_TAPS 4
#define NN_DEPTHWISE_LINE_AT_Y 8
#define NN_DEPTHWISE_LINE_AT_BIAS 12
#define NN_DEPTHWISE_LINE_AT_STEPS 16
#define NN_DEPTHWISE_LINE_AT_MULTIPLIER 20
#define NN_DEPTHWISE_LINE_AT_ROUNDING 24
#define NN_DEPTHWISE_LINE_AT_SHIFT 28
#define NN_DEPTHWISE_LINE_AT_STEP 32
#define NN_DEPTHWISE_LINE_AT_LEFT 36
#define NN_DEPTHWISE_LINE_AT_BACK 40

/* nn_depthwise_taps_t of depthwise.h, for depthwise_window.S. */
#define NN_DEPTHWISE_TAPS_AT_ROWS 0
#define NN_DEPTHWISE_TAPS_AT_RUNS 4
#define NN_DEPTHWISE_TAPS_AT_OFFSET 8
#define NN_DEPTHWISE_TAPS_AT_X_RUN 12
#define NN_DEPTHWISE_TAPS_AT_W_RUN 16
#define NN_DEPTHWISE_TAPS_AT_X_SKIP 20
#define NN_DEPTHWISE_TAPS_AT_W_SKIP 24

#endif
