/* SPDX-License-Identifier: Apache-2.0
 *
 * One channel of depthwise.h's one-dimensional windows, four outputs at a time. Taps w0 w1 w2 ... make two rows of
 * pairs, E = (w0, w1), (w2, w3), ... for even outputs and O = (0, w0), (w1, w2), ... for odd ones, so that every pair of
 * inputs is multiplied as it lies. Requantization as the long one in depthwise_3x3.S.
 * r0 r1 inputs, r2 E, r3 O, r4-r7 outputs, r8 bias, r9 steps left, r10 the argument, r11 from, r12 taps, lr y. */
#include "cortex_m.inc"
#include "offsets.h"

    .macro STEP x, next
    ldr \next, [r11], #16
    ldr r2, [r12], #8
    ldr r3, [r12], #8
    smlad r4, \x, r2, r4
    smlad r5, \x, r3, r5
    smlad r6, \next, r2, r6
    smlad r7, \next, r3, r7
    .endm

    .macro REQUANTIZE a, more:vararg
    add \a, \a
    add r8, r1, \a, asr #31
    smmlar \a, \a, r0, r8
    asr \a, r2
    ssat \a, #8, \a
    .ifnb \more
    REQUANTIZE \more
    .endif
    .endm

/*yaml
  Name: nn_depthwise_line_dsp
  Signature: void nn_depthwise_line_dsp(nn_depthwise_line_t *line)
  Header: dsp/depthwise.h
  ABI: AAPCS
  Arguments:
    r0: line, read-write, 44 bytes, of which `left` is written
    line->from: read, 4 of every 16 bytes, for each pair of inputs
    line->taps: read, 8 * steps bytes
    line->y: write, a byte for each of `left` outputs
  Stack: 36 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_depthwise_line_dsp
    push {r4-r11, lr}
    mov r10, r0
    ldr lr, [r0, #NN_DEPTHWISE_LINE_AT_Y]
    ldr r11, [r0, #NN_DEPTHWISE_LINE_AT_FROM]
1:  ldr r12, [r10, #NN_DEPTHWISE_LINE_AT_TAPS]
    NN_FIELDS NN_DEPTHWISE_LINE_AT_BIAS, NN_DEPTHWISE_LINE_AT_BIAS, NN_DEPTHWISE_LINE_AT_STEPS
    ldrd r8, r9, [r10, #NN_DEPTHWISE_LINE_AT_BIAS]
    mov r4, r8
    mov r5, r8
    mov r6, r8
    mov r7, r8
    lsrs r0, r9, #1
    bcs 5f
    ldr r0, [r11], #16
2:  STEP r0, r1
3:  STEP r1, r0
    subs r9, #2
    bne 2b
    NN_FIELDS NN_DEPTHWISE_LINE_AT_MULTIPLIER, NN_DEPTHWISE_LINE_AT_MULTIPLIER, NN_DEPTHWISE_LINE_AT_ROUNDING
    ldrd r0, r1, [r10, #NN_DEPTHWISE_LINE_AT_MULTIPLIER]
    NN_FIELDS NN_DEPTHWISE_LINE_AT_SHIFT, NN_DEPTHWISE_LINE_AT_SHIFT, NN_DEPTHWISE_LINE_AT_STEP
    ldrd r2, r3, [r10, #NN_DEPTHWISE_LINE_AT_SHIFT]
    REQUANTIZE r4, r5, r6, r7
    NN_FIELDS NN_DEPTHWISE_LINE_AT_LEFT, NN_DEPTHWISE_LINE_AT_LEFT, NN_DEPTHWISE_LINE_AT_BACK
    ldrd r8, r9, [r10, #NN_DEPTHWISE_LINE_AT_LEFT]
    subs r8, #4
    str r8, [r10, #NN_DEPTHWISE_LINE_AT_LEFT]
    blt 4f
    add r2, lr, r3, lsl #1
    strb r4, [lr]
    strb r5, [lr, r3]
    strb r6, [r2]
    strb r7, [r2, r3]
    add lr, lr, r3, lsl #2
    sub r11, r9
    bne 1b
    pop {r4-r11, pc}
4:  strb r4, [lr]
    adds r8, #3
    beq 6f
    strb r5, [lr, r3]
    cmp r8, #1
    beq 6f
    strb r6, [lr, r3, lsl #1]
6:  pop {r4-r11, pc}
5:  ldr r1, [r11], #16 /* odd: as if the first step were done */
    adds r9, #1
    b 3b
    NN_END nn_depthwise_line_dsp
