/* SPDX-License-Identifier: Apache-2.0
 *
 * 3x3 convolutions of stride 1 by Winograd's minimal filtering F(2x2, 3x3) in integers: 16 products of sums for four
 * outputs, instead of 36. Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015. The filter's
 * transform is multiplied by 4 to be of whole numbers; inputs' sums are within 4 * 128, filters' within 9 * 127. Sums of
 * products may wrap: only the last ones must be int32. The factor 4 is part of the 2^d of gemm_wide.S, which says how
 * they become outputs. */
    .syntax unified
    .thumb

/* r0 column, r1 row bytes, r2 column bytes, r3 column's last row; then r0 transformed columns, r1 input, r2 bytes of a
 * position. On the stack, columns[row][column][parity]. */
    .set COLUMNS, 0
    .set COLUMNS_END, 192
    .set X, 196
    .set INPUT, 200
    .set ROW_BYTES, 204
    .set DEPTH, 208
    .set WORDS_LEFT, 212
    .set FRAME, 220

    .section .text.nn_winograd_input_dsp, "ax"
    .global nn_winograd_input_dsp
    .type nn_winograd_input_dsp, %function
    .thumb_func
    .align 2
nn_winograd_input_dsp:
    push {r4-r11, lr}
    sub sp, #FRAME
    add r12, sp, #48
    str r12, [sp, #COLUMNS_END]
    strd r0, r1, [sp, #X]
    strd r2, r3, [sp, #ROW_BYTES]
    lsrs r4, r3, #2
    str r4, [sp, #WORDS_LEFT]
.Lword:
    ldr r0, [sp, #X]
    ldrd r1, r2, [sp, #ROW_BYTES]
    add r3, r1, r1, lsl #1
    add r3, r0
    mov lr, sp
.Lcolumn:
    ldr r5, [r0, r1]
    ldr r6, [r0, r1, lsl #1]
    ldr r4, [r0]
    ldr r7, [r3]
    add r0, r2
    add r3, r2
    sxtb16 r8, r4, ror #8
    sxtb16 r9, r5, ror #8
    sxtb16 r10, r6, ror #8
    sxtb16 r11, r7, ror #8
    ssub16 r12, r8, r10
    ssub16 r11, r9, r11
    sadd16 r8, r9, r10
    ssub16 r9, r10, r9
    str r12, [lr, #4]
    str r8, [lr, #52]
    str r9, [lr, #100]
    str r11, [lr, #148]
    sxtb16 r8, r4
    sxtb16 r9, r5
    sxtb16 r10, r6
    sxtb16 r11, r7
    ssub16 r12, r8, r10
    ssub16 r11, r9, r11
    sadd16 r8, r9, r10
    ssub16 r9, r10, r9
    str r8, [lr, #48]
    str r9, [lr, #96]
    str r11, [lr, #144]
    str r12, [lr], #8
    ldr r12, [sp, #COLUMNS_END]
    cmp lr, r12
    bne .Lcolumn

    ldr r1, [sp, #INPUT]
    lsls r2, #2
    add r0, sp, #8
    movs lr, #4
.Lrow:
    ldm r0, {r3-r10} /* columns 1 to 4 */
    ldrd r11, r12, [r0, #-8]
    ssub16 r11, r11, r5
    ssub16 r12, r12, r6
    strd r11, r12, [r1]
    ssub16 r11, r5, r9
    ssub16 r12, r6, r10
    strd r11, r12, [r1, #8]
    add r1, r2
    sadd16 r11, r3, r5
    sadd16 r12, r4, r6
    strd r11, r12, [r1]
    sadd16 r11, r7, r9
    sadd16 r12, r8, r10
    strd r11, r12, [r1, #8]
    add r1, r2
    ssub16 r11, r5, r3
    ssub16 r12, r6, r4
    strd r11, r12, [r1]
    ssub16 r11, r9, r7
    ssub16 r12, r10, r8
    strd r11, r12, [r1, #8]
    add r1, r2
    ssub16 r11, r3, r7
    ssub16 r12, r4, r8
    strd r11, r12, [r1]
    ldrd r11, r12, [r0, #32]
    ssub16 r11, r7, r11
    ssub16 r12, r8, r12
    strd r11, r12, [r1, #8]
    add r1, r2
    adds r0, #48
    subs lr, #1
    bne .Lrow

    ldrd r0, r1, [sp, #X]
    adds r0, #4
    adds r1, #16
    strd r0, r1, [sp, #X]
    ldr r0, [sp, #WORDS_LEFT]
    subs r0, #1
    str r0, [sp, #WORDS_LEFT]
    bne .Lword
    add sp, #FRAME
    pop {r4-r11, pc}
    .size nn_winograd_input_dsp, . - nn_winograd_input_dsp

/* Two tiles x all pairs of channels. The stream of a pair: for each position and each four inputs two words of the one
 * channel and two of the other; then of each channel the multiplier, the constant added to its product, 2^(d-1), the
 * bias.
 * r0 input, r1 stream, r2-r5 weights, r6-r9 inputs, r10-r12 lr sums: of the one channel in both tiles, of the other. */
    .set Y, 0
    .set PIXEL, 4
    .set ROW, 8
    .set V, 12
    .set Y_END, 16
    .set SUMS, 20
    .set NEXT_SUMS, 24
    .set SUMS_END, 28
    .set ENTRY, 32
    .set IS_SIGNED, 36
    .set FRAME_2, 44
    .set STEP_BYTES, 38
    .set STEPS, 15

    .section .text.nn_winograd_outputs_dsp, "ax"
    .global nn_winograd_outputs_dsp
    .type nn_winograd_outputs_dsp, %function
    .thumb_func
    .align 2
nn_winograd_outputs_dsp:
    push {r4-r11, lr}
    sub sp, #FRAME_2
    ldm r0, {r0-r8} /* input, stream, y, pixel, row, y_end, sums, signed_outputs, steps */
    stm sp, {r2-r4}
    str r0, [sp, #V]
    strd r5, r6, [sp, #Y_END]
    add r6, #256
    str r6, [sp, #SUMS_END]
    rsb r8, #STEPS + 1
    movs r2, #STEP_BYTES
    adr r3, .Lchain + 1
    mla r8, r8, r2, r3
    strd r8, r7, [sp, #ENTRY]

.Lpair:
    ldr r0, [sp, #V]
    ldr r2, [sp, #SUMS]
    str r2, [sp, #NEXT_SUMS]
.Lposition:
    ldmia r1!, {r2-r5}
    ldmia r0!, {r6-r9}
    smuad r10, r2, r6
    smuad r11, r2, r8
    smuad r12, r4, r6
    smuad lr, r4, r8
    smlad r10, r3, r7, r10
    smlad r11, r3, r9, r11
    smlad r12, r5, r7, r12
    smlad lr, r5, r9, lr
    ldr pc, [sp, #ENTRY]

    .align 2
.Lchain:
    .rept STEPS
    ldmia r1!, {r2-r5}
    ldmia r0!, {r6-r9}
    smlad r10, r2, r6, r10
    smlad r11, r2, r8, r11
    smlad r12, r4, r6, r12
    smlad lr, r4, r8, lr
    smlad r10, r3, r7, r10
    smlad r11, r3, r9, r11
    smlad r12, r5, r7, r12
    smlad lr, r5, r9, lr
    .endr
.Lchain_end:
    .if (.Lchain_end - .Lchain) - STEPS * STEP_BYTES
    .error "STEP_BYTES is wrong"
    .endif
    ldrd r2, r3, [sp, #NEXT_SUMS]
    stmia r2!, {r10-r12, lr}
    cmp r2, r3
    str r2, [sp, #NEXT_SUMS]
    bne .Lposition

    ldr r0, [sp, #SUMS]
    add r2, r0, #16
    str r2, [sp, #NEXT_SUMS] /* the end of one position's */

    /* Down a column of positions: two sums. */
    .macro DOWN column, tile, above, below
    ldr r2, [r0, #16 * \column + 4 * \tile]
    ldr r3, [r0, #16 * \column + 4 * \tile + 64]
    ldr r12, [r0, #16 * \column + 4 * \tile + 128]
    ldr lr, [r0, #16 * \column + 4 * \tile + 192]
    .if \column == 1
    ldr r6, [r1, #12]
    add r3, r6
    .endif
    add \above, r2, r3
    add \above, r12
    sub \below, r3, r12
    sub \below, lr
    .endm

    .macro CLAMPED acc
    smmla \acc, \acc, r2, r3
    ssat \acc, #8, \acc, asr #12
    .endm

    .macro SIGNED acc
    and r7, r6, \acc, asr #31
    sub r7, r3, r7
    smmla \acc, \acc, r2, r7
    ssat \acc, #8, \acc, asr #12
    .endm

    .macro OUTPUTS tile
    DOWN 0, \tile, r4, r8
    DOWN 1, \tile, r5, r9
    DOWN 2, \tile, r6, r10
    DOWN 3, \tile, r7, r11
    add r4, r5
    add r4, r6
    sub r5, r6
    sub r5, r7
    add r8, r9
    add r8, r10
    sub r9, r10
    sub r9, r11
    ldm r1, {r2, r3, r6}
    ldr r7, [sp, #IS_SIGNED]
    cbnz r7, 1f
    CLAMPED r4
    CLAMPED r5
    CLAMPED r8
    CLAMPED r9
    b 2f
1:  SIGNED r4
    SIGNED r5
    SIGNED r8
    SIGNED r9
2:  ldm sp, {r2, r3, r6} /* y, pixel, row */
    .if \tile
    add r2, r2, r3, lsl #1
    .endif
    add r6, r2
    strb r4, [r2]
    strb r5, [r2, r3]
    strb r8, [r6]
    strb r9, [r6, r3]
    .endm

.Lchannel:
    OUTPUTS 0
    OUTPUTS 1
    adds r0, #8
    adds r1, #16
    ldr r2, [sp, #Y]
    adds r2, #1
    str r2, [sp, #Y]
    ldr r4, [sp, #NEXT_SUMS]
    cmp r0, r4
    bne .Lchannel
    ldr r4, [sp, #Y_END]
    cmp r2, r4
    bne .Lpair
    add sp, #FRAME_2
    pop {r4-r11, pc}
    .size nn_winograd_outputs_dsp, . - nn_winograd_outputs_dsp
