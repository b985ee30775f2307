// SPDX-License-Identifier: Apache-2.0
//
// What an operator (ops/<operator>.cc) provides and what it is given while it is prepared.
#ifndef TFLM_OPERATOR_H
#define TFLM_OPERATOR_H

#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tflm/flatbuffer.h"

namespace tflm {

constexpr uint32_t kAlignment = 16;
constexpr unsigned kSlots = 3; // inputs that are loaded for every operator

inline uint32_t aligned(uint32_t bytes, uint32_t alignment) {
    return (bytes + alignment - 1) & ~(alignment - 1);
}

// One operator ready to run: invoke(node) calls the kernel on x and y.
struct Node {
    void (*invoke)(const Node &node);
    const void *op; // the kernel's parameters
    const void *x;
    void *y;
};

// What a tensor is; in an operator's slots, what it may be, with kConstant: and must be in the model.
enum Kind : uint16_t {
    kAbsent = 1,
    kInt8 = 2,         // with one scale and zero point
    kInt8Channels = 4, // with several
    kInt32 = 8,
    kInt64 = 16,
    kFloat32 = 32,
    kOther = 64,
    kConstant = 128,
    kUInt8 = 256, // with one scale and zero point
};

constexpr uint16_t kAnyTensor = static_cast<uint16_t>(~kConstant); // and, as output, any number of them

struct Tensor {
    Kind kind;
    bool constant;
    bool variable; // keeps its values from one Invoke() to the next
    int32_t zero_point;
    uint32_t elements, bytes;
    uint32_t rank, scale_count;
    uint8_t *data;          // in the model (constant) or in the arena
    const uint8_t *first;   // a variable's first value in the model, nullptr where it has none
    const int32_t *dims;    // rank sizes, outermost first
    const uint32_t *scales; // scale_count bit patterns, see fixed_point.h

    uint32_t scale() const {
        return scale_count == 0 ? 0 : scales[0];
    }
};

// One tensor's place among the activations, while preparing.
struct Placement {
    uint32_t bytes;       // 0: constant, not used, or shares another tensor's memory
    uint32_t offset;      // in the arena; kUnplaced before it is known; of a shared one: that tensor's index
    uint16_t first, last; // operators from its computation to its last use; first is kShared where memory is shared
};
constexpr uint32_t kUnplaced = 0xFFFFFFFF;
constexpr uint16_t kShared = 0xFFFF;

// The model and the arena, while preparing.
struct Preparation {
    Bytes model, codes, buffers, tensors, inputs, outputs, operators;
    Node *nodes; // an operator each
    Flow *flow;
    Placement *placements; // at the arena's start
    uint8_t *arena;
    uint32_t head, tail; // free between them

    // nullptr when the arena is full. Aligned for pointers.
    void *allocate(uint32_t bytes);
    // kNone, or kBadModel, kUnsupported. Index -1 gives kAbsent.
    Failure load(int32_t index, Tensor *tensor) const;
    int32_t builtin(Bytes op) const;
    Bytes custom(Bytes op) const; // its name where it is a custom operator
};

// 0 for a tensor that can't be handled. table is the model's description of it.
uint32_t tensor_bytes(Bytes table);

// Lifetimes and offsets of all activations: largest first, each at the lowest offset that is free while it lives.
// *bytes: what they take together.
Failure place_activations(const Preparation &p, uint32_t *bytes);

// What a reset does to a variable: it becomes a copy of its first value, or where it has none, all fill.
struct Variable {
    void *data;
    const void *first;
    uint32_t bytes, fill;
};

// What the interpreter does with variables, for operators that have such.
struct State {
    // Lists those that operators use, in the arena.
    Failure (*prepare)(Preparation &p, Variable **variables, uint32_t *count);
    void (*reset)(const Variable *variables, uint32_t count);
};
extern const State kState;

// Everything that an operator's prepare function reads, and its node, which it completes.
//
// Checked here is what a wrong model could break: memory, and what the kernels leave undefined. A model whose numbers
// only make little sense is refused by gen/ops when the image is generated.
struct Context {
    Preparation &p;
    Bytes options, inputs;
    Tensor in[kSlots], out;
    Node *node;

    // A copy of the kernel's parameters in the arena completes the node.
    Failure commit(void (*invoke)(const Node &), const void *op, uint32_t bytes);
    template <typename Op> Failure commit(void (*invoke)(const Node &), const Op &op) {
        return commit(invoke, &op, sizeof op);
    }
    // Field id of the options, or absent where the model has no options at all.
    int32_t option(unsigned id, int32_t absent) const {
        return options == nullptr ? absent : integer(options, id, 0);
    }
    int8_t byte_option(unsigned id) const {
        return byte(options, id, 0);
    }
    const int32_t *bias() const {
        return in[2].kind == kAbsent ? nullptr : reinterpret_cast<const int32_t *>(in[2].data);
    }
    // Multipliers of in[0] scale * in[1] scale / out scale: one, or one for each output channel. Checks the bias in
    // in[2].
    Failure multipliers(int32_t channels, const int32_t **multiplier, const int8_t **shift);
};

struct Operator {
    uint8_t builtin;
    uint16_t slots[kSlots], output; // sums of Kind
    Failure (*prepare)(Context &c);
    const State *state; // &kState where it may have variables
    const char *custom; // of a custom operator: what the model calls it, and how long that is
    uint32_t custom_bytes;
};

// Output range under a fused activation, by its number in the schema, of a tensor's scale and zero point.
enum Activation : int8_t { kActNone = 0, kActRelu = 1, kActReluN1To1 = 2, kActRelu6 = 3 };
Failure activation_range(int8_t activation, const Tensor &tensor, int16_t *act_min, int16_t *act_max);

// Padding before the first element of a window along one axis. false where out is not the size that comes out, or a
// number does not fit a kernel's uint16_t. padding is the schema's: 0 SAME, 1 VALID.
bool window(int8_t padding, int32_t size, int32_t kernel, int32_t stride, int32_t dilation, int32_t out,
            uint16_t *before);

// Four dimensions that fit a kernel's uint16_t.
bool is_image(const Tensor &tensor);
bool same_shape(const Tensor &a, const Tensor &b);

} // namespace tflm
#endif
