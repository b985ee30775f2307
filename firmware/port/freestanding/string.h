/* SPDX-License-Identifier: Apache-2.0
 *
 * What our firmware uses of the C library, for compilers that bring none. Whatever it is, a compiler may call memcmp,
 * memcpy, memmove and memset. */
#ifndef FREESTANDING_STRING_H
#define FREESTANDING_STRING_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

int memcmp(const void *a, const void *b, size_t count);
void *memcpy(void *to, const void *from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int byte, size_t count);

#ifdef __cplusplus
}
#endif
#endif
