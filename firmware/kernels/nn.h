/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract between whoever prepares a model and the int8 kernels.
 *
 * One parameter struct and one function type per kernel: every variant that takes the model's own constants has the
 * type nn_<kernel>_fn, so that a wrong one is a compile error. Variants that want them repacked have structs and types
 * of their own, in the headers of their ISA. Parameters are plain numbers and pointers to constants; a Kernel's struct
 * in gen/model/ops/<operator>.py has the same fields, and tests hold both layouts against each other.
 *
 * Layout is NHWC. Offsets are added: input_offset is -zero_point of the input, output_offset is the zero point of
 * the output. Requantization is TFLite's double rounding, see nn_math.h. Every kernel reads and writes exactly the
 * elements that its dimensions name; x and y never overlap unless the kernel's comment allows it. scratch: as many
 * bytes as the variant asks for; whether it is NULL where it asks for none means nothing. */
#ifndef NN_H
#define NN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Types of elements, where the parameters say them; a bool is a byte. */
enum { NN_INT8, NN_UINT8, NN_INT16, NN_INT32, NN_UINT32, NN_BOOL, NN_FLOAT32 };

/* CONV_2D. weights: out_c x k_h x k_w x group_c, group_c = in_c / groups. bias may be NULL.
 * multiplier/shift: out_c entries, or one when per_channel is 0. */
typedef struct {
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multiplier;
    const int8_t *shift;
    int16_t input_offset, output_offset, act_min, act_max;
    uint16_t batches, in_h, in_w, in_c, out_h, out_w, out_c, k_h, k_w, group_c;
    uint16_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    uint16_t per_channel;
} nn_conv_2d_t;
typedef void nn_conv_2d_fn(const nn_conv_2d_t *op, const int8_t *x, int8_t *y, void *scratch);

/* DEPTHWISE_CONV_2D. weights: k_h x k_w x out_c, out_c = in_c * depth_multiplier. */
typedef struct {
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multiplier;
    const int8_t *shift;
    int16_t input_offset, output_offset, act_min, act_max;
    uint16_t batches, in_h, in_w, in_c, out_h, out_w, out_c, k_h, k_w, depth_multiplier;
    uint16_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    uint16_t per_channel;
} nn_depthwise_conv_2d_t;
typedef void nn_depthwise_conv_2d_fn(const nn_depthwise_conv_2d_t *op, const int8_t *x, int8_t *y, void *scratch);

/* FULLY_CONNECTED. x: batches x in_n, weights: out_n x in_n, y: batches x out_n. */
typedef struct {
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multiplier;
    const int8_t *shift;
    int32_t batches, in_n, out_n;
    int16_t input_offset, output_offset, act_min, act_max;
    uint16_t per_channel;
} nn_fully_connected_t;
typedef void nn_fully_connected_fn(const nn_fully_connected_t *op, const int8_t *x, int8_t *y, void *scratch);

/* TRANSPOSE_CONV. weights: out_c x k_h x k_w x in_c; bias, multiplier and shift have out_c entries. */
typedef struct {
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    int32_t batches, in_h, in_w, in_c, out_h, out_w, out_c, k_h, k_w, stride_h, stride_w, pad_top, pad_left;
    int16_t input_offset, output_offset, act_min, act_max;
} nn_transpose_conv_t;
typedef void nn_transpose_conv_fn(const nn_transpose_conv_t *op, const int8_t *x, const int8_t *weights, int8_t *y,
                                  void *scratch);

/* BATCH_MATMUL: dims matrices, at strides in elements, 0 along a broadcast axis; y is rows x columns each, of depth
 * products. row1 and depth1 are how far neighboring rows of x1, and numbers of one row, lie apart; column2 and depth2
 * likewise. */
typedef struct {
    int32_t dims[3], stride1[3], stride2[3];
    int32_t rows, columns, depth, row1, depth1, column2, depth2;
    int32_t multiplier;
    int16_t offset1, offset2, output_offset;
    int8_t shift;
} nn_batch_matmul_t;
typedef void nn_batch_matmul_fn(const nn_batch_matmul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y,
                                void *scratch);

