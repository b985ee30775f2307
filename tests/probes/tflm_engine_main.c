/* SPDX-License-Identifier: Apache-2.0
 *
 * A model's engine.h on stdin and stdout, for tests/unit/compiler/test_tflm.py: prints engine_init()'s status and the
 * arena in use, then for each set of inputs the outputs of engine_invoke(), or with the argument stepwise, of every
 * engine_invoke_op() in order; with the argument reset engine_reset() comes before each. */
#include <stdio.h>
#include <string.h>

#include "engine.h"

static int failed(const char *what) {
    fprintf(stderr, "%s\n", what);
    return 1;
}

static int read_inputs(void) {
    size_t bytes = 0;
    for (unsigned i = 0; i < engine_info()->inputs; i++) {
        void *input = engine_input(i, &bytes);
        if (fread(input, 1, bytes, stdin) != bytes)
            return 0;
    }
    return 1;
}

static void write_outputs(void) {
    size_t bytes = 0;
    for (unsigned i = 0; i < engine_info()->outputs; i++) {
        const void *output = engine_output(i, &bytes);
        fwrite(output, 1, bytes, stdout);
    }
}

int main(int argc, char **argv) {
    const engine_info_t *info = engine_info();
    const int resets = argc > 1 && strcmp(argv[1], "reset") == 0;
    const int stepwise = argc > 1 && strcmp(argv[1], "stepwise") == 0;
    size_t bytes = 0;
    if (info->arena_used != 0 || engine_input(0, NULL) != NULL || engine_output(0, NULL) != NULL ||
        engine_invoke() != ENGINE_NOT_READY || engine_reset() != ENGINE_NOT_READY ||
        engine_invoke_op(0) != ENGINE_NOT_READY || engine_op_output(0, &bytes))
        return failed("ready before engine_init()");
    int status = engine_init();
    if (status == ENGINE_OK)
        status = engine_init(); /* starts afresh */
    printf("%d %lu %s\n", status, (unsigned long)info->arena_used, info->name);
    if (status != ENGINE_OK)
        return engine_invoke() == ENGINE_NOT_READY ? 0 : failed("invoked without engine_init()");
    if (engine_invoke_op(info->ops) != ENGINE_BAD_INDEX || engine_op_output(info->ops, &bytes) != NULL ||
        engine_input(info->inputs, NULL) != NULL || engine_output(info->outputs, NULL) != NULL)
        return failed("accepted a wrong index");
    while (read_inputs()) {
        if (resets && engine_reset() != ENGINE_OK)
            return failed("engine_reset() failed");
        if (!stepwise && engine_invoke() != ENGINE_OK)
            return failed("engine_invoke() failed");
        for (unsigned op = 0; stepwise && op < info->ops; op++)
            if (engine_invoke_op(op) != ENGINE_OK || engine_op_output(op, &bytes) == NULL || bytes == 0)
                return failed("engine_invoke_op() failed");
        write_outputs();
    }
    return 0;
}
