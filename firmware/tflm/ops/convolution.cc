// SPDX-License-Identifier: Apache-2.0
#include "tflm/ops/convolution.h"

namespace tflm {
namespace {

enum Option { kPadding = 0, kStrideW = 1, kStrideH = 2, kActivation = 3, kDilationW = 4, kDilationH = 5 };

// One struct is filled for both kernels.
static_assert(sizeof(nn_conv_2d_t) == sizeof(nn_depthwise_conv_2d_t), "layout");
static_assert(offsetof(nn_conv_2d_t, group_c) == offsetof(nn_depthwise_conv_2d_t, depth_multiplier), "layout");
static_assert(offsetof(nn_conv_2d_t, per_channel) == offsetof(nn_depthwise_conv_2d_t, per_channel), "layout");

} // namespace

Failure prepare_convolution(Context &c, unsigned depthwise, void (*invoke)(const Node &)) {
    const Tensor &x = c.in[0], &weights = c.in[1], &y = c.out;
    if (!is_image(x) || !is_image(weights) || !is_image(y)) {
        return Failure::kUnsupported;
    }
    const int32_t in_c = x.dims[3], out_c = y.dims[3];
    // Input channels under one output channel, or output channels of one input channel.
    const int32_t shared = depthwise != 0 ? out_c / in_c : weights.dims[3];
    const bool fits = depthwise != 0 ? weights.dims[0] == 1 && weights.dims[3] == out_c && shared * in_c == out_c
                                     : weights.dims[0] == out_c && in_c % shared == 0 && out_c % (in_c / shared) == 0;
    const int32_t stride_h = c.option(kStrideH, 1), stride_w = c.option(kStrideW, 1);
    const int32_t dilation_h = integer(c.options, kDilationH + depthwise, 1);
    const int32_t dilation_w = integer(c.options, kDilationW + depthwise, 1);
    const int8_t padding = c.byte_option(kPadding);
    nn_conv_2d_t op = {};
    if (!fits || x.dims[0] != y.dims[0] ||
        !window(padding, x.dims[1], weights.dims[1], stride_h, dilation_h, y.dims[1], &op.pad_top) ||
        !window(padding, x.dims[2], weights.dims[2], stride_w, dilation_w, y.dims[2], &op.pad_left)) {
        return Failure::kBadModel;
    }
    Failure failure = activation_range(c.byte_option(kActivation + depthwise), y, &op.act_min, &op.act_max);
    if (failure == Failure::kNone) {
        failure = c.multipliers(out_c, &op.multiplier, &op.shift);
    }
    if (failure != Failure::kNone) {
        return failure;
    }
    op.weights = reinterpret_cast<const int8_t *>(weights.data);
    op.bias = c.bias();
    op.input_offset = static_cast<int16_t>(-x.zero_point);
    op.output_offset = static_cast<int16_t>(y.zero_point);
    op.batches = static_cast<uint16_t>(x.dims[0]);
    op.in_h = static_cast<uint16_t>(x.dims[1]);
    op.in_w = static_cast<uint16_t>(x.dims[2]);
    op.in_c = static_cast<uint16_t>(in_c);
    op.out_h = static_cast<uint16_t>(y.dims[1]);
    op.out_w = static_cast<uint16_t>(y.dims[2]);
    op.out_c = static_cast<uint16_t>(out_c);
    op.k_h = static_cast<uint16_t>(weights.dims[1]);
    op.k_w = static_cast<uint16_t>(weights.dims[2]);
    op.group_c = static_cast<uint16_t>(shared);
    op.stride_h = static_cast<uint16_t>(stride_h);
    op.stride_w = static_cast<uint16_t>(stride_w);
    op.dilation_h = static_cast<uint16_t>(dilation_h);
    op.dilation_w = static_cast<uint16_t>(dilation_w);
    op.per_channel = weights.scale_count > 1;
    return c.commit(invoke, op);
}

} // namespace tflm
