/* SPDX-License-Identifier: Apache-2.0
 *
 * Vector times matrix, eight outputs at a time: each input is loaded once for them.
 * r0 x, r1 weights, r2-r9 sums, r10 input, r11 weight, r12 turns left, lr sums' address. */
#include "cortex_m.inc"

    .macro TAP
    ldrsb r10, [r0], #1
    .irp acc, r2, r3, r4, r5, r6, r7, r8, r9
    ldrsb r11, [r1], #1
    mla \acc, r10, r11, \acc
    .endr
    .endm

    .set STEPS, 4
    .set STEP_BYTES, 68

/*yaml
  Name: nn_dot_columns_armv7m
  Signature: void nn_dot_columns_armv7m(const int8_t *x, const int8_t *weights, int32_t count, uint32_t *sums)
  Header: armv7m/block.h
  ABI: AAPCS
  Arguments:
    r0: x, read, count bytes
    r1: weights, read, 8 * count bytes
    r2: count, value, 1 or more
    r3: sums, write, 32 bytes
  Stack: 36 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_dot_columns_armv7m
    push {r4-r11, lr}
    mov lr, r3
    /* The chain begins with count mod 4, if that isn't 0. */
    adds r12, r2, #STEPS - 1
    lsr r12, #2
    rsbs r2, #0
    and r2, #STEPS - 1
    movs r3, #STEP_BYTES
    adr r11, .Lchain + 1
    mla r11, r2, r3, r11
    .irp acc, r2, r3, r4, r5, r6, r7, r8, r9
    movs \acc, #0
    .endr
    bx r11

    .align 2
.Lchain:
    .rept STEPS
    TAP
    .endr
.Lchain_end:
    .if (.Lchain_end - .Lchain) - STEPS * STEP_BYTES
    .error "STEP_BYTES is wrong"
    .endif
    subs r12, #1
    bne .Lchain
    stm lr, {r2-r9}
    pop {r4-r11, pc}
    NN_END nn_dot_columns_armv7m
