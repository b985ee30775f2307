// SPDX-License-Identifier: Apache-2.0
//
// What operators share while they are prepared.
#include "tflm/fixed_point.h"
#include "tflm/operator.h"

namespace tflm {
namespace {

constexpr uint32_t kMaxBytes = 1u << 29;

struct Type {
    Kind kind;
    uint8_t bytes;
};

// By the schema's TensorType; 0 bytes where no tensor of the type can be handled.
constexpr Type kTypes[] = {{kFloat32, 4}, {kOther, 2}, {kInt32, 4}, {kUInt8, 1}, {kInt64, 8}, {kOther, 0},
                           {kOther, 1},   {kOther, 2}, {kOther, 8}, {kInt8, 1},  {kOther, 8}, {kOther, 0},
                           {kOther, 8},   {kOther, 0}, {kOther, 0}, {kOther, 4}};
constexpr uint8_t kTypeCount = sizeof kTypes / sizeof kTypes[0];

Type type_of(Bytes table) {
    const uint8_t type = static_cast<uint8_t>(byte(table, kTensorType, 0));
    return type < kTypeCount ? kTypes[type] : Type{kOther, 0};
}

// Vectors and constants are used where they lie.
bool is_aligned(const void *data) {
    return reinterpret_cast<uintptr_t>(data) % sizeof(int32_t) == 0;
}

// Whether it is a normal number above 0, up to 2^100, so that twice of it and products are numbers too.
bool is_scale(const uint32_t *scale) {
    constexpr uint32_t kLowest = 0x00800000, kHighest = 0x71800000;
    const uint32_t bits = load<uint32_t>(reinterpret_cast<Bytes>(scale));
    return bits >= kLowest && bits <= kHighest;
}

} // namespace

uint32_t tensor_bytes(Bytes table) {
    Bytes shape = child(table, kTensorShape);
    uint32_t bytes = type_of(table).bytes;
    for (uint32_t i = 0; i < length(shape); i++) {
        const uint32_t dim = static_cast<uint32_t>(item(shape, i, 0));
        if (dim == 0 || dim > kMaxBytes) {
            return 0;
        }
        const uint64_t product = static_cast<uint64_t>(bytes) * dim;
        bytes = product > kMaxBytes ? 0 : static_cast<uint32_t>(product);
    }
    return bytes;
}

void *Preparation::allocate(uint32_t bytes) {
    bytes = aligned(bytes, sizeof(void *));
    if (bytes > tail - head) {
        return nullptr;
    }
    tail -= bytes;
    return arena + tail;
}

int32_t Preparation::builtin(Bytes op) const {
    Bytes code = element(codes, static_cast<uint32_t>(integer(op, kOpCode, 0)));
    // Codes below 127 used to be a byte; files of before that change have only the byte.
    const int32_t number = integer(code, kCodeBuiltin, 0), old = byte(code, kCodeDeprecated, 0);
    return code == nullptr ? -1 : number > old ? number : old;
}

Bytes Preparation::custom(Bytes op) const {
    return child(element(codes, static_cast<uint32_t>(integer(op, kOpCode, 0))), kCodeCustom);
}

Failure Preparation::load(int32_t index, Tensor *tensor) const {
    if (index == -1) {
        tensor->kind = kAbsent;
        return Failure::kNone;
    }
    Bytes table = element(tensors, static_cast<uint32_t>(index));
    const Type type = type_of(table);
    if (table == nullptr || type.bytes == 0) {
        return table == nullptr ? Failure::kBadModel : Failure::kUnsupported;
    }
    Bytes shape = child(table, kTensorShape), quantization = child(table, kTensorQuantization);
    Bytes scales = child(quantization, kQuantScale), zero_points = child(quantization, kQuantZeroPoint);
    const uint32_t buffer = static_cast<uint32_t>(integer(table, kTensorBuffer, 0));
    Bytes data = buffer == 0 ? nullptr : child(element(buffers, buffer), kBufferData);
    tensor->rank = length(shape);
    tensor->dims = reinterpret_cast<const int32_t *>(items(shape));
    tensor->scale_count = length(scales);
    tensor->scales = reinterpret_cast<const uint32_t *>(items(scales));
    tensor->zero_point = item(zero_points, 0, 0); // the low half of the first int64
    tensor->bytes = tensor_bytes(table);
    tensor->elements = tensor->bytes / type.bytes;
    tensor->variable = byte(table, kTensorIsVariable, 0) != 0;
    tensor->first = length(data) == 0 ? nullptr : items(data);
    tensor->constant = tensor->first != nullptr && !tensor->variable;
    tensor->kind = type.kind;
    if (type.kind == kInt8) {
        tensor->kind = tensor->scale_count == 0 ? kOther : tensor->scale_count == 1 ? kInt8 : kInt8Channels;
    }
    if (type.kind == kUInt8 && tensor->scale_count != 1) {
        tensor->kind = kOther;
    }
    // Of int16 a converter may write any; of what has none it is 0.
    const int32_t highest = type.kind == kUInt8 ? 255 : type.kind == kInt8 ? 127 : 32767;
    const int32_t lowest = type.kind == kUInt8 ? 0 : -highest - 1;
    if (tensor->constant) {
        // Only kernels write through data, and they never get a constant as their output.
        tensor->data = const_cast<uint8_t *>(tensor->first);
    } else {
        const Placement *place = &placements[index];
        tensor->data = arena + (place->first == kShared ? &placements[place->offset] : place)->offset;
    }
    const bool valid = tensor->bytes != 0 && (tensor->scale_count == 0 || is_scale(tensor->scales)) &&
                       is_aligned(shape) && is_aligned(scales) && is_aligned(data) && tensor->zero_point >= lowest &&
                       tensor->zero_point <= highest && (tensor->first == nullptr || tensor->bytes <= length(data));
    return valid ? Failure::kNone : Failure::kBadModel;
}

Failure Context::commit(void (*invoke)(const Node &), const void *op, uint32_t bytes) {
    void *copy = p.allocate(bytes);
    if (copy == nullptr) {
        return Failure::kArenaTooSmall;
    }
    memcpy(copy, op, bytes);
    *node = {invoke, copy, in[0].data, out.data};
    return Failure::kNone;
}

Failure Context::multipliers(int32_t channels, const int32_t **multiplier, const int8_t **shift) {
    const uint32_t count = in[1].scale_count, wanted = static_cast<uint32_t>(channels);
    if ((count != 1 && count != wanted) || (in[2].kind != kAbsent && in[2].elements != wanted)) {
        return Failure::kBadModel;
    }
    int32_t *multipliers = static_cast<int32_t *>(p.allocate(count * (sizeof **multiplier + sizeof **shift)));
    if (multipliers == nullptr) {
        return Failure::kArenaTooSmall;
    }
    int8_t *shifts = reinterpret_cast<int8_t *>(multipliers + count);
    for (uint32_t i = 0; i < count; i++) {
        if (!is_scale(&in[1].scales[i])) {
            return Failure::kBadModel;
        }
        const Multiplier m = quantize(in[0].scales[0], in[1].scales[i], out.scales[0]);
        multipliers[i] = m.value;
        shifts[i] = m.shift;
    }
    *multiplier = multipliers;
    *shift = shifts;
    return Failure::kNone;
}

Failure activation_range(int8_t activation, const Tensor &tensor, int16_t *act_min, int16_t *act_max) {
    constexpr uint32_t kSix = 0x40C00000;
    int32_t low = -128, high = 127;
    if (activation == kActRelu || activation == kActRelu6) {
        low = tensor.zero_point;
    }
    if (activation == kActRelu6) {
        high = tensor.zero_point + quotient(kSix, tensor.scale());
    }
    if (activation == kActReluN1To1) {
        const int32_t one = quotient(kOne, tensor.scale());
        low = tensor.zero_point - one;
        high = tensor.zero_point + one;
    }
    *act_min = static_cast<int16_t>(low < -128 ? -128 : low);
    *act_max = static_cast<int16_t>(high > 127 ? 127 : high);
    return activation < kActNone || activation > kActRelu6 ? Failure::kUnsupported : Failure::kNone;
}

bool window(int8_t padding, int32_t size, int32_t kernel, int32_t stride, int32_t dilation, int32_t out,
            uint16_t *before) {
    constexpr int32_t kMax = 0xFFFF, kMaxSpan = 3 * kMax; // a longer span has more padding than kMax
    if (kernel < 1 || stride < 1 || dilation < 1 || kernel > kMax || stride > kMax || dilation > kMax) {
        return false;
    }
    const uint32_t long_span = static_cast<uint32_t>(kernel - 1) * static_cast<uint32_t>(dilation) + 1;
    if (long_span > kMaxSpan) {
        return false;
    }
    const int32_t span = static_cast<int32_t>(long_span);
    const int32_t expected = padding == 0 ? (size + stride - 1) / stride : (size - span + stride) / stride;
    if (out != expected || (padding != 0 && padding != 1)) {
        return false;
    }
    const int32_t missing = (out - 1) * stride + span - size;
    *before = static_cast<uint16_t>(missing > 0 ? missing / 2 : 0);
    return missing / 2 <= kMax;
}

bool is_image(const Tensor &tensor) {
    for (uint32_t axis = 0; axis < tensor.rank; axis++) {
        if (tensor.dims[axis] > 0xFFFF) {
            return false;
        }
    }
    return tensor.rank == 4;
}

bool same_shape(const Tensor &a, const Tensor &b) {
    return a.rank == b.rank && (a.rank == 0 || memcmp(a.dims, b.dims, a.rank * sizeof(int32_t)) == 0);
}

} // namespace tflm