/* AVERAGE_POOL_2D and MAX_POOL_2D. */
typedef struct {
    int16_t act_min, act_max;
    uint16_t batches, in_h, in_w, channels, out_h, out_w, k_h, k_w, stride_h, stride_w, pad_top, pad_left;
} nn_pool_2d_t;
typedef nn_pool_2d_t nn_average_pool_2d_t;
typedef nn_pool_2d_t nn_max_pool_2d_t;
typedef void nn_average_pool_2d_fn(const nn_average_pool_2d_t *op, const int8_t *x, int8_t *y, void *scratch);
typedef void nn_max_pool_2d_fn(const nn_max_pool_2d_t *op, const int8_t *x, int8_t *y, void *scratch);

/* Binary element-wise kernels with broadcasting: y has dims (outermost first); strides are in elements, 0 along a
 * broadcast axis. Of the numbers each takes what its arithmetic has, the others are 0. y may be x1 or x2 where that
 * operand is not broadcast. */
typedef struct {
    int32_t multiplier1, multiplier2, output_multiplier;
    int32_t dims[4], stride1[4], stride2[4];
    int16_t offset1, offset2, output_offset, act_min, act_max;
    int8_t shift1, shift2, output_shift, left_shift;
} nn_binary_t;
typedef nn_binary_t nn_add_t;
typedef nn_binary_t nn_sub_t;
typedef nn_binary_t nn_mul_t;
typedef nn_binary_t nn_maximum_t;
typedef nn_binary_t nn_minimum_t;
typedef nn_binary_t nn_div_t;
typedef nn_binary_t nn_squared_difference_t;
typedef nn_binary_t nn_prelu_t;
typedef nn_binary_t nn_equal_t;
typedef nn_binary_t nn_not_equal_t;
typedef nn_binary_t nn_greater_t;
typedef nn_binary_t nn_greater_equal_t;
typedef nn_binary_t nn_less_t;
typedef nn_binary_t nn_less_equal_t;
typedef nn_binary_t nn_logical_and_t;
typedef nn_binary_t nn_logical_or_t;
typedef void nn_add_fn(const nn_add_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch);
typedef void nn_sub_fn(const nn_sub_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch);
typedef void nn_mul_fn(const nn_mul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch);
typedef void nn_div_fn(const nn_div_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch);
typedef void nn_maximum_fn(const nn_maximum_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch);
typedef void nn_minimum_fn(const nn_minimum_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch);
typedef void nn_squared_difference_fn(const nn_squared_difference_t *op, const int8_t *x1, const int8_t *x2, int8_t *y,
                                      void *scratch);
typedef void nn_prelu_fn(const nn_prelu_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch);
typedef void nn_equal_fn(const nn_equal_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch);
typedef void nn_not_equal_fn(const nn_not_equal_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch);
typedef void nn_greater_fn(const nn_greater_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch);
typedef void nn_greater_equal_fn(const nn_greater_equal_t *op, const int8_t *x1, const int8_t *x2, int8_t *y,
                                 void *scratch);
typedef void nn_less_fn(const nn_less_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch);
typedef void nn_less_equal_fn(const nn_less_equal_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch);
typedef void nn_logical_and_fn(const nn_logical_and_t *op, const int8_t *x1, const int8_t *x2, int8_t *y,
                               void *scratch);
typedef void nn_logical_or_fn(const nn_logical_or_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch);

/* Unary element-wise operators: y = table[x + 128]. y may be x. */
typedef struct {
    int32_t count;
    int8_t table[256];
} nn_lut_t;
typedef void nn_lut_fn(const nn_lut_t *op, const int8_t *x, int8_t *y, void *scratch);

/* MEAN and SUM: dims are alternately kept and reduced, outermost first: y has dims[0] x dims[2] x dims[4] elements,
 * each of dims[1] x dims[3]; an absent axis is 1. MEAN's multiplier and shift include the division by that count. */
