/* SPDX-License-Identifier: Apache-2.0
 *
 * What Xtensa ports share beside bare.h. */
#ifndef XTENSA_H
#define XTENSA_H

#include "bare.h"

static inline uint32_t port_ccount(void) {
    uint32_t count;
    __asm volatile("rsr %0, ccount" : "=a"(count));
    return count;
}

#endif
