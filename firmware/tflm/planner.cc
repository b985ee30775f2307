// SPDX-License-Identifier: Apache-2.0
#include "tflm/operator.h"

namespace tflm {
namespace {

uint32_t root(const Preparation &p, uint32_t index) {
    return p.placements[index].first == kShared ? p.placements[index].offset : index;
}

// Notes that tensor index is written (first) or read at a step. false on a tensor that can't be. A variable lives from
// one inference to the next, so at all steps. again: it may have been written before.
bool live(const Preparation &p, int32_t index, uint32_t step, bool written, bool again = false) {
    Tensor tensor;
    if (p.load(index, &tensor) != Failure::kNone || (written && (tensor.kind == kAbsent || tensor.constant))) {
        return false;
    }
    if (tensor.kind == kAbsent || tensor.constant) {
        return true;
    }
    Placement &place = p.placements[root(p, static_cast<uint32_t>(index))];
    if (tensor.variable) {
        place = {aligned(tensor.bytes, kAlignment), kUnplaced, 0, static_cast<uint16_t>(length(p.operators))};
        return true;
    }
    if (written && (place.bytes == 0 || !again)) {
        if (place.bytes != 0) {
            return false;
        }
        place = {aligned(tensor.bytes, kAlignment), kUnplaced, static_cast<uint16_t>(step), 0};
    }
    place.last = static_cast<uint16_t>(step);
    return place.bytes != 0;
}

// They change no byte: their output may be their input's memory.
bool is_view(int32_t builtin) {
    return builtin == tflite::BuiltinOperator_RESHAPE || builtin == tflite::BuiltinOperator_SQUEEZE ||
           builtin == tflite::BuiltinOperator_EXPAND_DIMS;
}

// They copy to one tensor in several places.
bool is_control(int32_t builtin) {
    return builtin == tflite::BuiltinOperator_IF || builtin == tflite::BuiltinOperator_WHILE;
}

bool share(const Preparation &p, Bytes op) {
    const uint32_t x = static_cast<uint32_t>(item(child(op, kOpInputs), 0, -1));
    const int32_t y = item(child(op, kOpOutputs), 0, -1);
    Tensor to;
    if (!is_view(p.builtin(op)) || p.load(y, &to) != Failure::kNone || to.kind == kAbsent || to.constant ||
        x >= length(p.tensors)) {
        return false;
    }
    const uint32_t owner = root(p, x);
    Placement &place = p.placements[y];
    if (byte(element(p.tensors, owner), kTensorIsVariable, 0) != 0 || to.variable) {
        return false; // which changes while the other is still read
    }
    if (place.bytes != 0 || place.first == kShared || p.placements[owner].bytes != aligned(to.bytes, kAlignment)) {
        return false;
    }
    place = {0, owner, kShared, 0};
    return true;
}

bool find_lifetimes(const Preparation &p, uint32_t steps) {
    for (uint32_t i = 0; i < length(p.inputs); i++) {
        if (!live(p, item(p.inputs, i, -1), 0, true)) {
            return false;
        }
    }
    for (uint32_t step = 0; step < steps; step++) {
        Bytes op = element(p.operators, step), inputs = child(op, kOpInputs), outputs = child(op, kOpOutputs);
        for (uint32_t i = 0; i < length(inputs); i++) {
            if (!live(p, item(inputs, i, -1), step, false)) {
                return false;
            }
        }
        const bool shared = share(p, op), again = is_control(p.builtin(op));
        for (uint32_t i = 0; i < length(outputs); i++) {
            if (!shared && !live(p, item(outputs, i, -1), step, true, again)) {
                return false;
            }
        }
    }
    for (uint32_t i = 0; i < length(p.outputs); i++) {
        if (!live(p, item(p.outputs, i, -1), steps, false)) {
            return false;
        }
    }
    return true;
}

// The lowest offset at which place meets nothing that is placed already and alive at the same time.
uint32_t lowest_offset(const Preparation &p, const Placement &place) {
    const uint32_t count = length(p.tensors);
    uint32_t offset = 0;
    for (uint32_t i = 0; i < count;) {
        const Placement &other = p.placements[i++];
        if (other.bytes != 0 && other.offset != kUnplaced && other.first <= place.last && place.first <= other.last &&
            other.offset < offset + place.bytes && offset < other.offset + other.bytes) {
            offset = other.offset + other.bytes;
            i = 0;
        }
    }
    return offset;
}

// First fit of all tensors, the largest first or the earliest; of equals the lower index. The end of the highest, or
// kUnplaced where one does not fit the arena.
uint32_t place_in_order(const Preparation &p, bool by_size) {
    const uint32_t count = length(p.tensors);
    for (uint32_t i = 0; i < count; i++) {
        if (p.placements[i].bytes != 0) {
            p.placements[i].offset = kUnplaced;
        }
    }
    for (uint32_t highest = 0;;) {
        Placement *next = nullptr;
        for (uint32_t i = 0; i < count; i++) {
            Placement &place = p.placements[i];
            if (place.bytes == 0 || place.offset != kUnplaced) {
                continue;
            }
            const bool larger = next == nullptr || place.bytes > next->bytes;
            if (by_size || next == nullptr || place.first == next->first ? larger : place.first < next->first) {
                next = &place;
            }
        }
        if (next == nullptr) {
            return highest;
        }
        next->offset = lowest_offset(p, *next);
        const uint32_t end = next->offset + next->bytes;
        if (end > p.tail) {
            return kUnplaced;
        }
        highest = end > highest ? end : highest;
    }
}

} // namespace

Failure place_activations(const Preparation &p, uint32_t *bytes) {
    memset(p.placements, 0, length(p.tensors) * sizeof(Placement));
    if (!find_lifetimes(p, length(p.operators))) {
        return Failure::kBadModel;
    }
    const uint32_t by_time = place_in_order(p, false);
    *bytes = place_in_order(p, true);
    if (by_time < *bytes) {
        *bytes = place_in_order(p, false);
    }
    return *bytes == kUnplaced ? Failure::kArenaTooSmall : Failure::kNone;
}

} // namespace tflm
