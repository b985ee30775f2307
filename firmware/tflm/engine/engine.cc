// SPDX-License-Identifier: Apache-2.0
//
// engine.h over TFLM's API: compiles against this tree's interpreter and against upstream's, which can't run single
// operators. It has a folder of its own because a compiler looks for "tensorflow/..." beside the including file first.
// The generated files are engine_model.h, engine_model.c and engine_resolver.cc.
#include "engine.h"
#include "engine_model.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

const tflite::MicroOpResolver *engine_resolver();

namespace {

// Tells this placement new, which needs no C++ library, from the standard one.
struct InPlace {};

alignas(16) uint8_t arena[ENGINE_ARENA_BYTES];
alignas(tflite::MicroInterpreter) uint8_t memory[sizeof(tflite::MicroInterpreter)];
tflite::MicroInterpreter *interpreter; // in memory, once it has been made
bool ready;

#ifdef TFLM_STEPWISE
constexpr uint16_t kOps = ENGINE_MODEL_OPS;
constexpr engine_status_t kInvokeFailed = ENGINE_ENDLESS;
static_assert(tflm::Flow::kMostRounds == ENGINE_MOST_ROUNDS, "engine.h");
#else
constexpr uint16_t kOps = 0;
constexpr engine_status_t kInvokeFailed = ENGINE_UNSUPPORTED_OP;
#endif

engine_info_t info = {ENGINE_MODEL_SHA256, ENGINE_MODEL_NAME,    "tflm", sizeof arena, 0,
                      ENGINE_MODEL_INPUTS, ENGINE_MODEL_OUTPUTS, kOps};

engine_status_t reason() {
#ifdef TFLM_STEPWISE
    static_assert(static_cast<int>(tflm::Failure::kArenaTooSmall) == ENGINE_ARENA_TOO_SMALL, "engine.h");
    static_assert(static_cast<int>(tflm::Failure::kBadModel) == ENGINE_BAD_MODEL, "engine.h");
    static_assert(static_cast<int>(tflm::Failure::kUnsupported) == ENGINE_UNSUPPORTED_OP, "engine.h");
    return static_cast<engine_status_t>(interpreter->failure());
#else
    return ENGINE_ARENA_TOO_SMALL; // upstream does not say; with a generated resolver nothing else is likely
#endif
}

void *contents(TfLiteTensor *tensor, size_t *bytes) {
    if (tensor == nullptr) {
        return nullptr;
    }
    if (bytes != nullptr) {
        *bytes = tensor->bytes;
    }
    return tensor->data.data;
}

} // namespace

inline void *operator new(size_t, void *at, InPlace) noexcept {
    return at;
}

const engine_info_t *engine_info(void) {
    return &info;
}

engine_status_t engine_init(void) {
    const tflite::Model *model = tflite::GetModel(engine_model_data);
    const tflite::MicroOpResolver *resolver = engine_resolver();
    ready = false;
    info.arena_used = 0;
    if (model->version() != TFLITE_SCHEMA_VERSION) {
        return ENGINE_BAD_MODEL;
    }
    if (resolver == nullptr) {
        return ENGINE_UNSUPPORTED_OP;
    }
    if (interpreter != nullptr) {
        interpreter->~MicroInterpreter();
    }
    interpreter = new (memory, InPlace()) tflite::MicroInterpreter(model, *resolver, arena, sizeof arena);
    if (interpreter->AllocateTensors() != kTfLiteOk) {
        return reason();
    }
    ready = true;
    info.arena_used = static_cast<uint32_t>(interpreter->arena_used_bytes());
    return ENGINE_OK;
}

void *engine_input(unsigned index, size_t *bytes) {
    return ready && index < interpreter->inputs_size() ? contents(interpreter->input(index), bytes) : nullptr;
}

const void *engine_output(unsigned index, size_t *bytes) {
    return ready && index < interpreter->outputs_size() ? contents(interpreter->output(index), bytes) : nullptr;
}

engine_status_t engine_invoke(void) {
    if (!ready) {
        return ENGINE_NOT_READY;
    }
    return interpreter->Invoke() == kTfLiteOk ? ENGINE_OK : kInvokeFailed;
}

engine_status_t engine_reset(void) {
    if (!ready) {
        return ENGINE_NOT_READY;
    }
    return interpreter->Reset() == kTfLiteOk ? ENGINE_OK : ENGINE_UNSUPPORTED_OP;
}

#ifdef TFLM_STEPWISE

engine_status_t engine_invoke_op(unsigned op) {
    if (!ready) {
        return ENGINE_NOT_READY;
    }
    return interpreter->InvokeOperator(op) == kTfLiteOk ? ENGINE_OK : ENGINE_BAD_INDEX;
}

const void *engine_op_output(unsigned op, size_t *bytes) {
    size_t size = 0;
    const void *output = ready ? interpreter->operator_output(op, &size) : nullptr;
    if (output != nullptr && bytes != nullptr) {
        *bytes = size;
    }
    return output;
}

#else

engine_status_t engine_invoke_op(unsigned) {
    return ready ? ENGINE_BAD_INDEX : ENGINE_NOT_READY;
}

const void *engine_op_output(unsigned, size_t *) {
    return nullptr;
}

#endif
