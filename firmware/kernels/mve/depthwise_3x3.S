/* SPDX-License-Identifier: Apache-2.0
 *
 * A line of 3x3 depthwise outputs of four channels on MVE, two at a time, then of the next four, if any:
 * nn_depthwise_line_<stride>_<relu|any>_mve.
 * r0 points to a nn_depthwise_line_t of depthwise_3x3.h, which is copied to sp. *_relu leaves out what only negative results need.
 *
 * r1 r3 r5 r7 walk along the strips, r0 r2 r4 r6 are the sums, which begin with the biases at r9; q0-q3 hold the weights
 * of a channel each, in nine lanes; q4 multipliers, q5 negated right shifts. */
    .syntax unified
    .arch armv8.1-m.main
    .arch_extension mve
    .thumb

#define LINE_STRIPS 0
#define LINE_WEIGHTS 8
#define LINE_PARAMS 16
#define LINE_Y_STEP 24
#define LINE_COUNT 32
#define LINE_SKIP 36
#define LINE_GROUPS 40
#define LINE_Y_OFFSETS 44
#define LINE_BYTES 64
#define PARAMS_SHIFT 16
#define PARAMS_MULTIPLIER 32

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

.macro line name, step, relu
    .section .text.\name, "ax", %progbits
    .global \name
    .type \name, %function
    .thumb_func
    .p2align 2
\name:
    push {r4-r11, lr}
    vpush {d8-d15}
    sub sp, sp, #LINE_BYTES
    vldrw.u32 q0, [r0]
    vldrw.u32 q1, [r0, #16]
    vldrw.u32 q2, [r0, #32]
    vldrw.u32 q3, [r0, #48]
    mov r0, sp
    vstrw.32 q0, [r0]
    vstrw.32 q1, [r0, #16]
    vstrw.32 q2, [r0, #32]
    vstrw.32 q3, [r0, #48]
    ldr r2, [r0, #LINE_SKIP] /* lanes of channels that belong to the group before */
    movs r1, #9
.Lgroup\@:
    ldrd r4, r3, [r0, #LINE_WEIGHTS]
    vldrb.u8 q7, [r3]
    adds r5, r4, #9
    adds r6, r5, #9
    adds r7, r6, #9
    vctp.8 r1
    vpstttt
    vldrbt.u8 q0, [r4, q7]
    vldrbt.u8 q1, [r5, q7]
    vldrbt.u8 q2, [r6, q7]
    vldrbt.u8 q3, [r7, q7]
    vctp.16 r2
    vpnot
    ldrd r9, r8, [r0, #LINE_PARAMS]
    vldrw.u32 q4, [r9, #PARAMS_MULTIPLIER]
    vldrw.u32 q5, [r9, #PARAMS_SHIFT]
    ldrd r1, r2, [r0, #LINE_STRIPS]
    add r3, r1, r2
    add r5, r3, r2
    add r7, r5, r2
    ldrd r10, r12, [r0, #LINE_Y_STEP]
    ldr r11, [r0, #LINE_COUNT]
    lsr lr, r11, #1
    and r11, r11, #1
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
    vldrh.u16 q7, [sp, #LINE_Y_OFFSETS]
    vqmovnb.s16 q6, q6
    vpst
    vstrbt.16 q6, [r8, q7]
    add r8, r8, r10
    le lr, 1b
    cmp r11, #0
    beq 2f
    /* Of an odd number the last one is computed together with the one before it, once more. */
    mov r11, #0
    subs r1, r1, #\step
    subs r3, r3, #\step
    subs r5, r5, #\step
    subs r7, r7, #\step
    sub r8, r8, r10, lsr #1
    mov lr, #1
    b 1b
2:  mov r0, sp
    ldr r2, [r0, #LINE_GROUPS]
    subs r2, r2, #1
    beq 3f
    str r2, [r0, #LINE_GROUPS]
    ldrd r1, r2, [r0, #LINE_STRIPS]
    add r1, r1, r2, lsl #2
    str r1, [r0, #LINE_STRIPS]
    ldr r1, [r0, #LINE_WEIGHTS]
    adds r1, r1, #36
    str r1, [r0, #LINE_WEIGHTS]
    ldrd r1, r2, [r0, #LINE_PARAMS]
    adds r1, r1, #48
    adds r2, r2, #4
    strd r1, r2, [r0, #LINE_PARAMS]
    movs r2, #0
    movs r1, #9
    b .Lgroup\@
3:  add sp, sp, #LINE_BYTES
    vpop {d8-d15}
    pop {r4-r11, pc}
    .size \name, . - \name
.endm

    line nn_depthwise_line_1_relu_mve, 3, 1
    line nn_depthwise_line_1_any_mve, 3, 0
    line nn_depthwise_line_2_relu_mve, 6, 1
    line nn_depthwise_line_2_any_mve, 6, 0
