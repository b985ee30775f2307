// SPDX-License-Identifier: Apache-2.0
//
// The interpreter of firmware/tflm on the host, with every operator, for tests/unit/compiler/test_tflm.py. Compiled
// with -fno-access-control, so that a test can look at what the interpreter prepared.
//
//   probe model FILE ARENA_BYTES [SIZE ...] < inputs   prepares FILE, prints what it prepared (of every operator's
//                                                      parameters SIZE bytes), then runs it operator by operator on
//                                                      all the inputs and prints what each wrote
//   probe damaged < {uint32 bytes, content} ...        prepares and runs each that is_whole() lets through; prints of
//   each
//                                                      its failure(), 9 for one that it does not
//   probe fixed_point < triples of uint32              prints the results of fixed_point.h's functions
#include <stdio.h>
#include <stdlib.h>

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tflm/fixed_point.h"
#include "tflm/operator.h"

static void hex(const void *data, size_t bytes) {
    const uint8_t *at = static_cast<const uint8_t *>(data);
    for (size_t i = 0; i < bytes; i++) {
        printf("%02x", at[i]);
    }
}

static uint8_t *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == nullptr || fseek(file, 0, SEEK_END) != 0) {
        exit(2);
    }
    const size_t bytes = static_cast<size_t>(ftell(file));
    void *content = nullptr;
    rewind(file);
    if (posix_memalign(&content, 16, bytes) != 0 || fread(content, 1, bytes, file) != bytes) {
        exit(2);
    }
    fclose(file);
    return static_cast<uint8_t *>(content);
}

static bool read_inputs(tflite::MicroInterpreter &interpreter) {
    for (size_t i = 0; i < interpreter.inputs_size(); i++) {
        TfLiteTensor *input = interpreter.input(i);
        if (fread(input->data.data, 1, input->bytes, stdin) != input->bytes) {
            return false;
        }
    }
    return true;
}

static const tflite::MicroOpResolver *every_operator() {
    static tflite::MicroMutableOpResolver<128> resolver;
#define TFLM_PREPARED(name, builtin) resolver.Add##name();
#define TFLM_STATEFUL TFLM_PREPARED
#define TFLM_CUSTOM(name, code, state) resolver.Add##name();
#include "tflm/prepared_operators.inc"
#undef TFLM_PREPARED
#undef TFLM_STATEFUL
#undef TFLM_CUSTOM
    resolver.AddAveragePool2D();
    resolver.AddConv2D();
    resolver.AddDepthwiseConv2D();
    resolver.AddDequantize();
    resolver.AddFullyConnected();
    resolver.AddIf();
    resolver.AddMaxPool2D();
    resolver.AddPad();
    resolver.AddPadV2();
    resolver.AddQuantize();
    resolver.AddRelu();
    resolver.AddRelu6();
    resolver.AddReshape();
    resolver.AddWhile();
    return resolver.AddSoftmax() == kTfLiteOk && resolver.AddSoftmax() == kTfLiteError ? &resolver : nullptr;
}

