// SPDX-License-Identifier: Apache-2.0
#include "nn_select.h"
#include "tflm/prepared.h"

namespace tflm {
namespace {

// Whether a custom operator's name is this one, a flatbuffer's string; others have none.
bool is_called(const Operator &op, Bytes name) {
    return op.custom == nullptr ||
           (length(name) == op.custom_bytes && memcmp(items(name), op.custom, op.custom_bytes) == 0);
}

const Operator *find(const tflite::MicroOpResolver &resolver, const Preparation &p, Bytes op) {
    return resolver.FindOp(static_cast<tflite::BuiltinOperator>(p.builtin(op)), p.custom(op));
}

Failure load_tensors(Context &c, Bytes outputs) {
    for (unsigned slot = 0; slot <= kSlots; slot++) {
        const bool is_output = slot == kSlots;
        const Failure failure =
            c.p.load(is_output ? item(outputs, 0, -1) : item(c.inputs, slot, -1), is_output ? &c.out : &c.in[slot]);
        if (failure != Failure::kNone) {
            return failure;
        }
    }
    return Failure::kNone;
}

// Prepares the operator if its tensors are of the kinds it takes.
Failure prepare(const Operator &op, Context &c, Bytes outputs) {
    if (length(outputs) != 1 && op.output != kAnyTensor) {
        return Failure::kBadModel;
    }
    for (unsigned slot = 0; slot <= kSlots; slot++) {
        const Tensor &tensor = slot == kSlots ? c.out : c.in[slot];
        const uint16_t allowed = slot == kSlots ? op.output : op.slots[slot];
        const bool must_be_constant = (allowed & kConstant) != 0 && tensor.kind != kAbsent;
        if ((allowed & tensor.kind) == 0 || (must_be_constant && !tensor.constant)) {
            return Failure::kUnsupported;
        }
    }
    return op.prepare(c);
}

TfLiteType public_type(Bytes table) {
    constexpr int8_t kSchemaFloat32 = 0;
    const int8_t type = byte(table, kTensorType, 0);
    return type == kSchemaFloat32 ? kTfLiteFloat32 : static_cast<TfLiteType>(type);
}

} // namespace
} // namespace tflm