typedef struct {
    int32_t dims[5];
    int32_t multiplier;
    int16_t input_offset, output_offset;
    int8_t shift;
} nn_mean_t;
typedef void nn_mean_fn(const nn_mean_t *op, const int8_t *x, int8_t *y, void *scratch);

/* REDUCE_MAX and REDUCE_MIN: dims as nn_mean_t's. */
typedef struct {
    int32_t dims[5];
} nn_reduce_t;
typedef void nn_reduce_max_fn(const nn_reduce_t *op, const int8_t *x, int8_t *y, void *scratch);
typedef void nn_reduce_min_fn(const nn_reduce_t *op, const int8_t *x, int8_t *y, void *scratch);

/* ARG_MAX and ARG_MIN: x is outer x count x inner, y outer x inner indices below count; of equals the first. */
typedef struct {
    int32_t outer, count, inner;
} nn_arg_t;
typedef void nn_arg_max_fn(const nn_arg_t *op, const int8_t *x, int32_t *y, void *scratch);
typedef void nn_arg_min_fn(const nn_arg_t *op, const int8_t *x, int32_t *y, void *scratch);

/* ADD_N: inputs of one scale. */
typedef struct {
    int32_t count, inputs;
    int32_t multiplier;
    int16_t input_offset, output_offset;
    int8_t shift;
} nn_add_n_t;
typedef void nn_add_n_fn(const nn_add_n_t *op, const int8_t *const *x, int8_t *y, void *scratch);

/* CUMSUM: x is outer x count x inner, summed along the middle. y may be x. */
typedef struct {
    int32_t outer, count, inner;
    int32_t multiplier;
    int16_t input_offset, output_offset;
    int8_t shift;
    int8_t exclusive, reverse;
} nn_cumsum_t;
typedef void nn_cumsum_fn(const nn_cumsum_t *op, const int8_t *x, int8_t *y, void *scratch);

/* RESIZE_BILINEAR: where among the input's rows each output row is, in 1024ths, likewise its columns. */
typedef struct {
    const int32_t *rows, *columns;
    int32_t batches, in_h, in_w, out_h, out_w, channels;
} nn_resize_bilinear_t;
typedef void nn_resize_bilinear_fn(const nn_resize_bilinear_t *op, const int8_t *x, int8_t *y, void *scratch);

/* SOFTMAX over the last axis. y may be x. */
typedef struct {
    int32_t rows, depth;
    int32_t multiplier; /* beta * input scale in Q5.26 */
    int32_t diff_min;
    int8_t shift;
} nn_softmax_t;
typedef void nn_softmax_fn(const nn_softmax_t *op, const int8_t *x, int8_t *y, void *scratch);

/* LOG_SOFTMAX over the last axis. y may be x. */
typedef struct {
    int32_t rows, depth;
    int32_t multiplier; /* input scale in Q5.26 */
    int32_t back;       /* and the other way round */
    int32_t diff_min;
    int8_t shift, back_shift;
} nn_log_softmax_t;
typedef void nn_log_softmax_fn(const nn_log_softmax_t *op, const int8_t *x, int8_t *y, void *scratch);

/* L2_NORMALIZATION over the last axis. y may be x. */
typedef struct {
    int32_t rows, depth;
    int16_t input_offset;
} nn_l2_normalization_t;
typedef void nn_l2_normalization_fn(const nn_l2_normalization_t *op, const int8_t *x, int8_t *y, void *scratch);

/* RELU, RELU6 and QUANTIZE between int8 and uint8: y = clamp(requantize(x + input_offset) + output_offset), where a
 * uint8 u counts as the int8 u - 128: flip_x and flip_y are 0x80 where x and y are uint8, or 0. y may be x. */
typedef struct {
    int32_t count;
    int32_t multiplier;
    int16_t input_offset, output_offset, act_min, act_max;
    int8_t shift;
    uint8_t flip_x, flip_y;
} nn_requantize_t;
typedef void nn_requantize_fn(const nn_requantize_t *op, const int8_t *x, int8_t *y, void *scratch);

