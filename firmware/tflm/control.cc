// SPDX-License-Identifier: Apache-2.0
//
// IF and WHILE, of which gen/model/rewrites/control.py has made one list with what they call: operators with options of
// its own say where to go on, those without copy bytes. Linked where a model has such.
#include "tflm/prepared.h"

namespace tflm {
namespace {

enum Option { kGoOnAt = 0, kConditional = 1 };

struct Jump {
    Flow *flow;
    uint32_t to;
};

void go_on(const Node &node) {
    const Jump &jump = *static_cast<const Jump *>(node.op);
    jump.flow->next = jump.to;
}

void go_on_unless(const Node &node) {
    if (*static_cast<const uint8_t *>(node.x) == 0) {
        go_on(node);
    }
}

// Every way back is taken here, so that an Invoke() ends whatever the model is.
void go_back(const Node &node) {
    Flow *flow = static_cast<const Jump *>(node.op)->flow;
    if (flow->rounds == 0) {
        flow->next = Flow::kNowhere;
        return;
    }
    flow->rounds--;
    go_on(node);
}

Failure prepare(Context &c) {
    if (c.options == nullptr) {
        return prepare_from_model(c);
    }
    const bool conditional = c.option(kConditional, 0) != 0;
    const uint32_t at = static_cast<uint32_t>(c.node - c.p.nodes), to = static_cast<uint32_t>(c.option(kGoOnAt, 0));
    const bool has_condition = c.in[0].kind != kAbsent && c.in[0].bytes == 1;
    Jump *jump = static_cast<Jump *>(c.p.allocate(sizeof(Jump)));
    if (jump == nullptr) {
        return Failure::kArenaTooSmall;
    }
    if (to > length(c.p.operators) || (conditional && (to <= at || !has_condition))) {
        return Failure::kBadModel;
    }
    *jump = {c.p.flow, to};
    *c.node = {conditional ? go_on_unless : to > at ? go_on : go_back, jump, c.in[0].data, nullptr};
    return Failure::kNone;
}

} // namespace

const Operator kIf = {
    tflite::BuiltinOperator_IF, {kAnyTensor, kAnyTensor, kAnyTensor}, kAnyTensor, prepare, nullptr, nullptr, 0};
const Operator kWhile = {
    tflite::BuiltinOperator_WHILE, {kAnyTensor, kAnyTensor, kAnyTensor}, kAnyTensor, prepare, nullptr, nullptr, 0};

} // namespace tflm