namespace tflite {

using namespace tflm;

const Model *GetModel(const void *buffer) {
    Bytes root = static_cast<Bytes>(buffer);
    return reinterpret_cast<const Model *>(root + ::tflm::load<uint32_t>(root));
}

uint32_t Model::version() const {
    return static_cast<uint32_t>(integer(reinterpret_cast<Bytes>(this), kModelVersion, 0));
}

const Operator *MicroOpResolver::FindOp(BuiltinOperator op, const void *custom) const {
    for (uint16_t i = 0; i < size_; i++) {
        if (operators_[i]->builtin == op && is_called(*operators_[i], static_cast<Bytes>(custom))) {
            return operators_[i];
        }
    }
    return nullptr;
}

TfLiteStatus MicroOpResolver::Add(const Operator &op) {
    for (uint16_t i = 0; i < size_; i++) {
        if (operators_[i] == &op) {
            return kTfLiteError;
        }
    }
    if (size_ == capacity_) {
        return kTfLiteError;
    }
    operators_[size_++] = &op;
    return kTfLiteOk;
}

MicroInterpreter::MicroInterpreter(const Model *model, const MicroOpResolver &resolver, uint8_t *arena,
                                   size_t arena_bytes)
    : model_(model), resolver_(resolver) {
    constexpr size_t kMaxBytes = 1u << 30; // offsets are sums of two such numbers in 32 bits
    const size_t skip = -reinterpret_cast<uintptr_t>(arena) % kAlignment;
    const size_t usable = arena_bytes < skip ? 0 : (arena_bytes - skip) / kAlignment * kAlignment;
    arena_ = arena + skip;
    arena_bytes_ = usable < kMaxBytes ? usable : kMaxBytes;
}

TfLiteStatus MicroInterpreter::AllocateTensors() {
    failure_ = Prepare();
    if (failure_ != Failure::kNone) {
        operators_ = inputs_ = outputs_ = 0;
        used_ = 0;
    }
    Reset();
    return initialization_status();
}

TfLiteStatus MicroInterpreter::Reset() {
    if (state_ != nullptr && failure_ == Failure::kNone) {
        state_->reset(variables_, variable_count_);
    }
    return initialization_status();
}

Failure MicroInterpreter::Prepare() {
    constexpr uint32_t kMaxCount = 0x7FFF;
    Bytes model = reinterpret_cast<Bytes>(model_);
    Bytes subgraphs = child(model, kModelSubgraphs), graph = element(subgraphs, 0);
    Preparation p = {};
    p.model = model;
    p.codes = child(model, kModelOperatorCodes);
    p.buffers = child(model, kModelBuffers);
    p.tensors = child(graph, kGraphTensors);
    p.inputs = child(graph, kGraphInputs);
    p.outputs = child(graph, kGraphOutputs);
    p.operators = child(graph, kGraphOperators);
    p.flow = &flow_;
    if (model_->version() != TFLITE_SCHEMA_VERSION || length(subgraphs) == 0 || length(p.tensors) > kMaxCount ||
        length(p.operators) > kMaxCount || length(p.inputs) > kMaxCount || length(p.outputs) > kMaxCount) {
        return Failure::kBadModel;
    }
    operators_ = length(p.operators);
    inputs_ = length(p.inputs);
    outputs_ = length(p.outputs);
    for (uint32_t i = 0; i < operators_; i++) {
        const Operator *op = find(resolver_, p, element(p.operators, i));
        if (op == nullptr) {
            return Failure::kUnsupported;
        }
        state_ = op->state != nullptr ? op->state : state_;
    }

    uint32_t activation_bytes = 0;
    p.arena = arena_;
    p.tail = static_cast<uint32_t>(arena_bytes_);
    p.head = aligned(length(p.tensors) * sizeof(Placement), kAlignment);
    if (p.head > p.tail) {
        return Failure::kArenaTooSmall;
    }
    p.placements = reinterpret_cast<Placement *>(arena_);
    Failure failure = place_activations(p, &activation_bytes);
    if (failure == Failure::kNone) {
        failure = PrepareOperators(p);
    }
    if (failure == Failure::kNone) {
        failure = PrepareTensors(p);
    }
    if (failure == Failure::kNone && state_ != nullptr) {
        failure = state_->prepare(p, &variables_, &variable_count_);
    }
    const uint32_t head = activation_bytes > p.head ? activation_bytes : p.head;
    used_ = head + aligned(static_cast<uint32_t>(arena_bytes_) - p.tail, kAlignment);
    return failure == Failure::kNone && used_ > arena_bytes_ ? Failure::kArenaTooSmall : failure;
}

Failure MicroInterpreter::PrepareOperators(Preparation &p) {
    nodes_ = p.nodes = static_cast<Node *>(p.allocate(operators_ * static_cast<uint32_t>(sizeof(Node))));
    if (nodes_ == nullptr) {
        return Failure::kArenaTooSmall;
    }
    for (uint32_t i = 0; i < operators_; i++) {
        Bytes table = element(p.operators, i);
        const Operator *op = find(resolver_, p, table);
        Context c = {p, child(table, kOpOptions), child(table, kOpInputs), {}, {}, &nodes_[i]};
        Failure failure = load_tensors(c, child(table, kOpOutputs));
        if (failure == Failure::kNone) {
            failure = prepare(*op, c, child(table, kOpOutputs));
#ifdef TFLM_CALLS_IN_MODEL
            // Forms of an operator that its own file does not have.
            failure = failure == Failure::kUnsupported ? prepare_from_model(c) : failure;
#endif
        }
        if (failure != Failure::kNone) {
            return failure;
        }
    }
    return Failure::kNone;
}

Failure MicroInterpreter::PrepareTensors(Preparation &p) {
    const uint32_t count = inputs_ + outputs_;
    tensors_ = static_cast<TfLiteTensor *>(p.allocate(count * static_cast<uint32_t>(sizeof(TfLiteTensor))));
    if (tensors_ == nullptr) {
        return Failure::kArenaTooSmall;
    }
    for (uint32_t i = 0; i < count; i++) {
        const int32_t index = i < inputs_ ? item(p.inputs, i, -1) : item(p.outputs, i - inputs_, -1);
        Tensor tensor;
        const Failure failure = p.load(index, &tensor);
        if (failure != Failure::kNone || tensor.kind == kAbsent) {
            return Failure::kBadModel;
        }
        Bytes table = element(p.tensors, static_cast<uint32_t>(index));
        const uint32_t scale = tensor.scale();
        TfLiteTensor &shown = tensors_[i];
        shown.data.data = tensor.data;
        shown.dims = reinterpret_cast<TfLiteIntArray *>(const_cast<uint8_t *>(child(table, kTensorShape)));
        shown.bytes = tensor.bytes;
        memcpy(&shown.params.scale, &scale, sizeof scale);
        shown.params.zero_point = tensor.zero_point;
        shown.type = public_type(table);
    }
    return Failure::kNone;
}

TfLiteStatus MicroInterpreter::Invoke() {
    if (used_ == 0) {
        return kTfLiteError;
    }
    flow_ = {0, Flow::kMostRounds};
    while (flow_.next < operators_) {
        const Node &node = nodes_[flow_.next++];
        node.invoke(node);
    }
    return flow_.next == Flow::kNowhere ? kTfLiteError : kTfLiteOk;
}

TfLiteStatus MicroInterpreter::InvokeOperator(size_t index) {
    if (index >= operators_) {
        return kTfLiteError;
    }
    flow_.next = static_cast<uint32_t>(index) + 1;
    nodes_[index].invoke(nodes_[index]);
    return kTfLiteOk;
}

const void *MicroInterpreter::operator_output(size_t index, size_t *bytes) const {
    if (index >= operators_) {
        return nullptr;
    }
    Bytes graph = element(child(reinterpret_cast<Bytes>(model_), kModelSubgraphs), 0);
    Bytes outputs = child(element(child(graph, kGraphOperators), static_cast<uint32_t>(index)), kOpOutputs);
    *bytes = tensor_bytes(element(child(graph, kGraphTensors), static_cast<uint32_t>(item(outputs, 0, -1))));
    return nodes_[index].y;
}

TfLiteTensor *MicroInterpreter::input(size_t index) {
    return index < inputs_ ? &tensors_[index] : nullptr;
}

TfLiteTensor *MicroInterpreter::output(size_t index) {
    return index < outputs_ ? &tensors_[inputs_ + index] : nullptr;
}

} // namespace tflite
