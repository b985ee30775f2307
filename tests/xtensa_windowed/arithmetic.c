/* SPDX-License-Identifier: Apache-2.0
 *
 * What firmware for CALL0 takes from libgcc, which is for CALL0. */
#include <stdint.h>

int32_t __divsi3(int32_t a, int32_t b);
int32_t __modsi3(int32_t a, int32_t b);

int32_t __modsi3(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a - (uint32_t)__divsi3(a, b) * (uint32_t)b);
}
