/* SPDX-License-Identifier: Apache-2.0
 *
 * An engine without a model. Like a real one it spoils its inputs; and it counts, so that a run too many shows. */
#include "engine.h"

enum { INPUT_0 = 40, INPUT_1 = 600, OUTPUT = INPUT_0 + 1, OPS = 2 };

static uint8_t input_0[INPUT_0], input_1[INPUT_1], output[OUTPUT], op_output[OPS];
uint64_t probe_ticks; /* what the engine has taken so far */
uint8_t probe_runs;   /* how often the model was run */

const engine_info_t *engine_info(void) {
    static const engine_info_t info = {
        {0xAB, 0, 0xCD}, "a name of thirty-two bytes, here", "probe", 4096, 4000, 2, 1, OPS};
    return &info;
}

engine_status_t engine_init(void) {
    probe_runs = 0;
    return ENGINE_OK;
}

void *engine_input(unsigned index, size_t *bytes) {
    if (bytes != NULL)
        *bytes = index == 0 ? INPUT_0 : INPUT_1;
    return index == 0 ? input_0 : input_1;
}

const void *engine_output(unsigned index, size_t *bytes) {
    (void)index;
    *bytes = OUTPUT;
    return output;
}

engine_status_t engine_invoke(void) {
    for (unsigned i = 0; i < INPUT_0; i++) {
        output[i] = (uint8_t)(3 * input_0[i] + input_1[i]);
        input_0[i] ^= 0x5A;
    }
    output[INPUT_0] = ++probe_runs;
    probe_ticks += 1000;
    return ENGINE_OK;
}

engine_status_t engine_reset(void) {
    return ENGINE_OK;
}

engine_status_t engine_invoke_op(unsigned op) {
    if (op >= OPS)
        return ENGINE_BAD_INDEX;
    op_output[op] += (uint8_t)(op + 1);
    probe_ticks += 10;
    return ENGINE_OK;
}

const void *engine_op_output(unsigned op, size_t *bytes) {
    *bytes = 1;
    return &op_output[op];
}