/* QUANTIZE from float32: y = clamp(round(x / scale) + output_offset), ties away from zero; NaN counts as 0. */
typedef struct {
    int32_t count;
    float scale;
    int16_t output_offset;
} nn_quantize_t;
typedef void nn_quantize_fn(const nn_quantize_t *op, const float *x, int8_t *y, void *scratch);

/* DEQUANTIZE to float32. */
typedef struct {
    int32_t count;
    float scale;
    int16_t input_offset;
} nn_dequantize_t;
typedef void nn_dequantize_fn(const nn_dequantize_t *op, const int8_t *x, float *y, void *scratch);

/* SVDF. features: units * rank x in_n; time: units * rank x memory; the state is batches x units * rank x memory, the
 * oldest first. */
typedef struct {
    const int8_t *features;
    const int16_t *time;
    const int32_t *bias;
    int32_t batches, in_n, units, rank, memory, multiplier1, multiplier2;
    int8_t shift1, shift2;
    int16_t input_offset, state_offset, output_offset;
} nn_svdf_t;
typedef void nn_svdf_fn(const nn_svdf_t *op, const int8_t *x, int8_t *y, int16_t *state, void *scratch);
typedef struct {
    const int8_t *features, *time;
    const int32_t *bias;
    int32_t batches, in_n, units, rank, memory, multiplier1, multiplier2;
    int8_t shift1, shift2;
    int16_t input_offset, state_offset, output_offset;
} nn_svdf_int8_t;
typedef void nn_svdf_int8_fn(const nn_svdf_int8_t *op, const int8_t *x, int8_t *y, int8_t *state, void *scratch);

/* UNIDIRECTIONAL_SEQUENCE_LSTM. Gates are input, forget, cell, output; x_...: units x in_n, h_...: units x units;
 * multiplier and shift: of the sums over x of each gate, then over the hidden state. The states are batches x units. */
typedef struct {
    const int8_t *x_i, *x_f, *x_c, *x_o, *h_i, *h_f, *h_c, *h_o;
    const int32_t *bias_i, *bias_f, *bias_c, *bias_o;
    int32_t batches, steps, in_n, units, time_major;
    int32_t multiplier[8], forget_multiplier, remember_multiplier, output_multiplier, tanh_multiplier;
    int8_t shift[8], forget_shift, remember_shift, output_shift, tanh_shift;
    int16_t input_offset, hidden_offset, clip_low, clip_high;
} nn_lstm_t;
typedef void nn_lstm_fn(const nn_lstm_t *op, const int8_t *x, int8_t *y, int8_t *hidden, int16_t *cell, void *scratch);

#include "nn_movement.h"
#include "nn_signal.h"
#include "nn_wider.h"

