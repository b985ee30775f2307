// SPDX-License-Identifier: Apache-2.0
//
// TFLM's interpreter API over our own small interpreter: no heap, no virtual calls, no floating point.
//
// The arena holds, from its start, the activations (while preparing: the planner's table), and from its end downwards
// what lives as long as the interpreter: nodes, kernel parameters, requantization multipliers, the input and output
// tensors. gen/compiler/engines/tflm_arena.py computes its exact size.
#ifndef TENSORFLOW_LITE_MICRO_MICRO_INTERPRETER_H_
#define TENSORFLOW_LITE_MICRO_MICRO_INTERPRETER_H_

#include <stddef.h>
#include <stdint.h>

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/micro_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

#define TFLITE_SCHEMA_VERSION (3)

// Not upstream's: this interpreter has failure(), InvokeOperator() and operator_output().
#define TFLM_STEPWISE 1

namespace tflm {

// Why AllocateTensors() failed; the values are engine_status_t's.
enum class Failure : uint32_t { kNone = 0, kArenaTooSmall = 1, kBadModel = 2, kUnsupported = 3 };

// Which operator comes next, and how often one before that may still come.
struct Flow {
    static constexpr uint32_t kNowhere = 0xFFFFFFFF, kMostRounds = 1u << 16;
    uint32_t next, rounds;
};

struct Node;
struct Preparation;
struct State;
struct Variable;

} // namespace tflm

namespace tflite {

class MicroInterpreter {
  public:
    // All three must outlive the interpreter. The usable arena is the part that is aligned to 16 bytes.
    MicroInterpreter(const Model *model, const MicroOpResolver &resolver, uint8_t *arena, size_t arena_bytes);

    // Plans the activations and prepares every operator. Call it once.
    TfLiteStatus AllocateTensors();
    // kTfLiteError too where loops of the model together go on for more than Flow::kMostRounds.
    TfLiteStatus Invoke();
    // Variables become what they were after AllocateTensors().
    TfLiteStatus Reset();

    // nullptr where there is no such tensor or AllocateTensors() has not succeeded.
    TfLiteTensor *input(size_t index);
    TfLiteTensor *output(size_t index);
    size_t inputs_size() const {
        return inputs_;
    }
    size_t outputs_size() const {
        return outputs_;
    }

    // The smallest arena with which AllocateTensors() succeeds; 0 before it has.
    size_t arena_used_bytes() const {
        return used_;
    }
    TfLiteStatus initialization_status() const {
        return failure_ == tflm::Failure::kNone ? kTfLiteOk : kTfLiteError;
    }

    // Not upstream's.
    tflm::Failure failure() const {
        return failure_;
    }
    size_t operators_size() const {
        return operators_;
    }
    // Runs operator index alone. Operator 0, and then next_operator() until there is none of that number, are one
    // Invoke().
    TfLiteStatus InvokeOperator(size_t index);
    size_t next_operator() const {
        return flow_.next;
    }
    // What operator index writes, nullptr where there is no such operator.
    const void *operator_output(size_t index, size_t *bytes) const;

  private:
    tflm::Failure Prepare();
    tflm::Failure PrepareOperators(tflm::Preparation &p);
    tflm::Failure PrepareTensors(tflm::Preparation &p);

    const Model *model_;
    const MicroOpResolver &resolver_;
    uint8_t *arena_;
    size_t arena_bytes_;
    size_t used_ = 0;
    tflm::Node *nodes_ = nullptr;
    TfLiteTensor *tensors_ = nullptr;
    const tflm::State *state_ = nullptr; // of models with variables
    tflm::Variable *variables_ = nullptr;
    uint32_t operators_ = 0, inputs_ = 0, outputs_ = 0, variable_count_ = 0;
    tflm::Flow flow_ = {0, tflm::Flow::kMostRounds};
    tflm::Failure failure_ = tflm::Failure::kNone;
};

} // namespace tflite
#endif
