/* SPDX-License-Identifier: Apache-2.0
 *
 * Part of nn.h, which includes it: operators on int16 and int32, and between types. */
#ifndef NN_WIDER_H
#define NN_WIDER_H

/* Binary element-wise operators on int32, which wraps; dims and strides as nn_binary_t's. From NN_INT32_EQUAL on y is
 * bool, of the others it may be an operand that is not broadcast. */
enum {
    NN_INT32_ADD,
    NN_INT32_SUB,
    NN_INT32_MUL,
    NN_INT32_SQUARED_DIFFERENCE,
    NN_INT32_MAXIMUM,
    NN_INT32_MINIMUM,
    NN_INT32_DIV, /* towards zero; by 0 it is 0 */
    NN_INT32_EQUAL,
    NN_INT32_NOT_EQUAL,
    NN_INT32_GREATER,
    NN_INT32_GREATER_EQUAL,
    NN_INT32_LESS,
    NN_INT32_LESS_EQUAL
};
typedef struct {
    int32_t dims[4], stride1[4], stride2[4];
    uint8_t what;
} nn_binary_int32_t;
typedef void nn_binary_int32_fn(const nn_binary_int32_t *op, const int32_t *x1, const int32_t *x2, void *y,
                                void *scratch);

/* QUANTIZE to int16: as nn_quantize_t. */
typedef struct {
    int32_t count;
    float scale;
    int16_t output_offset;
} nn_quantize_int16_t;
typedef void nn_quantize_int16_fn(const nn_quantize_int16_t *op, const float *x, int16_t *y, void *scratch);

/* DEQUANTIZE from uint8 and int16. */
typedef struct {
    int32_t count, input_offset;
    float scale;
    uint8_t x_type;
} nn_dequantize_typed_t;
typedef void nn_dequantize_typed_fn(const nn_dequantize_typed_t *op, const void *x, float *y, void *scratch);

/* SOFTMAX of int8 to int16: as nn_softmax_t. */
typedef nn_softmax_t nn_softmax_int8_int16_t;
typedef void nn_softmax_int8_int16_fn(const nn_softmax_int8_int16_t *op, const int8_t *x, int16_t *y, void *scratch);

/* SOFTMAX of int16 over the last axis. Tables of 513 entries: e^x for x in -10..0, and 1 / (1 + x) for x in 0..1. y may
 * be x. */
typedef struct {
    const int16_t *exponentials, *quotients;
    int32_t rows, depth;
    int32_t multiplier; /* beta * input scale in steps of the first table's input */
    int8_t shift;
} nn_softmax_int16_t;
typedef void nn_softmax_int16_fn(const nn_softmax_int16_t *op, const int16_t *x, int16_t *y, void *scratch);

/* QUANTIZE between int8, int16 and int32: y = clamp(requantize(x + input_offset) + output_offset). y may be x. */
typedef struct {
    int32_t count, multiplier, input_offset, output_offset, act_min, act_max;
    int8_t shift;
    uint8_t x_type, y_type;
} nn_rescale_t;
typedef void nn_rescale_fn(const nn_rescale_t *op, const void *x, void *y, void *scratch);

/* CAST: from and to int8, int16, int32, uint32, bool and float32. y may be x. */
typedef struct {
    int32_t count;
    uint8_t x_type, y_type;
} nn_cast_t;
typedef void nn_cast_fn(const nn_cast_t *op, const void *x, void *y, void *scratch);

/* int16 activations. bias, multiplier and shift have an entry for each output channel; where wide, a bias is the low
 * and the high word of an int64, and sums are rescaled by nn_requantize_wide(), shifts -31..7; else biases are int32,
 * sums wrap, and rescaling is nn_requantize().
 *
 * CONV_2D, and FULLY_CONNECTED as a row of pixels: weights as nn_conv_2d_t's. */
typedef struct {
    const int8_t *weights;
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    int32_t batches, in_h, in_w, in_c, out_h, out_w, out_c, k_h, k_w;
    int32_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left, group_c;
    int16_t act_min, act_max;
    uint8_t wide;
} nn_conv_2d_int16_t;
typedef void nn_conv_2d_int16_fn(const nn_conv_2d_int16_t *op, const int16_t *x, int16_t *y, void *scratch);

/* DEPTHWISE_CONV_2D: weights as nn_depthwise_conv_2d_t's. */
typedef struct {
    const int8_t *weights;
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    int32_t batches, in_h, in_w, in_c, out_h, out_w, out_c, k_h, k_w;
    int32_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left, depth_multiplier;
    int16_t act_min, act_max;
    uint8_t wide;
} nn_depthwise_conv_2d_int16_t;
typedef void nn_depthwise_conv_2d_int16_fn(const nn_depthwise_conv_2d_int16_t *op, const int16_t *x, int16_t *y,
                                           void *scratch);

