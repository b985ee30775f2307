/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of 3x3 depthwise outputs of four channels on MVE, two outputs at a time, then of the next four channels, if
 * any: nn_depthwise_lines_<stride>_<relu|any>_mve. r0 points to a nn_depthwise_lines_t of depthwise_3x3.h, all but
 * `groups` of which is copied to sp. *_relu leaves out what only negative results need.
 *
 * r1 r3 r5 r7 walk along the strips, r8 along y, r0 r2 r4 r6 are the sums, which begin with the biases at r9; r11 is
 * twice the lines that are left, plus 1 while an odd output is due; q0-q3 hold the weights of a channel each, in nine
 * lanes; q4 multipliers, q5 negated right shifts. */
#include "cortex_m.inc"
#include "offsets.h"
    .arch armv8.1-m.main
    .arch_extension mve

#define QUAD 16 /* bytes of a register */
#define FRAME_STRIPS NN_DEPTHWISE_LINES_AT_STRIPS /* the group's, and its y in place of `weights` */
#define FRAME_LEFT 64 /* where the group's weights are, groups left */
#define FRAME_BYTES 72
#define PARAMS_SHIFT 16
#define PARAMS_MULTIPLIER 32
#define LINES 6 /* in a strip */
#define LANES 0x71c7 /* three of each position's LINES */

.macro sums to, step
    ldm r9, {r0, r2, r4, r6}
    vldrb.u8 q7, [r1], #\step
    vmladava.s8 r0, q0, q7
    vldrb.u8 q7, [r3], #\step
    vmladava.s8 r2, q1, q7
    vldrb.u8 q7, [r5], #\step
    vmladava.s8 r4, q2, q7
    vldrb.u8 q7, [r7], #\step
    vmladava.s8 r6, q3, q7
    vmov \to[2], \to[0], r0, r4
    vmov \to[3], \to[1], r2, r6
.endm

