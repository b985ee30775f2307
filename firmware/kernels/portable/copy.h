/* SPDX-License-Identifier: Apache-2.0
 *
 * memcpy() and memset() of many bytes at once, where the core has instructions for that: libraries for small devices
 * move words or bytes one by one. */
#ifndef NN_PORTABLE_COPY_H
#define NN_PORTABLE_COPY_H

#include <stdint.h>
#include <string.h>

#if defined(__ARM_FEATURE_MVE)

static inline void nn_copy_bytes(void *to, const void *from, int32_t bytes) {
    if ((((uintptr_t)to | (uintptr_t)from) & 3) == 0 && bytes >= 64) {
        __asm__ volatile("dls lr, %[n]\n"
                         "1: vldmia %[from]!, {d0-d7}\n"
                         "vstmia %[to]!, {d0-d7}\n"
                         "le lr, 1b\n"
                         : [from] "+r"(from), [to] "+r"(to)
                         : [n] "r"(bytes / 64)
                         : "lr", "q0", "q1", "q2", "q3", "memory");
        bytes %= 64;
    }
    __asm__ volatile("wlstp.8 lr, %[bytes], 2f\n"
                     "1: vldrb.8 q0, [%[from]], #16\n"
                     "vstrb.8 q0, [%[to]], #16\n"
                     "letp lr, 1b\n"
                     "2:\n"
                     : [from] "+r"(from), [to] "+r"(to)
                     : [bytes] "r"(bytes)
                     : "lr", "q0", "memory");
}

static inline void nn_fill_bytes(void *to, int8_t value, int32_t bytes) {
    __asm__ volatile("vdup.8 q0, %[value]\n"
                     "wlstp.8 lr, %[bytes], 2f\n"
                     "1: vstrb.8 q0, [%[to]], #16\n"
                     "letp lr, 1b\n"
                     "2:\n"
                     : [to] "+r"(to)
                     : [value] "r"(value), [bytes] "r"(bytes)
                     : "lr", "q0", "memory");
}

#else

static inline void nn_copy_bytes(void *to, const void *from, int32_t bytes) {
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB >= 2
    if ((((uintptr_t)to | (uintptr_t)from) & 3) == 0 && bytes >= 32) {
        const uint8_t *const end = (const uint8_t *)from + (bytes & ~31);
        __asm__ volatile("1: ldmia %[from]!, {r3-r6, r8-r10, r12}\n"
                         "stmia %[to]!, {r3-r6, r8-r10, r12}\n"
                         "cmp %[from], %[end]\n"
                         "bne 1b\n"
                         : [from] "+r"(from), [to] "+r"(to)
                         : [end] "r"(end)
                         : "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r12", "cc", "memory");
        bytes &= 31;
        if (bytes == 0)
            return;
    }
#endif
    memcpy(to, from, (size_t)bytes);
}

static inline void nn_fill_bytes(void *to, int8_t value, int32_t bytes) {
    if (bytes > 0)
        memset(to, value, (size_t)bytes);
}

#endif
#endif