/* TRANSPOSE_CONV: weights as nn_transpose_conv_t's. */
typedef struct {
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    int32_t batches, in_h, in_w, in_c, out_h, out_w, out_c, k_h, k_w, stride_h, stride_w, pad_top, pad_left;
    int16_t act_min, act_max;
    uint8_t wide;
} nn_transpose_conv_int16_t;
typedef void nn_transpose_conv_int16_fn(const nn_transpose_conv_int16_t *op, const int16_t *x, const int8_t *weights,
                                        int16_t *y, void *scratch);

/* BATCH_MATMUL: as nn_batch_matmul_t; sums are wide. */
typedef struct {
    int32_t dims[3], stride1[3], stride2[3];
    int32_t rows, columns, depth, row1, depth1, column2, depth2;
    int32_t multiplier;
    int8_t shift;
} nn_batch_matmul_int16_t;
typedef void nn_batch_matmul_int16_fn(const nn_batch_matmul_int16_t *op, const int16_t *x1, const int16_t *x2,
                                      int16_t *y, void *scratch);

/* UNIDIRECTIONAL_SEQUENCE_LSTM: as nn_lstm_t, offsets 0; sums and biases are wide. */
typedef struct {
    const int8_t *x_i, *x_f, *x_c, *x_o, *h_i, *h_f, *h_c, *h_o;
    const int32_t *bias_i, *bias_f, *bias_c, *bias_o;
    int32_t batches, steps, in_n, units, time_major;
    int32_t multiplier[8], forget_multiplier, remember_multiplier, output_multiplier, tanh_multiplier;
    int8_t shift[8], forget_shift, remember_shift, output_shift, tanh_shift;
    int16_t input_offset, hidden_offset, clip_low, clip_high;
} nn_lstm_int16_t;
typedef void nn_lstm_int16_fn(const nn_lstm_int16_t *op, const int16_t *x, int16_t *y, int16_t *hidden, int16_t *cell,
                              void *scratch);

typedef void nn_average_pool_2d_int16_fn(const nn_pool_2d_t *op, const int16_t *x, int16_t *y, void *scratch);
typedef void nn_max_pool_2d_int16_fn(const nn_pool_2d_t *op, const int16_t *x, int16_t *y, void *scratch);

/* MEAN and SUM: as nn_mean_t, offsets 0. */
typedef struct {
    int32_t dims[5];
    int32_t multiplier;
    int16_t input_offset, output_offset;
    int8_t shift;
} nn_mean_int16_t;
typedef void nn_mean_int16_fn(const nn_mean_int16_t *op, const int16_t *x, int16_t *y, void *scratch);

/* PAD and PADV2: as nn_pad_t. */
typedef struct {
    int32_t dims[5], before[5], after[5];
    int16_t value;
} nn_pad_int16_t;
typedef void nn_pad_int16_fn(const nn_pad_int16_t *op, const int16_t *x, int16_t *y, void *scratch);

/* Binary element-wise operators: as nn_binary_t. Of PRELU x2 is int8. */
enum {
    NN_INT16_ADD,
    NN_INT16_SUB,
    NN_INT16_MUL,
    NN_INT16_SQUARED_DIFFERENCE,
    NN_INT16_MAXIMUM,
    NN_INT16_MINIMUM,
    NN_INT16_PRELU
};
typedef struct {
    int32_t multiplier1, multiplier2, output_multiplier;
    int32_t dims[4], stride1[4], stride2[4];
    int16_t offset2, act_min, act_max;
    int8_t shift1, shift2, output_shift, left_shift;
    uint8_t what;
} nn_binary_int16_t;
typedef void nn_binary_int16_fn(const nn_binary_int16_t *op, const int16_t *x1, const void *x2, int16_t *y,
                                void *scratch);

/* LEAKY_RELU and ABS: a multiplier for what is not below zero, another for what is, around which two signs, 1 or -1,
 * are applied. y may be x. */
typedef struct {
    int32_t count, above, below;
    int8_t above_shift, below_shift, sign_before, sign_after;
} nn_slopes_int16_t;
typedef void nn_slopes_int16_fn(const nn_slopes_int16_t *op, const int16_t *x, int16_t *y, void *scratch);

/* LOGISTIC and TANH: x * multiplier / 2^shift is the argument in steps of 2^-12 / 3. y may be x. */
typedef struct {
    int32_t count, multiplier;
    int8_t shift;
    uint8_t is_tanh;
} nn_sigmoid_int16_t;
typedef void nn_sigmoid_int16_fn(const nn_sigmoid_int16_t *op, const int16_t *x, int16_t *y, void *scratch);

#endif
