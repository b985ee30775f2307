// SPDX-License-Identifier: Apache-2.0
#include "tflm/prepared.h"

namespace tflm {
namespace {

constexpr char kName[] = "gen.calls";

// Reads a call from front to back, never beyond the metadata's end.
struct Reader {
    Bytes at;
    uint32_t left;

    // nullptr where so many bytes are not there.
    Bytes take(uint32_t bytes) {
        if (bytes > left) {
            return nullptr;
        }
        Bytes taken = at;
        at += bytes;
        left -= bytes;
        return taken;
    }
};

// The metadata's bytes, a flatbuffer's vector.
Bytes find_calls(const Preparation &p) {
    Bytes entries = child(p.model, kModelMetadata);
    for (uint32_t i = 0; i < length(entries); i++) {
        Bytes entry = element(entries, i), name = child(entry, kMetadataName);
        if (length(name) == sizeof kName - 1 && memcmp(items(name), kName, sizeof kName - 1) == 0) {
            return child(element(p.buffers, static_cast<uint32_t>(integer(entry, kMetadataBuffer, 0))), kBufferData);
        }
    }
    return nullptr;
}

Reader find_call(const Preparation &p, uint32_t op) {
    Bytes calls = find_calls(p);
    const uint32_t bytes = length(calls);
    if (op >= bytes / sizeof(uint32_t)) {
        return {nullptr, 0};
    }
    const uint32_t place = load<uint32_t>(items(calls) + op * sizeof(uint32_t));
    if (place == 0 || place >= bytes || place % sizeof(uint32_t) != 0) {
        return {nullptr, 0};
    }
    return {items(calls) + place, bytes - place};
}

const PreparedKernel *find_kernel(uint32_t id) {
    for (unsigned i = 0; i < kPreparedKernelCount; i++) {
        if (kPreparedKernels[i].id == id) {
            return &kPreparedKernels[i];
        }
    }
    return nullptr;
}

// The elements that axes of these sizes have together, 0 where they are more than any tensor has bytes.
uint32_t product(const int32_t *dims, unsigned axes) {
    uint64_t count = 1;
    for (unsigned i = 0; i < axes; i++) {
        count = dims[i] < 1 ? 0 : count * static_cast<uint32_t>(dims[i]);
        if (count == 0 || count > kMostBytes) {
            return 0;
        }
    }
    return static_cast<uint32_t>(count);
}

// Whether a walk from a place in bytes along axes stays within so many bytes, with run of them at every stop.
bool walks_within(int64_t start, const int32_t *dims, const int32_t *stride, unsigned axes, int64_t run,
                  uint32_t bytes) {
    int64_t lowest = start, highest = start + run;
    for (unsigned i = 0; i < axes; i++) {
        const int64_t reach = (static_cast<int64_t>(dims[i]) - 1) * stride[i];
        (reach < 0 ? lowest : highest) += reach;
    }
    return lowest >= 0 && highest <= static_cast<int64_t>(bytes);
}

bool is_shift(int shift) {
    return shift >= -31 && shift <= 31;
}

} // namespace

bool fits(const nn_lut_t &op, const Extent &extent) {
    return op.count >= 0 && static_cast<uint32_t>(op.count) <= extent.x[0] &&
           static_cast<uint32_t>(op.count) <= extent.y;
}

bool fits(const nn_binary_t &op, const Extent &extent) {
    constexpr unsigned kAxes = sizeof op.dims / sizeof op.dims[0];
    const uint32_t count = product(op.dims, kAxes);
    return count != 0 && count <= extent.y && walks_within(0, op.dims, op.stride1, kAxes, 1, extent.x[0]) &&
           walks_within(0, op.dims, op.stride2, kAxes, 1, extent.x[1]) && op.shift1 <= 0 && is_shift(op.shift1) &&
           op.shift2 <= 0 && is_shift(op.shift2) && is_shift(op.output_shift) && op.left_shift >= 0 &&
           op.left_shift <= 20 && op.multiplier1 >= 0 && op.multiplier2 >= 0 && op.output_multiplier >= 0;
}

bool fits(const nn_move_t &op, const Extent &extent) {
    constexpr unsigned kAxes = sizeof op.dims / sizeof op.dims[0];
    const uint64_t count = product(op.dims, kAxes);
    return count != 0 && op.run > 0 && count * static_cast<uint32_t>(op.run) <= extent.y &&
           walks_within(op.start, op.dims, op.stride, kAxes, op.run, extent.x[0]);
}

Failure prepare_from_model(Context &c) {
    Reader call = find_call(c.p, static_cast<uint32_t>(c.node - c.p.nodes));
    Bytes head = call.take(2 * sizeof(uint32_t));
    const PreparedKernel *kernel = head == nullptr ? nullptr : find_kernel(load<uint32_t>(head));
    if (kernel == nullptr) {
        return Failure::kUnsupported;
    }
    const uint32_t inputs = kernel->inputs;
    Bytes indices = call.take((inputs + 1) * static_cast<uint32_t>(sizeof(int32_t))),
          bytes = call.take(sizeof(uint32_t));
    const uint32_t parameter_bytes = aligned(kernel->bytes, sizeof(uint32_t));
    Bytes op = call.take(parameter_bytes);
    if (op == nullptr || load<uint16_t>(head + 4) != inputs || load<uint16_t>(head + 6) != 1 || inputs > kMostInputs ||
        load<uint32_t>(bytes) != parameter_bytes) {
        return Failure::kBadModel;
    }
    const void *x[kMostInputs];
    Extent extent = {};
    for (uint32_t i = 0; i <= inputs; i++) {
        Tensor tensor;
        const Failure failure = c.p.load(load<int32_t>(indices + i * sizeof(int32_t)), &tensor);
        if (failure != Failure::kNone || tensor.kind == kAbsent || (i == inputs && tensor.data != c.out.data)) {
            return Failure::kBadModel;
        }
        if (i == inputs) {
            extent.y = tensor.bytes;
        } else {
            x[i] = tensor.data;
            extent.x[i] = tensor.bytes;
        }
    }
    if (!kernel->fits(op, extent)) {
        return Failure::kBadModel;
    }
    const void *at = x[0];
    if (inputs > 1) {
        const uint32_t size = inputs * static_cast<uint32_t>(sizeof x[0]);
        void *copy = c.p.allocate(size);
        if (copy == nullptr) {
            return Failure::kArenaTooSmall;
        }
        memcpy(copy, x, size);
        at = copy;
    }
    *c.node = {kernel->invoke, op, at, c.out.data};
    return Failure::kNone;
}

} // namespace tflm
