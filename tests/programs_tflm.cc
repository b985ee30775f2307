// SPDX-License-Identifier: Apache-2.0
//
// The interpreter with many models in one program; programs.py fills in what is between slashes. Answers as
// programs_aot.c does. An arena has exactly the bytes that gen/compiler/engines/tflm_arena.py computes: on the host in
// a block of its own, on a device in a pool, in which a byte behind it is watched.
#include <string.h>

#include "line.h"
#include "nn_select.h"
#include "port.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

/* VARIABLES */
/* EXTERN */
namespace {

constexpr int kVectors = 3;
enum { START = 0xCA, FILL = 0xA5, REFUSED = 10, FAILED = 50, GUARD_BROKEN = 99, WRONG_SIZE = 100, WRONG_ARENA = 101 };

struct Model {
    const uint8_t *inputs;
    size_t input_bytes;
    const unsigned char *content;
    size_t arena_bytes;
    /* KERNELS */
};

#define MODEL(v, m, bytes, ...)                                                                                        \
    { v, sizeof v, m, bytes, __VA_ARGS__ }
/* INPUTS */
const Model models[] = {/* TABLE */};

#ifdef HARNESS_HEAP
#include <stdlib.h>
uint8_t *arena(size_t bytes) {
    void *block = nullptr;
    return posix_memalign(&block, 16, bytes) == 0 ? static_cast<uint8_t *>(block) : nullptr;
}
bool intact(const uint8_t *, size_t) {
    return true;
}
void release(uint8_t *block) {
    free(block);
}
#else
alignas(16) uint8_t pool[0x40000];
uint8_t *arena(size_t bytes) {
    memset(pool, FILL, sizeof pool);
    return bytes < sizeof pool ? pool : nullptr;
}
bool intact(const uint8_t *block, size_t bytes) {
    return block[bytes] == FILL;
}
void release(uint8_t *) {
}
#endif

void answer(int status, uint32_t hash) {
    uint8_t content[5] = {static_cast<uint8_t>(status)};
    memcpy(content + 1, &hash, sizeof hash);
    line_write(content, sizeof content);
}

int run(tflite::MicroInterpreter &interpreter, const uint8_t *&x, int vector, uint32_t *hash) {
    for (size_t i = 0; i < interpreter.inputs_size(); i++) {
        memcpy(interpreter.input(i)->data.data, x, interpreter.input(i)->bytes);
        x += interpreter.input(i)->bytes;
    }
    if (vector % 2 == 0 && interpreter.Invoke() != kTfLiteOk) {
        return FAILED;
    }
    for (size_t op = 0; vector % 2 == 1 && op < interpreter.operators_size(); op = interpreter.next_operator()) {
        if (interpreter.InvokeOperator(op) != kTfLiteOk) {
            return FAILED;
        }
    }
    for (size_t i = 0; i < interpreter.outputs_size(); i++) {
        const TfLiteTensor *y = interpreter.output(i);
        for (size_t j = 0; j < y->bytes; j++) {
            *hash = (*hash ^ y->data.uint8[j]) * 16777619u;
        }
    }
    return 0;
}

} // namespace

int main() {
    tflite::MicroMutableOpResolver</* OPERATORS */> resolver;
    /* RESOLVER */
    const uint8_t start = START;
    port_init();
    line_open();
    line_write(&start, 1);
    for (const Model &model : models) {
        /* CHOICE */
        const uint8_t *x = model.inputs;
        uint8_t *memory = arena(model.arena_bytes);
        tflite::MicroInterpreter interpreter(tflite::GetModel(model.content), resolver, memory, model.arena_bytes);
        const bool made = interpreter.AllocateTensors() == kTfLiteOk;
        for (int vector = 0; vector < kVectors; vector++) {
            uint32_t hash = 2166136261u;
            int status = made ? run(interpreter, x, vector, &hash) : REFUSED + static_cast<int>(interpreter.failure());
            if (status == 0 && !intact(memory, model.arena_bytes)) {
                status = GUARD_BROKEN;
            }
            if (status == 0 && interpreter.arena_used_bytes() != model.arena_bytes) {
                status = WRONG_ARENA;
            }
            if (status == 0 && vector == kVectors - 1 && x != model.inputs + model.input_bytes) {
                status = WRONG_SIZE;
            }
            answer(status, hash);
        }
        release(memory);
    }
#ifndef HARNESS_HEAP
    for (;;) {
    }
#endif
    return 0;
}