nn_conv_2d_fn nn_conv_2d_portable;
nn_depthwise_conv_2d_fn nn_depthwise_conv_2d_portable;
nn_fully_connected_fn nn_fully_connected_portable;
nn_average_pool_2d_fn nn_average_pool_2d_portable;
nn_max_pool_2d_fn nn_max_pool_2d_portable;
nn_add_fn nn_add_portable;
nn_sub_fn nn_sub_portable;
nn_mul_fn nn_mul_portable;
nn_maximum_fn nn_maximum_portable;
nn_minimum_fn nn_minimum_portable;
nn_squared_difference_fn nn_squared_difference_portable;
nn_prelu_fn nn_prelu_portable;
nn_equal_fn nn_equal_portable;
nn_not_equal_fn nn_not_equal_portable;
nn_greater_fn nn_greater_portable;
nn_greater_equal_fn nn_greater_equal_portable;
nn_less_fn nn_less_portable;
nn_less_equal_fn nn_less_equal_portable;
nn_logical_and_fn nn_logical_and_portable;
nn_logical_or_fn nn_logical_or_portable;
nn_lut_fn nn_lut_portable;
nn_move_fn nn_move_portable;
nn_pad_fn nn_pad_portable;
nn_mean_fn nn_mean_portable;
nn_reduce_max_fn nn_reduce_max_portable;
nn_reduce_min_fn nn_reduce_min_portable;
nn_arg_max_fn nn_arg_max_portable;
nn_arg_min_fn nn_arg_min_portable;
nn_concatenation_fn nn_concatenation_portable;
nn_constant_fn nn_constant_portable;
nn_pick_fn nn_pick_portable;
nn_batch_matmul_fn nn_batch_matmul_portable;
nn_transpose_conv_fn nn_transpose_conv_portable;
nn_add_n_fn nn_add_n_portable;
nn_cumsum_fn nn_cumsum_portable;
nn_resize_bilinear_fn nn_resize_bilinear_portable;
nn_log_softmax_fn nn_log_softmax_portable;
nn_l2_normalization_fn nn_l2_normalization_portable;
nn_div_fn nn_div_portable;
nn_lookup_fn nn_lookup_portable;
nn_dynamic_update_slice_fn nn_dynamic_update_slice_portable;
nn_select_v2_fn nn_select_v2_portable;
nn_broadcast_args_fn nn_broadcast_args_portable;
nn_split_fn nn_split_portable;
nn_reshape_fn nn_reshape_portable;
nn_svdf_fn nn_svdf_portable;
nn_svdf_int8_fn nn_svdf_int8_portable;
nn_lstm_fn nn_lstm_portable;
nn_softmax_fn nn_softmax_portable;
nn_requantize_fn nn_requantize_portable;
nn_quantize_fn nn_quantize_portable;
nn_dequantize_fn nn_dequantize_portable;
nn_binary_int32_fn nn_binary_int32_portable;
nn_quantize_int16_fn nn_quantize_int16_portable;
nn_dequantize_typed_fn nn_dequantize_typed_portable;
nn_softmax_int8_int16_fn nn_softmax_int8_int16_portable;
nn_softmax_int16_fn nn_softmax_int16_portable;
nn_rescale_fn nn_rescale_portable;
nn_cast_fn nn_cast_portable;
nn_conv_2d_int16_fn nn_conv_2d_int16_portable;
nn_depthwise_conv_2d_int16_fn nn_depthwise_conv_2d_int16_portable;
nn_transpose_conv_int16_fn nn_transpose_conv_int16_portable;
nn_batch_matmul_int16_fn nn_batch_matmul_int16_portable;
nn_average_pool_2d_int16_fn nn_average_pool_2d_int16_portable;
nn_max_pool_2d_int16_fn nn_max_pool_2d_int16_portable;
nn_mean_int16_fn nn_mean_int16_portable;
nn_pad_int16_fn nn_pad_int16_portable;
nn_binary_int16_fn nn_binary_int16_portable;
nn_slopes_int16_fn nn_slopes_int16_portable;
nn_sigmoid_int16_fn nn_sigmoid_int16_portable;
nn_lstm_int16_fn nn_lstm_int16_portable;
nn_signal_window_fn nn_signal_window_portable;
nn_signal_auto_scale_fn nn_signal_auto_scale_portable;
nn_signal_rfft_fn nn_signal_rfft_portable;
nn_signal_irfft_fn nn_signal_irfft_portable;
nn_signal_energy_fn nn_signal_energy_portable;
nn_signal_filter_bank_fn nn_signal_filter_bank_portable;
nn_signal_root_fn nn_signal_root_portable;
nn_signal_subtract_noise_fn nn_signal_subtract_noise_portable;
nn_signal_pcan_fn nn_signal_pcan_portable;
nn_signal_log_fn nn_signal_log_portable;
nn_signal_delay_fn nn_signal_delay_portable;
nn_signal_overlap_add_fn nn_signal_overlap_add_portable;
nn_signal_stacker_fn nn_signal_stacker_portable;
nn_signal_framer_fn nn_signal_framer_portable;

nn_conv_2d_fn nn_conv_2d_dsp;
nn_fully_connected_fn nn_fully_connected_dsp;
nn_conv_2d_int16_fn nn_conv_2d_int16_dsp;

#ifdef __cplusplus
}
#endif
#endif
