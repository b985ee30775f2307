// SPDX-License-Identifier: Apache-2.0
#include "tflm/prepared.h"

namespace tflm {
namespace {

constexpr char kName[] = "gen.calls";
constexpr uint32_t kOfTensor = 1u << 31; // in place of an array's: it is the constant of this number

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
        bool valid = array.place % sizeof(uint32_t) == 0 && array.place <= length(calls) &&
                     array.bytes <= length(calls) - array.place;
        if (array.place >= kOfTensor) {
            Tensor tensor = {};
            valid = p.load(static_cast<int32_t>(array.place - kOfTensor), &tensor) == Failure::kNone &&
                    tensor.kind != kAbsent && tensor.constant && array.bytes <= tensor.bytes;
            data = tensor.data;
        }
        if (array.at != kernel.arrays[i] || !valid) {
            return Failure::kBadModel;
        }
        memcpy(copy + array.at, &data, sizeof data);
        extent->arrays[i] = array.bytes;
    }
    *op = copy;
    return Failure::kNone;
}

// A call as the model has it, and room for where its tensors are and how large.
struct Call {
    const PreparedKernel *kernel;
    uint32_t inputs, tensors;
    Bytes indices;
    Reader rest;
    void **addresses;
    uint32_t *bytes;
};

__attribute__((noinline)) Failure prepare(Context &c, Call &call) {
    const PreparedKernel &kernel = *call.kernel;
    const uint32_t inputs = call.inputs, tensors = call.tensors;
    for (uint32_t i = 0; i < tensors; i++) {
        Tensor tensor;
        const Failure failure = c.p.load(load<int32_t>(call.indices + i * sizeof(int32_t)), &tensor);
        if (failure != Failure::kNone || tensor.kind == kAbsent || (i >= inputs && tensor.constant)) {
            return Failure::kBadModel;
        }
        call.addresses[i] = tensor.data;
        call.bytes[i] = tensor.bytes;
    }
    const void *x = call.addresses[0], *op = nullptr;
    if (kernel.inputs != 1 || kernel.outputs != 1) {
        const uint32_t size = (kernel.outputs == 1 ? inputs : tensors) * static_cast<uint32_t>(sizeof(void *));
        void *copy = c.p.allocate(size);
        if (copy == nullptr) {
            return Failure::kArenaTooSmall;
        }
        memcpy(copy, call.addresses, size);
        x = copy;
    }
    Extent extent = {call.bytes, call.bytes + inputs, inputs, tensors - inputs, {}};
    const Failure failure = place_arrays(c.p, call.rest, kernel, &op, &extent);
    if (failure != Failure::kNone) {
        return failure;
    }
    if (call.addresses[inputs] != c.out.data || !outputs_apart(kernel, call.addresses, call.bytes, inputs, tensors) ||
        !kernel.fits(op, extent)) {
        return Failure::kBadModel;
    }
    *c.node = {kernel.invoke, op, x, c.out.data};
    return Failure::kNone;
}

// Apart, so that only a model with such a call needs the stack for it.
__attribute__((noinline)) Failure prepare_many(Context &c, Call &call) {
    void *addresses[kMostTensors];
    uint32_t bytes[kMostTensors];
    call.addresses = addresses;
    call.bytes = bytes;
    return prepare(c, call);
}

} // namespace

Failure prepare_from_model(Context &c) {
    constexpr unsigned kFew = 4;
    Reader reader = find_call(c.p, static_cast<uint32_t>(c.node - c.p.nodes));
    Bytes head = reader.take(2 * sizeof(uint32_t));
    const PreparedKernel *kernel = head == nullptr ? nullptr : find_kernel(load<uint32_t>(head));
    if (kernel == nullptr) {
        return Failure::kUnsupported;
    }
    const uint32_t inputs = load<uint16_t>(head + 4), outputs = load<uint16_t>(head + 6), tensors = inputs + outputs;
    Bytes indices = reader.take(tensors * static_cast<uint32_t>(sizeof(int32_t))),
          sizes = reader.take(2 * sizeof(uint32_t));
    if (inputs == 0 || outputs == 0 || tensors > kMostTensors || (kernel->inputs != 0 && kernel->inputs != inputs) ||
        (kernel->outputs != 0 && kernel->outputs != outputs) || sizes == nullptr ||
        load<uint32_t>(sizes) != aligned(kernel->bytes, sizeof(uint32_t)) ||
        load<uint32_t>(sizes + 4) != kernel->array_count) {
        return Failure::kBadModel;
    }
    void *addresses[kFew];
    uint32_t bytes[kFew];
    Call call = {kernel, inputs, tensors, indices, reader, addresses, bytes};
    return tensors <= kFew ? prepare(c, call) : prepare_many(c, call);
}

} // namespace tflm
