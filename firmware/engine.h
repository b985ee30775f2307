/* SPDX-License-Identifier: Apache-2.0
 *
 * The C API of a generated model; C11, callable from C++. One model per image, no heap.
 * Every engine (tflm, aot) implements these functions and nothing above them knows which engine it is. */
#ifndef ENGINE_H
#define ENGINE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ENGINE_OK = 0,
    ENGINE_ARENA_TOO_SMALL = 1, /* arena_bytes in engine_info() is less than the model needs */
    ENGINE_BAD_MODEL = 2,       /* the model's data are damaged or of another schema version */
    ENGINE_UNSUPPORTED_OP = 3,  /* an operator, or a variant of one, that this image does not carry */
    ENGINE_NOT_READY = 4,       /* engine_init() has not succeeded */
    ENGINE_BAD_INDEX = 5,       /* no such operator */
    ENGINE_ENDLESS = 6          /* loops of the model went on for more than ENGINE_MOST_ROUNDS */
} engine_status_t;

/* Of all loops (WHILE) together, in one engine_invoke(). */
#define ENGINE_MOST_ROUNDS 65536

typedef struct {
    uint8_t model_sha256[32]; /* of the .tflite that the image was generated from */
    const char *name;         /* model name, at most 31 bytes and a NUL */
    const char *engine;       /* "tflm" or "aot" */
    uint32_t arena_bytes;     /* size of the static arena */
    uint32_t arena_used;      /* of it in use after engine_init() */
    uint16_t inputs, outputs; /* how many tensors each */
    uint16_t ops;             /* operators that engine_invoke_op() can run, 0 when it can't */
} engine_info_t;

/* Valid before engine_init(), when arena_used is 0. */
const engine_info_t *engine_info(void);

/* Prepares the model. Must be called once before anything below; calling it again starts afresh. */
engine_status_t engine_init(void);

/* The tensor's bytes and, where bytes is not NULL, how many; NULL where there is no such tensor. An input may be
 * overwritten by engine_invoke(): fill every input before each call. An output is valid until the next write. */
void *engine_input(unsigned index, size_t *bytes);
const void *engine_output(unsigned index, size_t *bytes);

engine_status_t engine_invoke(void);

/* Of a model that keeps something from one inference to the next, such as a wake word's: forget it, as engine_init()
 * did. Nothing else changes; a model without state has nothing to forget. */
engine_status_t engine_reset(void);

/* Runs operator op alone, for a profile or to explain a mismatch: 0, 1, ... in order are one engine_invoke(), of a
 * model with IF or WHILE those that these lead to. */
engine_status_t engine_invoke_op(unsigned op);

/* What operator op has just written; valid until the next engine_invoke_op(). */
const void *engine_op_output(unsigned op, size_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
