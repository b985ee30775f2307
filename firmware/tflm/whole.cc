// SPDX-License-Identifier: Apache-2.0
#include "tflm/flatbuffer.h"

namespace tflm {
namespace {

// Follows offsets within a file; a place in it is counted in bytes from its start, and 0 stands for "absent".
struct File {
    Bytes content;
    uint32_t bytes;
    bool whole;

    bool has(uint64_t at, uint64_t count) {
        whole = whole && at <= bytes && count <= bytes - at;
        return whole;
    }
    template <typename T> T read(uint32_t at) {
        return has(at, sizeof(T)) ? load<T>(content + at) : T();
    }
    uint32_t follow(uint32_t at) {
        const uint64_t to = static_cast<uint64_t>(at) + read<uint32_t>(at);
        return has(to, sizeof(uint32_t)) ? static_cast<uint32_t>(to) : 0;
    }
    // The place of a table's field of so many bytes.
    uint32_t field(uint32_t table, unsigned id, uint32_t width) {
        const int64_t vtable = static_cast<int64_t>(table) - read<int32_t>(table);
        if (table == 0 || vtable < 0 || !has(static_cast<uint64_t>(vtable), sizeof(uint16_t))) {
            whole = whole && table == 0;
            return 0;
        }
        const uint32_t slot = 4 + 2 * id, start = static_cast<uint32_t>(vtable);
        const uint16_t offset = slot < read<uint16_t>(start) ? read<uint16_t>(start + slot) : 0;
        return offset != 0 && has(static_cast<uint64_t>(table) + offset, width) ? table + offset : 0;
    }
    uint32_t child(uint32_t table, unsigned id) {
        const uint32_t at = field(table, id, sizeof(uint32_t));
        return at == 0 ? 0 : follow(at);
    }
    // The length of a vector of items of so many bytes each, 0 where there is none.
    uint32_t vector(uint32_t at, uint32_t width) {
        const uint32_t count = at == 0 ? 0 : read<uint32_t>(at);
        return at != 0 && has(static_cast<uint64_t>(at) + 4, static_cast<uint64_t>(count) * width) ? count : 0;
    }
    uint32_t element(uint32_t at, uint32_t index) {
        return follow(at + 4 + 4 * index);
    }
};

void code(File &file, uint32_t table) {
    file.field(table, kCodeDeprecated, sizeof(int8_t));
    file.field(table, kCodeBuiltin, sizeof(int32_t));
    file.vector(file.child(table, kCodeCustom), sizeof(char));
}

void buffer(File &file, uint32_t table) {
    file.vector(file.child(table, kBufferData), sizeof(uint8_t));
}

void metadata(File &file, uint32_t table) {
    file.vector(file.child(table, kMetadataName), sizeof(char));
    file.field(table, kMetadataBuffer, sizeof(uint32_t));
}

void tensor(File &file, uint32_t table) {
    const uint32_t quantization = file.child(table, kTensorQuantization);
    file.vector(file.child(table, kTensorShape), sizeof(int32_t));
    file.field(table, kTensorType, sizeof(int8_t));
    file.field(table, kTensorBuffer, sizeof(uint32_t));
    file.field(table, kTensorIsVariable, sizeof(int8_t));
    file.vector(file.child(quantization, kQuantScale), sizeof(uint32_t));
    file.vector(file.child(quantization, kQuantZeroPoint), sizeof(int64_t));
}

void operation(File &file, uint32_t table) {
    constexpr unsigned kMostOptions = 8;
    const uint32_t options = file.child(table, kOpOptions);
    file.field(table, kOpCode, sizeof(uint32_t));
    file.vector(file.child(table, kOpInputs), sizeof(int32_t));
    file.vector(file.child(table, kOpOutputs), sizeof(int32_t));
    for (unsigned id = 0; id < kMostOptions; id++) {
        file.field(options, id, sizeof(int32_t)); // a byte too, since another operator's options may be given
    }
}

void each(File &file, uint32_t vector, void (*visit)(File &, uint32_t)) {
    const uint32_t count = file.vector(vector, sizeof(uint32_t));
    for (uint32_t i = 0; file.whole && i < count; i++) {
        visit(file, file.element(vector, i));
    }
}

} // namespace

bool is_whole(const void *content, size_t bytes) {
    File file = {static_cast<Bytes>(content), static_cast<uint32_t>(bytes), bytes <= kMostBytes};
    const uint32_t model = file.follow(0), subgraphs = file.child(model, kModelSubgraphs);
    const uint32_t graph = file.vector(subgraphs, sizeof(uint32_t)) == 0 ? 0 : file.element(subgraphs, 0);
    file.field(model, kModelVersion, sizeof(uint32_t));
    each(file, file.child(model, kModelOperatorCodes), code);
    each(file, file.child(model, kModelBuffers), buffer);
    each(file, file.child(model, kModelMetadata), metadata);
    each(file, file.child(graph, kGraphTensors), tensor);
    each(file, file.child(graph, kGraphOperators), operation);
    file.vector(file.child(graph, kGraphInputs), sizeof(int32_t));
    file.vector(file.child(graph, kGraphOutputs), sizeof(int32_t));
    return file.whole;
}

} // namespace tflm
