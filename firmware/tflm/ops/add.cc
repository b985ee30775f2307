// SPDX-License-Identifier: Apache-2.0
#include "kernels/nn.h"
#include "nn_select.h"
#include "tflm/fixed_point.h"
#include "tflm/operator.h"

namespace tflm {
namespace {

enum Option { kActivation = 0 };
constexpr int kLeftShift = 20; // TFLM's headroom for int8 operands
constexpr int kAxes = 4;       // of nn_add_t

struct Parameters {
    nn_add_t op;
    const int8_t *x2;
};

void invoke(const Node &node) {
    const Parameters *parameters = static_cast<const Parameters *>(node.op);
    NN_ADD(&parameters->op, static_cast<const int8_t *>(node.x), parameters->x2, static_cast<int8_t *>(node.y),
           nullptr);
}

// Size of axis, counted from the innermost, 0; beyond the outermost it is 1.
int32_t dim_from_end(const Tensor &tensor, uint32_t axis) {
    return axis < tensor.rank ? tensor.dims[tensor.rank - 1 - axis] : 1;
}

// Neighboring axes along which the same operands advance become one; axes of size 1 vanish.
Failure broadcast(const Tensor &x1, const Tensor &x2, const Tensor &y, nn_add_t *op) {
    constexpr uint8_t kNone = 4; // no axis has this combination of operands
    uint8_t before = kNone;
    int axis = kAxes;
    int32_t step1 = 1, step2 = 1;
    for (uint32_t i = 0; i < y.rank || i < x1.rank || i < x2.rank; i++) {
        const int32_t dim = dim_from_end(y, i), dim1 = dim_from_end(x1, i), dim2 = dim_from_end(x2, i);
        if ((dim1 != dim && dim1 != 1) || (dim2 != dim && dim2 != 1) || (dim != dim1 && dim != dim2)) {
            return Failure::kBadModel;
        }
        if (dim == 1) {
            continue;
        }
        const uint8_t advancing = static_cast<uint8_t>((dim1 > 1) + 2 * (dim2 > 1));
        if (advancing != before) {
            if (axis == 0) {
                return Failure::kUnsupported;
            }
            before = advancing;
            axis--;
            op->dims[axis] = 1;
            op->stride1[axis] = dim1 > 1 ? step1 : 0;
            op->stride2[axis] = dim2 > 1 ? step2 : 0;
        }
        op->dims[axis] *= dim;
        step1 *= dim1;
        step2 *= dim2;
    }
    while (axis > 0) {
        op->dims[--axis] = 1;
    }
    return Failure::kNone;
}

Failure prepare(Context &c) {
    const Tensor &x1 = c.in[0], &x2 = c.in[1], &y = c.out;
    const uint32_t max_scale = x1.scales[0] > x2.scales[0] ? x1.scales[0] : x2.scales[0];
    const uint32_t twice_max_scale = max_scale + (power_of_two(1) - power_of_two(0));
    const Multiplier m1 = quantize(x1.scales[0], kOne, twice_max_scale),
                     m2 = quantize(x2.scales[0], kOne, twice_max_scale);
    const Multiplier m = quantize(twice_max_scale, power_of_two(-kLeftShift), y.scales[0]);
    Parameters parameters = {};
    nn_add_t &op = parameters.op;
    Failure failure = m.shift > 0 ? Failure::kUnsupported : broadcast(x1, x2, y, &op);
    if (failure == Failure::kNone) {
        failure = activation_range(c.byte_option(kActivation), y, &op.act_min, &op.act_max);
    }
    if (failure != Failure::kNone) {
        return failure;
    }
    parameters.x2 = reinterpret_cast<const int8_t *>(x2.data);
    op.multiplier1 = m1.value;
    op.multiplier2 = m2.value;
    op.output_multiplier = m.value;
    op.offset1 = static_cast<int16_t>(-x1.zero_point);
    op.offset2 = static_cast<int16_t>(-x2.zero_point);
    op.output_offset = static_cast<int16_t>(y.zero_point);
    op.shift1 = m1.shift;
    op.shift2 = m2.shift;
    op.output_shift = m.shift;
    op.left_shift = kLeftShift;
    return c.commit(invoke, parameters);
}

} // namespace

const Operator kAdd = {tflite::BuiltinOperator_ADD, {kInt8, kInt8, kAbsent}, kInt8, prepare};

} // namespace tflm
