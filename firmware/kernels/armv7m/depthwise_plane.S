/* SPDX-License-Identifier: Apache-2.0
 *
 * One channel of a depthwise convolution from its padded plane, four outputs of a line at a time, three taps along the
 * line at a time: each input is loaded once for all of these. Requantization as in gemm_lanes.S, with bias and weights
 * times 2^(d+2).
 *
 * r0 inputs, r1 constants, r2-r5 sums, r6-r8 weights, r9 step, r10 input, r11 end of constants, r12 the job, lr outputs
 * left on the line. */
#include "cortex_m.inc"
#include "offsets.h"

    .set LINE, 0
    .set LINES, 8
    .set BLOCK, 12
    .set FRAME, 20

/* One nn_taps_t: three weights, then the step. */
    .macro TAPS
    NN_FIELDS 0, NN_TAPS_AT_WEIGHTS
    NN_FIELDS 12, NN_TAPS_AT_STEP
    NN_FIELDS 16, NN_TAPS_BYTES
    ldmia r1!, {r6-r9}
    .endm

    .macro CLAMPED acc
    smull r10, \acc, \acc, r6
    add \acc, r7
    ssat \acc, #8, \acc, asr #15
    .endm

    .macro SIGNED acc
    smull r10, r9, \acc, r6
    and \acc, r8, \acc, asr #31
    sub r9, \acc
    add r9, r7
    ssat \acc, #8, r9, asr #15
    .endm

/*yaml
  Name: nn_depthwise_plane_armv7m
  Signature: void nn_depthwise_plane_armv7m(const nn_depthwise_plane_t *channel)
  Header: armv7m/block.h
  ABI: AAPCS
  Arguments:
    r0: channel, read, 56 bytes
    channel->plane: read, the bytes of its lines, up to the taps of a whole four outputs
    channel->constants: read, constants_end - constants bytes: 16, then nn_taps_t
    channel->y: write, a byte for each of count * lines outputs
  Stack: 56 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_depthwise_plane_armv7m
    push {r4-r11, lr}
    sub sp, #FRAME
    mov r12, r0
    NN_FIELDS NN_DEPTHWISE_PLANE_AT_PLANE, NN_DEPTHWISE_PLANE_AT_PLANE, NN_DEPTHWISE_PLANE_AT_Y
    ldrd r0, r1, [r12, #NN_DEPTHWISE_PLANE_AT_PLANE]
    ldr r11, [r12, #NN_DEPTHWISE_PLANE_AT_CONSTANTS_END]
    NN_FIELDS NN_DEPTHWISE_PLANE_AT_COUNT, NN_DEPTHWISE_PLANE_AT_COUNT, NN_DEPTHWISE_PLANE_AT_LINES
    ldrd lr, r2, [r12, #NN_DEPTHWISE_PLANE_AT_COUNT]
.Lline:
    strd r0, r1, [sp, #LINE]
    str r2, [sp, #LINES]
    strd r0, r1, [sp, #BLOCK]
.Lblock:
    ldr r1, [r12, #NN_DEPTHWISE_PLANE_AT_CONSTANTS]
    ldr r6, [r12, #NN_DEPTHWISE_PLANE_AT_STRIDE_2]
    ldmia r1!, {r2-r5}
    cmp r6, #0
    bne .Lstride_2
1:  TAPS
    ldrsb r10, [r0]
    mla r2, r10, r6, r2
    ldrsb r10, [r0, #1]
    mla r2, r10, r7, r2
    mla r3, r10, r6, r3
    ldrsb r10, [r0, #2]
    mla r2, r10, r8, r2
    mla r3, r10, r7, r3
    mla r4, r10, r6, r4
    ldrsb r10, [r0, #3]
    mla r3, r10, r8, r3
    mla r4, r10, r7, r4
    mla r5, r10, r6, r5
    ldrsb r10, [r0, #4]
    mla r4, r10, r8, r4
    mla r5, r10, r7, r5
    ldrsb r10, [r0, #5]
    mla r5, r10, r8, r5
    add r0, r9
    cmp r1, r11
    bne 1b
.Lrequantize:
    ldr r8, [r12, #NN_DEPTHWISE_PLANE_AT_NEGATIVE]
    NN_FIELDS NN_DEPTHWISE_PLANE_AT_MULTIPLIER, NN_DEPTHWISE_PLANE_AT_MULTIPLIER, NN_DEPTHWISE_PLANE_AT_ROUNDING
    ldrd r6, r7, [r12, #NN_DEPTHWISE_PLANE_AT_MULTIPLIER]
    cmp r8, #0
    bne .Lsigned
    CLAMPED r2
    CLAMPED r3
    CLAMPED r4
    CLAMPED r5
.Lstore:
    ldrd r0, r1, [sp, #BLOCK]
    NN_FIELDS NN_DEPTHWISE_PLANE_AT_BLOCK_STEP, NN_DEPTHWISE_PLANE_AT_BLOCK_STEP, NN_DEPTHWISE_PLANE_AT_Y_STEP
    ldrd r6, r7, [r12, #NN_DEPTHWISE_PLANE_AT_BLOCK_STEP]
    add r0, r6
    strb r2, [r1]
    subs lr, #4
    blt .Llast
    strb r3, [r1, r7]
    strb r4, [r1, r7, lsl #1]
    add r1, r1, r7, lsl #1
    strb r5, [r1, r7]
    add r1, r1, r7, lsl #1
    strd r0, r1, [sp, #BLOCK]
    bne .Lblock
.Lnext:
    ldrd r0, r1, [sp, #LINE]
    NN_FIELDS NN_DEPTHWISE_PLANE_AT_PLANE_LINE_STEP, NN_DEPTHWISE_PLANE_AT_PLANE_LINE_STEP, NN_DEPTHWISE_PLANE_AT_Y_LINE_STEP
    ldrd r6, r7, [r12, #NN_DEPTHWISE_PLANE_AT_PLANE_LINE_STEP]
    ldr r2, [sp, #LINES]
    ldr lr, [r12, #NN_DEPTHWISE_PLANE_AT_COUNT]
    add r0, r6
    add r1, r7
    subs r2, #1
    bne .Lline
    add sp, #FRAME
    pop {r4-r11, pc}
.Llast:
    adds lr, #2 /* -1: one output, 0: two, 1: three */
    blt .Lnext
    strb r3, [r1, r7]
    ble .Lnext
    strb r4, [r1, r7, lsl #1]
    b .Lnext
.Lstride_2:
    TAPS
    ldrsb r10, [r0]
    mla r2, r10, r6, r2
    ldrsb r10, [r0, #1]
    mla r2, r10, r7, r2
    ldrsb r10, [r0, #2]
    mla r2, r10, r8, r2
    mla r3, r10, r6, r3
    ldrsb r10, [r0, #3]
    mla r3, r10, r7, r3
    ldrsb r10, [r0, #4]
    mla r3, r10, r8, r3
    mla r4, r10, r6, r4
    ldrsb r10, [r0, #5]
    mla r4, r10, r7, r4
    ldrsb r10, [r0, #6]
    mla r4, r10, r8, r4
    mla r5, r10, r6, r5
    ldrsb r10, [r0, #7]
    mla r5, r10, r7, r5
    ldrsb r10, [r0, #8]
    mla r5, r10, r8, r5
    add r0, r9
    cmp r1, r11
    bne .Lstride_2
    b .Lrequantize
.Lsigned:
    SIGNED r2
    SIGNED r3
    SIGNED r4
    SIGNED r5
    b .Lstore
    NN_END nn_depthwise_plane_armv7m
