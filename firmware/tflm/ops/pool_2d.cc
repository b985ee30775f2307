// SPDX-License-Identifier: Apache-2.0
#include "tflm/ops/pool_2d.h"

namespace tflm {
namespace {

enum Option { kPadding = 0, kStrideW = 1, kStrideH = 2, kFilterW = 3, kFilterH = 4, kActivation = 5 };

} // namespace

Failure prepare_pool_2d(Context &c, void (*invoke)(const Node &)) {
    const Tensor &x = c.in[0], &y = c.out;
    if (!is_image(x) || !is_image(y)) {
        return Failure::kUnsupported;
    }
    const int32_t stride_h = c.option(kStrideH, 1), stride_w = c.option(kStrideW, 1);
    const int32_t k_h = c.option(kFilterH, 1), k_w = c.option(kFilterW, 1);
    const int8_t padding = c.byte_option(kPadding);
    nn_pool_2d_t op = {};
    if (x.dims[0] != y.dims[0] || x.dims[3] != y.dims[3] ||
        !window(padding, x.dims[1], k_h, stride_h, 1, y.dims[1], &op.pad_top) ||
        !window(padding, x.dims[2], k_w, stride_w, 1, y.dims[2], &op.pad_left)) {
        return Failure::kBadModel;
    }
    const Failure failure = activation_range(c.byte_option(kActivation), y, &op.act_min, &op.act_max);
    if (failure != Failure::kNone) {
        return failure;
    }
    op.batches = static_cast<uint16_t>(x.dims[0]);
    op.in_h = static_cast<uint16_t>(x.dims[1]);
    op.in_w = static_cast<uint16_t>(x.dims[2]);
    op.channels = static_cast<uint16_t>(x.dims[3]);
    op.out_h = static_cast<uint16_t>(y.dims[1]);
    op.out_w = static_cast<uint16_t>(y.dims[2]);
    op.k_h = static_cast<uint16_t>(k_h);
    op.k_w = static_cast<uint16_t>(k_w);
    op.stride_h = static_cast<uint16_t>(stride_h);
    op.stride_w = static_cast<uint16_t>(stride_w);
    return c.commit(invoke, op);
}

} // namespace tflm
