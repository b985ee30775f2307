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
    if (op >= bytes / sizeof(uint32_t) || reinterpret_cast<uintptr_t>(items(calls)) % sizeof(uint32_t) != 0) {
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

// Whether so many bytes are in both.
bool in_both(int32_t count, uint32_t a, uint32_t b) {
    return count >= 0 && static_cast<uint32_t>(count) <= a && static_cast<uint32_t>(count) <= b;
}

// Whether the elements that axes of these sizes have together are in the input and in the output.
bool axes_within(const int32_t *in, unsigned in_axes, const int32_t *out, unsigned out_axes, const Extent &extent) {
    const uint32_t read = product(in, in_axes), written = product(out, out_axes);
    return read != 0 && read <= extent.x[0] && written != 0 && written <= extent.y[0];
}

// Of an int8 or uint8, either sign.
bool is_offset(int offset) {
    return offset >= -255 && offset <= 255;
}

bool is_shift(int shift) {
    return shift >= -31 && shift <= 31;
}

} // namespace

bool fits(const nn_lut_t &op, const Extent &extent) {
    return in_both(op.count, extent.x[0], extent.y[0]);
}

bool fits(const nn_binary_t &op, const Extent &extent) {
    constexpr unsigned kAxes = sizeof op.dims / sizeof op.dims[0];
    constexpr int8_t kMostLeft = 22, kMostRight = -31;
    const uint32_t count = product(op.dims, kAxes);
    return count != 0 && count <= extent.y[0] && walks_within(0, op.dims, op.stride1, kAxes, 1, extent.x[0]) &&
           walks_within(0, op.dims, op.stride2, kAxes, 1, extent.x[1]) && op.shift1 <= 0 && op.shift1 >= kMostRight &&
           op.shift2 <= 0 && op.shift2 >= kMostRight && is_shift(op.output_shift) && op.left_shift >= 0 &&
           op.left_shift <= kMostLeft && (op.multiplier1 | op.multiplier2 | op.output_multiplier) >= 0 &&
           is_offset(op.offset1) && is_offset(op.offset2);
}

bool fits(const nn_move_t &op, const Extent &extent) {
    constexpr unsigned kAxes = sizeof op.dims / sizeof op.dims[0];
    const uint64_t count = product(op.dims, kAxes);
    return count != 0 && op.run > 0 && count * static_cast<uint32_t>(op.run) <= extent.y[0] &&
           walks_within(op.start, op.dims, op.stride, kAxes, op.run, extent.x[0]);
}

namespace {

// Whether parts of so many bytes each, outer times, are in their tensors and all of them in another.
bool parts_within(const int32_t *inner, int32_t parts, int32_t outer, uint32_t arrays, const uint32_t *bytes,
                  uint32_t count, uint32_t whole) {
    if (parts < 1 || static_cast<uint32_t>(parts) != count || outer < 1 || arrays < count * sizeof *inner) {
        return false;
    }
    uint64_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t part = static_cast<uint64_t>(inner[i]) * static_cast<uint32_t>(outer);
        if (inner[i] < 0 || part > bytes[i]) {
            return false;
        }
        total += part;
    }
    return total <= whole;
}

} // namespace

bool fits(const nn_concatenation_t &op, const Extent &extent) {
    return parts_within(op.inner, op.inputs, op.outer, extent.arrays[0], extent.x, extent.inputs, extent.y[0]);
}

bool fits(const nn_split_t &op, const Extent &extent) {
    return parts_within(op.inner, op.outputs, op.outer, extent.arrays[0], extent.y, extent.outputs, extent.x[0]);
}

bool fits(const nn_reduce_t &op, const Extent &extent) {
    const int32_t kept[] = {op.dims[0], op.dims[2], op.dims[4]};
    return axes_within(op.dims, 5, kept, 3, extent);
}

bool fits(const nn_mean_t &op, const Extent &extent) {
    constexpr uint32_t kMostAdded = 1u << 23; // so many differences of int8 stay in int32
    const int32_t added[] = {op.dims[1], op.dims[3]};
    nn_reduce_t dims;
    memcpy(dims.dims, op.dims, sizeof dims.dims);
    return fits(dims, extent) && product(added, 2) <= kMostAdded && is_offset(op.input_offset) && op.multiplier >= 0 &&
           is_shift(op.shift);
}

bool fits(const nn_arg_t &op, const Extent &extent) {
    const int32_t in[] = {op.outer, op.count, op.inner}, out[] = {op.outer, op.inner, sizeof(int32_t)};
    return axes_within(in, 3, out, 3, extent);
}

bool fits(const nn_reshape_t &op, const Extent &extent) {
    return in_both(op.bytes, extent.x[0], extent.y[0]);
}

bool fits(const nn_constant_t &op, const Extent &extent) {
    return in_both(op.bytes, extent.arrays[0], extent.y[0]);
}

namespace {

// Whether each of a table's entries is an index below size.
bool picks_within(const int32_t *table, int32_t count, uint32_t bytes, int32_t size) {
    bool within = count > 0 && static_cast<uint32_t>(count) <= bytes / sizeof *table;
    for (int32_t i = 0; within && i < count; i++) {
        within = table[i] >= 0 && table[i] < size;
    }
    return within;
}

} // namespace

