/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether assembly keeps what its callers rely on. The linker's --wrap puts a function of <isa>.inc around each
 * assembly function: it keeps the registers that a callee must preserve, fills them with patterns, calls, keeps what
 * the callee left, puts the caller's back and ends in harness_abi_check(). All of that is in static memory, so that the
 * callee finds its own arguments on the stack, and a stack pointer that it has moved does no harm here.
 *
 * Every call takes the same number of instructions, which harness.c measures once and harness.py subtracts. */
#ifndef HARNESS_ABI_H
#define HARNESS_ABI_H

#include <stdint.h>

/* Words: registers filled with patterns, and after those the ones that must be what they were; harness.py has their
 * names (REGISTERS). */
#if defined(__thumb__) && defined(__ARM_FP)
enum { HARNESS_ABI_FILLED = 24, HARNESS_ABI_WORDS = 25 }; /* r4-r11 d8-d15, sp */
#elif defined(__thumb__)
enum { HARNESS_ABI_FILLED = 8, HARNESS_ABI_WORDS = 9 }; /* r4-r11, sp */
#elif defined(__riscv)
enum { HARNESS_ABI_FILLED = 12, HARNESS_ABI_WORDS = 15 }; /* s0-s11, sp gp tp */
#elif defined(__XTENSA_WINDOWED_ABI__)
enum { HARNESS_ABI_FILLED = 6, HARNESS_ABI_WORDS = 8 }; /* a2-a7, a1 a0 */
#elif defined(__XTENSA__)
enum { HARNESS_ABI_FILLED = 4, HARNESS_ABI_WORDS = 5 }; /* a12-a15, a1 */
#else
#error "no trampoline for this machine"
#endif

/* For one kernel: calls of assembly, and 0 or 1 + 256 * function + register of the first word that was not kept. */
extern uint32_t harness_abi_calls, harness_abi_violation;

/* Functions that do nothing: what a trampoline takes is the difference between calls of both. */
typedef void harness_nothing_fn(void);
harness_nothing_fn harness_nothing, harness_unchecked_nothing;

#endif
