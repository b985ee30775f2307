/* SPDX-License-Identifier: Apache-2.0
 *
 * void nn_winograd_filter_dsp(const int8_t *filter, int32_t in_c, int32_t *stream): one channel's 3x3 x in_c weights in
 * the transform and the order of winograd.S; stream is where its words of a pair's stream begin.
 * r0 filter, r1 in_c, r2 position in the stream; r3-r11 taps of two inputs, r12 lr temporary. From one position to the
 * next: 4 * in_c bytes. */
#include "cortex_m.inc"

    .set WORDS_LEFT, 0
    .set FRAME, 4

    .macro TAP register, rotation
    .if \rotation
    sxtb16 \register, \register, ror #8
    .else
    sxtb16 \register, \register
    .endif
    .endm

    .macro TAPS rotation
    add r12, r0, r1, lsl #1
    add r12, r1
    add lr, r12, r1, lsl #1
    ldr r3, [r0]
    ldr r4, [r0, r1]
    ldr r5, [r0, r1, lsl #1]
    ldr r6, [r12]
    ldr r7, [r0, r1, lsl #2]
    ldr r8, [r12, r1, lsl #1]
    ldr r9, [lr, r1]
    ldr r10, [r12, r1, lsl #2]
    ldr r11, [r0, r1, lsl #3]
    .irp register, r3, r4, r5, r6, r7, r8, r9, r10, r11
    TAP \register, \rotation
    .endr
    .endm

    .macro ROW a, b, c
    sadd16 r12, \a, \c
    sadd16 lr, r12, \b
    ssub16 r12, r12, \b
    str lr, [r2]
    str r12, [r2, r1, lsl #2]
    sadd16 lr, \a, \a
    sadd16 r12, \c, \c
    str lr, [r2, r1, lsl #3]
    add lr, r2, r1, lsl #3
    str r12, [lr, r1, lsl #2]
    .endm

/*yaml
  Name: nn_winograd_filter_dsp
  Signature: void nn_winograd_filter_dsp(const int8_t *filter, int32_t in_c, int32_t *stream)
  Header: dsp/winograd_block.h
  ABI: AAPCS
  Arguments:
    r0: filter, read, 9 * in_c bytes
    r1: in_c, value, a multiple of 4
    r2: stream, write, 8 of every 16 bytes, 64 * in_c in all
  Stack: 40 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_winograd_filter_dsp
    push {r4-r11, lr}
    sub sp, #FRAME
    lsrs r3, r1, #1 /* twice the words: even before the even inputs of one, odd before the others */
    str r3, [sp, #WORDS_LEFT]
    add r2, r2, r1, lsl #5
.Lword:
    TAPS 0
    b .Ltransform
.Lodd:
    TAPS 8
.Ltransform:
    ROW r3, r4, r5
    add r2, r2, r1, lsl #4
    ROW r9, r10, r11
    sub r2, r2, r1, lsl #6
    add r2, r2, r1, lsl #4
    sadd16 r3, r3, r9
    sadd16 r4, r4, r10
    sadd16 r5, r5, r11
    sadd16 r9, r3, r6
    sadd16 r10, r4, r7
    sadd16 r11, r5, r8
    ROW r9, r10, r11
    add r2, r2, r1, lsl #4
    ssub16 r3, r3, r6
    ssub16 r4, r4, r7
    ssub16 r5, r5, r8
    ROW r3, r4, r5
    add r2, r2, r1, lsl #4
    adds r2, #4
    ldr r3, [sp, #WORDS_LEFT]
    subs r3, #1
    str r3, [sp, #WORDS_LEFT]
    lsls r12, r3, #31
    bne .Lodd
    adds r0, #4
    adds r2, #8
    cmp r3, #0
    bne .Lword
    add sp, #FRAME
    pop {r4-r11, pc}
    NN_END nn_winograd_filter_dsp