bool fits(const nn_resize_nearest_neighbor_t &op, const Extent &extent) {
    const int32_t in[] = {op.batches, op.in_h, op.in_w, op.run}, out[] = {op.batches, op.out_h, op.out_w, op.run};
    return axes_within(in, 4, out, 4, extent) && picks_within(op.rows, op.out_h, extent.arrays[0], op.in_h) &&
           picks_within(op.columns, op.out_w, extent.arrays[1], op.in_w);
}

namespace {

// Whether what a kernel writes lies apart from everything else that it is given.
bool outputs_apart(const PreparedKernel &kernel, void *const *addresses, const uint32_t *bytes, uint32_t inputs,
                   uint32_t tensors) {
    for (uint32_t y = inputs; y < tensors; y++) {
        const uint8_t *first = static_cast<const uint8_t *>(addresses[y]);
        for (uint32_t i = 0; i < tensors; i++) {
            const uint8_t *other = static_cast<const uint8_t *>(addresses[i]);
            const bool apart = first + bytes[y] <= other || other + bytes[i] <= first;
            if (i != y && !apart && !(kernel.in_place && first == other)) {
                return false;
            }
        }
    }
    return true;
}

// The struct itself, or a copy of it in the arena with the addresses of its arrays.
Failure place_arrays(Preparation &p, Reader &call, const PreparedKernel &kernel, const void **op, Extent *extent) {
    const uint32_t bytes = kernel.bytes, arrays = kernel.array_count;
    struct Array {
        uint32_t at, place, bytes;
    };
    Bytes list = call.take(arrays * static_cast<uint32_t>(sizeof(Array)));
    Bytes parameters = call.take(aligned(bytes, sizeof(uint32_t)));
    if (list == nullptr || parameters == nullptr) {
        return Failure::kBadModel;
    }
    *op = parameters;
    if (arrays == 0) {
        return Failure::kNone;
    }
    uint8_t *copy = static_cast<uint8_t *>(p.allocate(bytes));
    if (copy == nullptr) {
        return Failure::kArenaTooSmall;
    }
    memcpy(copy, parameters, bytes);
    Bytes calls = find_calls(p);
    for (uint32_t i = 0; i < arrays; i++) {
        const Array array = load<Array>(list + i * sizeof(Array));
        Bytes data = items(calls) + array.place;
        if (array.at != kernel.arrays[i] || array.place % sizeof(uint32_t) != 0 || array.place > length(calls) ||
            array.bytes > length(calls) - array.place) {
            return Failure::kBadModel;
        }
        memcpy(copy + array.at, &data, sizeof data);
        extent->arrays[i] = array.bytes;
    }
    *op = copy;
    return Failure::kNone;
}

} // namespace

Failure prepare_from_model(Context &c) {
    Reader call = find_call(c.p, static_cast<uint32_t>(c.node - c.p.nodes));
    Bytes head = call.take(2 * sizeof(uint32_t));
    const PreparedKernel *kernel = head == nullptr ? nullptr : find_kernel(load<uint32_t>(head));
    if (kernel == nullptr) {
        return Failure::kUnsupported;
    }
    const uint32_t inputs = load<uint16_t>(head + 4), outputs = load<uint16_t>(head + 6), tensors = inputs + outputs;
    Bytes indices = call.take(tensors * static_cast<uint32_t>(sizeof(int32_t))),
          sizes = call.take(2 * sizeof(uint32_t));
    if (inputs == 0 || outputs == 0 || tensors > kMostTensors || (kernel->inputs != 0 && kernel->inputs != inputs) ||
        (kernel->outputs != 0 && kernel->outputs != outputs) || sizes == nullptr ||
        load<uint32_t>(sizes) != aligned(kernel->bytes, sizeof(uint32_t)) ||
        load<uint32_t>(sizes + 4) != kernel->array_count) {
        return Failure::kBadModel;
    }
    void *addresses[kMostTensors];
    uint32_t bytes[kMostTensors];
    for (uint32_t i = 0; i < tensors; i++) {
        Tensor tensor;
        const Failure failure = c.p.load(load<int32_t>(indices + i * sizeof(int32_t)), &tensor);
        if (failure != Failure::kNone || tensor.kind == kAbsent || (i >= inputs && tensor.constant)) {
            return Failure::kBadModel;
        }
        addresses[i] = tensor.data;
        bytes[i] = tensor.bytes;
    }
    const void *x = addresses[0], *op = nullptr;
    if (kernel->inputs != 1 || kernel->outputs != 1) {
        const uint32_t size = (kernel->outputs == 1 ? inputs : tensors) * static_cast<uint32_t>(sizeof(void *));
        void *copy = c.p.allocate(size);
        if (copy == nullptr) {
            return Failure::kArenaTooSmall;
        }
        memcpy(copy, addresses, size);
        x = copy;
    }
    Extent extent = {bytes, bytes + inputs, inputs, outputs, {}};
    const Failure failure = place_arrays(c.p, call, *kernel, &op, &extent);
    if (failure != Failure::kNone) {
        return failure;
    }
    if (addresses[inputs] != c.out.data || !outputs_apart(*kernel, addresses, bytes, inputs, tensors) ||
        !kernel->fits(op, extent)) {
        return Failure::kBadModel;
    }
    *c.node = {kernel->invoke, op, x, c.out.data};
    return Failure::kNone;
}

} // namespace tflm
