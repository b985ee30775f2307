/* SPDX-License-Identifier: Apache-2.0
 *
 * Many engines in one program; programs.py fills in what is between slashes. Answers, after one byte 0xCA, of each
 * engine and each vector with its status (u8) and FNV-1a of its outputs (u32). The inputs are refilled before each
 * run; every second vector runs operator by operator, but of models with IF or WHILE. */
#include <string.h>

#include "engine.h"
#include "line.h"
#include "port.h"

enum { START = 0xCA, VECTORS = 3, WRONG_SIZE = 100 };

#define DECLARE(e)                                                                                                     \
    const engine_info_t *e##_info(void);                                                                               \
    engine_status_t e##_init(void);                                                                                    \
    void *e##_input(unsigned, size_t *);                                                                               \
    const void *e##_output(unsigned, size_t *);                                                                        \
    engine_status_t e##_invoke(void);                                                                                  \
    engine_status_t e##_invoke_op(unsigned);
#define ENGINE(e, v, stepwise)                                                                                         \
    { v, sizeof v, stepwise, e##_info, e##_init, e##_input, e##_output, e##_invoke, e##_invoke_op }

/* EXTERN */
/* INPUTS */
static const struct {
    const uint8_t *inputs;
    size_t bytes;
    int stepwise;
    const engine_info_t *(*info)(void);
    engine_status_t (*init)(void);
    void *(*input)(unsigned, size_t *);
    const void *(*output)(unsigned, size_t *);
    engine_status_t (*invoke)(void);
    engine_status_t (*invoke_op)(unsigned);
} engines[] = {
    /* TABLE */
};

static void answer(int status, uint32_t hash) {
    uint8_t content[5] = {(uint8_t)status};
    memcpy(content + 1, &hash, sizeof hash);
    line_write(content, sizeof content);
}

int main(void) {
    const uint8_t start = START;
    port_init();
    line_open();
    line_write(&start, 1);
    for (unsigned number = 0; number < sizeof engines / sizeof engines[0]; number++) {
        const uint8_t *x = engines[number].inputs;
        int made = engines[number].init();
        for (int vector = 0; vector < VECTORS; vector++) {
            int status = made;
            uint32_t hash = 2166136261u;
            size_t bytes;
            for (unsigned i = 0; status == 0 && i < engines[number].info()->inputs; i++) {
                void *input = engines[number].input(i, &bytes);
                memcpy(input, x, bytes);
                x += bytes;
            }
            int whole = vector % 2 == 0 || !engines[number].stepwise;
            if (whole)
                status = status ? status : (int)engines[number].invoke();
            for (unsigned op = 0; !whole && status == 0 && op < engines[number].info()->ops; op++)
                status = (int)engines[number].invoke_op(op);
            for (unsigned i = 0; status == 0 && i < engines[number].info()->outputs; i++) {
                const uint8_t *y = engines[number].output(i, &bytes);
                for (size_t j = 0; j < bytes; j++)
                    hash = (hash ^ y[j]) * 16777619u;
            }
            if (status == 0 && vector == VECTORS - 1 && x != engines[number].inputs + engines[number].bytes)
                status = WRONG_SIZE;
            answer(status, hash);
        }
    }
    for (;;) {
#ifdef HARNESS_HEAP
        return 0;
#endif
    }
}
