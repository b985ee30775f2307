/* SPDX-License-Identifier: Apache-2.0
 *
 * Where assembly expects a field. Each folder with assembly has offsets.h, the one place of these numbers: its .S files
 * use them, and the C headers hold their structs against them. On a host pointers are larger and nothing reads them. */
#ifndef NN_OFFSET_H
#define NN_OFFSET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define NN_ASSERT static_assert
#else
#define NN_ASSERT _Static_assert
#endif

#if UINTPTR_MAX == 0xffffffffu
#define NN_FIELD_AT(type, field, offset)                                                                               \
    NN_ASSERT(offsetof(type, field) == (offset), "assembly reads " #type "." #field " at " #offset)
#define NN_SIZE_IS(type, bytes) NN_ASSERT(sizeof(type) == (bytes), "assembly takes " #type " to be " #bytes)
#else
#define NN_FIELD_AT(type, field, offset) NN_ASSERT((offset) >= 0, #offset)
#define NN_SIZE_IS(type, bytes) NN_ASSERT((bytes) > 0, #bytes)
#endif

#endif