.macro lines name, step, relu
    NN_FUNCTION \name
    push {r4-r11, lr}
    vpush {d8-d15}
    sub sp, sp, #FRAME_BYTES
    vldrw.u32 q0, [r0, #0 * QUAD]
    vldrw.u32 q1, [r0, #1 * QUAD]
    vldrw.u32 q2, [r0, #2 * QUAD]
    vldrw.u32 q3, [r0, #3 * QUAD]
    ldr r2, [r0, #NN_DEPTHWISE_LINES_AT_GROUPS]
    vstrw.32 q0, [sp, #0 * QUAD]
    vstrw.32 q1, [sp, #1 * QUAD]
    vstrw.32 q2, [sp, #2 * QUAD]
    vstrw.32 q3, [sp, #3 * QUAD]
    NN_FIELDS NN_DEPTHWISE_LINES_AT_STRIPS, NN_DEPTHWISE_LINES_AT_STRIPS, NN_DEPTHWISE_LINES_AT_WEIGHTS
    ldrd r1, r4, [sp, #NN_DEPTHWISE_LINES_AT_STRIPS]
    NN_FIELDS NN_DEPTHWISE_LINES_AT_PARAMS, NN_DEPTHWISE_LINES_AT_PARAMS, NN_DEPTHWISE_LINES_AT_Y
    ldrd r9, r8, [sp, #NN_DEPTHWISE_LINES_AT_PARAMS]
    NN_FIELDS NN_DEPTHWISE_LINES_AT_Y_STEP, NN_DEPTHWISE_LINES_AT_Y_STEP, NN_DEPTHWISE_LINES_AT_OFFSET
    ldrd r10, r12, [sp, #NN_DEPTHWISE_LINES_AT_Y_STEP]
    movw r3, #LANES
    vmsr p0, r3
.Lgroup\@:
    strd r4, r2, [sp, #FRAME_LEFT]
    strd r1, r8, [sp, #FRAME_STRIPS]
    adr r0, .Lorder\@
    vldrb.u8 q7, [r0]
    adds r5, r4, #9
    adds r6, r5, #9
    adds r7, r6, #9
    vpstttt
    vldrbt.u8 q0, [r4, q7]
    vldrbt.u8 q1, [r5, q7]
    vldrbt.u8 q2, [r6, q7]
    vldrbt.u8 q3, [r7, q7]
    vldrw.u32 q4, [r9, #PARAMS_MULTIPLIER]
    vldrw.u32 q5, [r9, #PARAMS_SHIFT]
    ldr r11, [sp, #NN_DEPTHWISE_LINES_AT_LINES]
    lsl r11, r11, #1
.Lline\@:
    NN_FIELDS 0, NN_DEPTHWISE_LINES_AT_STRIP_BYTES, NN_DEPTHWISE_LINES_AT_ODD, NN_DEPTHWISE_LINES_AT_PAIRS
    ldm sp, {r2, r4, lr}
    orr r11, r11, r4
    add r3, r1, r2
    add r5, r3, r2
    add r7, r5, r2
1:  sums q6, \step
    sums q7, \step
    vqrdmulh.s32 q6, q6, q4
    vqrdmulh.s32 q7, q7, q4
    .if !\relu
    vshr.s32 q5, q6, #31
    vqadd.s32 q6, q6, q5
    vshr.s32 q5, q7, #31
    vqadd.s32 q7, q7, q5
    vldrw.u32 q5, [r9, #PARAMS_SHIFT]
    .endif
    vrshl.s32 q6, q6, q5
    vrshl.s32 q7, q7, q5
    vqmovnb.s32 q6, q6
    vqmovnt.s32 q6, q7
    vqadd.s16 q6, q6, r12
    vldrh.u16 q7, [sp, #NN_DEPTHWISE_LINES_AT_Y_OFFSETS]
    vqmovnb.s16 q6, q6
    vstrb.16 q6, [r8, q7]
    add r8, r8, r10
    le lr, 1b
    lsrs r0, r11, #1
    bcs .Lodd\@
    NN_FIELDS NN_DEPTHWISE_LINES_AT_STRIP_LINE, NN_DEPTHWISE_LINES_AT_STRIP_LINE, NN_DEPTHWISE_LINES_AT_Y_LINE
    ldrd r0, r2, [sp, #NN_DEPTHWISE_LINES_AT_STRIP_LINE]
    add r1, r1, r0
    add r8, r8, r2
    subs r11, r11, #2
    bne .Lline\@
    ldrd r4, r2, [sp, #FRAME_LEFT]
    subs r2, r2, #1
    beq 2f
    ldrd r1, r8, [sp, #FRAME_STRIPS]
    ldr r0, [sp, #NN_DEPTHWISE_LINES_AT_STRIP_BYTES]
    add r1, r1, r0, lsl #2
    adds r4, r4, #36
    add r8, r8, #4
    add r9, r9, #48
    b .Lgroup\@
2:  add sp, sp, #FRAME_BYTES
    vpop {d8-d15}
    pop {r4-r11, pc}
.Lodd\@: /* the last one is computed together with the one before it, once more */
    sub r11, r11, #1
    subs r1, r1, #\step
    subs r3, r3, #\step
    subs r5, r5, #\step
    subs r7, r7, #\step
    sub r8, r8, r10, lsr #1
    mov lr, #1
    b 1b
    .p2align 2
.Lorder\@: /* of the weights: three of a position */
    .byte 0, 1, 2, 0, 0, 0, 3, 4, 5, 0, 0, 0, 6, 7, 8, 0
    NN_END \name
.endm

/*yaml
  Name:
    - nn_depthwise_lines_1_relu_mve
    - nn_depthwise_lines_1_any_mve
    - nn_depthwise_lines_2_relu_mve
    - nn_depthwise_lines_2_any_mve
  Signature: void NAME(const nn_depthwise_lines_t *job)
  Header: mve/depthwise_3x3.h
  ABI: AAPCS-VFP
  Arguments:
    r0: job, read, 68 bytes
    job->strips: read, 4 * strip_bytes for each group, and 7 more
    job->weights: read, 36 bytes for each group
    job->params: read, 48 bytes for each group
    job->y: write, 4 bytes of each output for each group
  Stack: 172 bytes
  Clobbers: nothing that the ABI wants kept
*/
    lines nn_depthwise_lines_1_relu_mve, LINES, 1
    lines nn_depthwise_lines_1_any_mve, LINES, 0
    lines nn_depthwise_lines_2_relu_mve, 2 * LINES, 1
    lines nn_depthwise_lines_2_any_mve, 2 * LINES, 0
