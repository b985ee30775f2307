/* SPDX-License-Identifier: Apache-2.0
 *
 * Arm's semihosting (Semihosting for AArch32 and AArch64, 2.0), which RISC-V took over with another breakpoint;
 * Xtensa's simulator calls (SIMCALL of the ISA reference manual, numbered as in QEMU's xtensa-semi.c); POSIX. */
#include "line.h"

#if defined(__arm__) || defined(__riscv)

enum { SYS_OPEN = 0x01, SYS_WRITE = 0x05, SYS_READ = 0x06 };
enum { MODE_READ = 1, MODE_WRITE = 5 }; /* "rb", "wb" */

static uintptr_t handles[2];

static uintptr_t host(uintptr_t what, const uintptr_t *arguments) {
#ifdef __arm__
    register uintptr_t answer __asm("r0") = what;
    register const uintptr_t *block __asm("r1") = arguments;
    __asm volatile("bkpt 0xab" : "+r"(answer) : "r"(block) : "memory");
#else
    register uintptr_t answer __asm("a0") = what;
    register const uintptr_t *block __asm("a1") = arguments;
    __asm volatile(".option push\n\t.option norvc\n\t.balign 16\n\t"
                   "slli x0, x0, 0x1f\n\tebreak\n\tsrai x0, x0, 7\n\t"
                   ".option pop"
                   : "+r"(answer)
                   : "r"(block)
                   : "memory");
#endif
    return answer;
}

static uintptr_t opened(const char *path, uintptr_t length, uintptr_t mode) {
    return host(SYS_OPEN, (uintptr_t[]){(uintptr_t)path, mode, length});
}

void line_open(void) {
    handles[LINE_IN] = opened("/dev/stdin", 10, MODE_READ);
    handles[LINE_OUT] = opened("/dev/stdout", 11, MODE_WRITE);
}

/* Bytes that were read or written. */
static uint32_t moved(int which, void *data, uint32_t bytes) {
    uintptr_t what = which == LINE_IN ? SYS_READ : SYS_WRITE;
    return bytes - (uint32_t)host(what, (uintptr_t[]){handles[which], (uintptr_t)data, bytes});
}

#elif defined(__XTENSA__)

enum { SYS_READ = 3, SYS_WRITE = 4 };

void line_open(void) {
}

static uint32_t moved(int which, void *data, uint32_t bytes) {
    register uint32_t what __asm("a2") = which == LINE_IN ? SYS_READ : SYS_WRITE;
    register uint32_t error __asm("a3") = (uint32_t)which;
    register void *from __asm("a4") = data;
    register uint32_t count __asm("a5") = bytes;
    __asm volatile("simcall" : "+r"(what), "+r"(error) : "r"(from), "r"(count) : "memory");
    return error == 0 ? what : 0;
}

#else
#include <unistd.h>

void line_open(void) {
}

static uint32_t moved(int which, void *data, uint32_t bytes) {
    ssize_t count = which == LINE_IN ? read(LINE_IN, data, bytes) : write(LINE_OUT, data, bytes);
    return count > 0 ? (uint32_t)count : 0;
}
#endif

static int move(int which, uint8_t *data, uint32_t bytes) {
    for (uint32_t done = 0, now; done < bytes; done += now)
        if ((now = moved(which, data + done, bytes - done)) == 0)
            return 0;
    return 1;
}

int line_read(void *data, uint32_t bytes) {
    return move(LINE_IN, data, bytes);
}

void line_write(const void *data, uint32_t bytes) {
    (void)move(LINE_OUT, (uint8_t *)(uintptr_t)data, bytes);
}