static int run_model(const char *path, size_t arena_bytes, char **sizes, int count) {
    const tflite::MicroOpResolver *resolver = every_operator();
    if (resolver == nullptr) {
        return 3;
    }
    uint8_t *model = read_file(path);
    void *arena = nullptr;
    if (posix_memalign(&arena, 16, arena_bytes) != 0) {
        return 2;
    }
    tflite::MicroInterpreter interpreter(tflite::GetModel(model), *resolver, static_cast<uint8_t *>(arena),
                                         arena_bytes);
    const TfLiteStatus status = interpreter.AllocateTensors();
    printf("status %d %d %zu\n", status, static_cast<int>(interpreter.failure()), interpreter.arena_used_bytes());
    if (status == kTfLiteOk) {
        for (size_t i = 0; i < interpreter.inputs_size(); i++) {
            const TfLiteTensor *input = interpreter.input(i);
            printf("input %td %d\n", input->data.uint8 - static_cast<uint8_t *>(arena), input->type);
        }
        for (size_t i = 0; i < interpreter.outputs_size(); i++) {
            const TfLiteTensor *output = interpreter.output(i);
            printf("output %td %d\n", output->data.uint8 - static_cast<uint8_t *>(arena), output->type);
        }
        for (int i = 0; i < count; i++) {
            size_t bytes = 0;
            const void *y = interpreter.operator_output(static_cast<size_t>(i), &bytes);
            printf("op %td %zu ", static_cast<const uint8_t *>(y) - static_cast<uint8_t *>(arena), bytes);
            hex(interpreter.nodes_[i].op, static_cast<size_t>(atol(sizes[i])));
            printf("\n");
        }
        while (read_inputs(interpreter)) {
            for (size_t i = 0; i < interpreter.operators_size(); i++) {
                size_t bytes = 0;
                interpreter.InvokeOperator(i);
                const void *y = interpreter.operator_output(i, &bytes);
                printf("ran ");
                hex(y, bytes);
                printf("\n");
            }
        }
    }
    free(arena);
    free(model);
    return 0;
}

// The arena is a block of its own, filled with noise, and so is the model.
static int prepare_and_run(const uint8_t *model, size_t bytes, const tflite::MicroOpResolver &resolver) {
    constexpr size_t kArenaBytes = 1 << 18;
    constexpr int kNotWhole = 9;
    if (!tflm::is_whole(model, bytes)) {
        return kNotWhole;
    }
    void *arena = nullptr;
    if (posix_memalign(&arena, 16, kArenaBytes) != 0) {
        exit(2);
    }
    memset(arena, 0xA5, kArenaBytes);
    tflite::MicroInterpreter interpreter(tflite::GetModel(model), resolver, static_cast<uint8_t *>(arena), kArenaBytes);
    if (interpreter.AllocateTensors() == kTfLiteOk) {
        for (size_t i = 0; i < interpreter.inputs_size(); i++) {
            memset(interpreter.input(i)->data.data, 0x55, interpreter.input(i)->bytes);
        }
        interpreter.Invoke();
        for (size_t i = 0; i < interpreter.operators_size(); i++) {
            size_t size = 0;
            interpreter.InvokeOperator(i);
            const uint8_t *y = static_cast<const uint8_t *>(interpreter.operator_output(i, &size));
            volatile uint8_t last = y == nullptr ? 0 : y[size - 1]; // nothing, of what only says where to go on
            (void)last;
        }
    }
    free(arena);
    return static_cast<int>(interpreter.failure());
}

static int run_damaged() {
    const tflite::MicroOpResolver *resolver = every_operator();
    uint32_t bytes = 0;
    while (resolver != nullptr && fread(&bytes, sizeof bytes, 1, stdin) == 1) {
        void *model = nullptr;
        if (posix_memalign(&model, 16, bytes) != 0 || fread(model, 1, bytes, stdin) != bytes) {
            return 2;
        }
        printf("%d\n", prepare_and_run(static_cast<uint8_t *>(model), bytes, *resolver));
        fflush(stdout);
        free(model);
    }
    return 0;
}

static int run_fixed_point() {
    uint32_t t[3];
    while (fread(t, sizeof t, 1, stdin) == 1) {
        const tflm::Multiplier m = tflm::quantize(t[0], t[1], t[2]);
        printf("%d %d %d\n", m.value, m.shift, tflm::quotient(t[0], t[1]));
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc >= 4 && strcmp(argv[1], "model") == 0) {
        return run_model(argv[2], static_cast<size_t>(atol(argv[3])), argv + 4, argc - 4);
    }
    if (argc == 2 && strcmp(argv[1], "damaged") == 0) {
        return run_damaged();
    }
    return argc == 2 && strcmp(argv[1], "fixed_point") == 0 ? run_fixed_point() : 2;
}
