// SPDX-License-Identifier: Apache-2.0
#include "tflm/flatbuffer.h"

namespace tflm {

Bytes field(Bytes table, unsigned id) {
    if (table == nullptr) {
        return nullptr;
    }
    Bytes vtable = table - load<int32_t>(table);
    const unsigned at = 4 + 2 * id;
    if (at >= load<uint16_t>(vtable)) {
        return nullptr;
    }
    const uint16_t offset = load<uint16_t>(vtable + at);
    return offset == 0 ? nullptr : table + offset;
}

Bytes child(Bytes table, unsigned id) {
    Bytes at = field(table, id);
    return at == nullptr ? nullptr : at + load<uint32_t>(at);
}

int32_t integer(Bytes table, unsigned id, int32_t absent) {
    Bytes at = field(table, id);
    return at == nullptr ? absent : load<int32_t>(at);
}

int8_t byte(Bytes table, unsigned id, int8_t absent) {
    Bytes at = field(table, id);
    return at == nullptr ? absent : load<int8_t>(at);
}

uint32_t length(Bytes vector) {
    return vector == nullptr ? 0 : load<uint32_t>(vector);
}

Bytes element(Bytes vector, uint32_t index) {
    if (index >= length(vector)) {
        return nullptr;
    }
    Bytes at = items(vector) + 4 * index;
    return at + load<uint32_t>(at);
}

int32_t item(Bytes vector, uint32_t index, int32_t absent) {
    return index < length(vector) ? load<int32_t>(items(vector) + 4 * index) : absent;
}

} // namespace tflm
