/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products of int8 weights as byte pairs: a halfword is a + 256 * b, a and b the weights of two output channels.
 * Dual multiply-accumulates of it sum up S = A + 256 * B; of its sign-extended low bytes, T = A. So A = T and
 * 256 * B = S - T modulo 2^32, and one SXTB16 serves four weights. The upper byte is b, or b - 1 where a is negative:
 * b >= -127.
 *
 * Requantisation, m and 2^-e the multiplier of a channel, e = 1..16. TFLM rounds twice: q = (acc * m + 2^30) >> 31, then
 * q / 2^e to nearest, ties away from zero. For outputs that are clamped at the zero point z the tie's direction below z
 * does not matter, and both are one floor: (acc * m + 2^30 + 2^(30+e) + (z << (31+e))) >> (31+e). With the constants
 * divided by 2^32 that is SMMLAR of 2 * acc, and SMMLA of 256 * acc. Otherwise sums below zero get one less before the
 * second shift. SSAT does the last step of the shift. The stream has e - 1, and r = 2 * z + 1 makes
 * 2^(e-1) + (z << e) = r << (e-1). */
    .syntax unified
    .thumb

/* r0 columns, r1 windows, r2 rows, r3 words in a row. */
    .macro COLUMN
    ldr r7, [r4], #4
    ldr r8, [r5], #4
    ldr r9, [r6], #4
    sxtb16 r10, r7
    sxtb16 r11, r8
    sxtb16 r12, r9
    stmia r0!, {r10-r12}
    sxtb16 r10, r7, ror #8
    sxtb16 r11, r8, ror #8
    sxtb16 r12, r9, ror #8
    stmia r0!, {r10-r12}
    .endm

    .section .text.nn_columns_pairs_dsp, "ax"
    .global nn_columns_pairs_dsp
    .type nn_columns_pairs_dsp, %function
    .thumb_func
    .align 2
nn_columns_pairs_dsp:
    push {r4-r11, lr}
    mov lr, r1
    ldmia lr!, {r4-r6}
1:  lsrs r1, r3, #1
    bcc 2f
    COLUMN
    cbz r1, 3f
2:  COLUMN
    COLUMN
    subs r1, #1
    bne 2b
3:  ldm lr, {r10-r12}
    add r4, r10
    add r5, r11
    add r6, r12
    subs r2, #1
    bne 1b
    pop {r4-r11, pc}
    .size nn_columns_pairs_dsp, . - nn_columns_pairs_dsp

/* Three pixels x all pairs of channels. The stream of a pair: T and S at the start, two words for each four weights,
 * multipliers of A and B, e - 1 of A + 256 * that of B.
 * r0 columns, r1 stream, r2 r3 weights, r4-r6 inputs, r7 low bytes, r8-r10 T, r11 r12 lr S. */
    .set COLUMNS, 0
    .set Y, 4
    .set ROUNDING, 16
    .set ENTRY, 24
    .set DONE, 28
    .set COLUMNS_END, 32
    .set EPILOGUE, 36
    .set FRAME, 44
    .set STEP_BYTES, 62
    .set STEPS, 16

    .macro DUAL w
    sxtb16 r7, \w
    smlad r8, r7, r4, r8
    smlad r9, r7, r5, r9
    smlad r10, r7, r6, r10
    smlad r11, \w, r4, r11
    smlad r12, \w, r5, r12
    smlad lr, \w, r6, lr
    .endm

    .macro STORE_AND_NEXT
    ldm sp, {r0, r2, r3, r4}
    bfi r8, r11, #8, #8
    bfi r9, r12, #8, #8
    bfi r10, lr, #8, #8
    strh r8, [r2]
    strh r9, [r2, r3]
    strh r10, [r2, r3, lsl #1]
    adds r2, #2
    cmp r2, r4
    str r2, [sp, #Y]
    bne .Lpair
    .endm

    .section .text.nn_gemm_pairs_dsp, "ax"
    .global nn_gemm_pairs_dsp
    .type nn_gemm_pairs_dsp, %function
    .thumb_func
    .align 2
nn_gemm_pairs_dsp:
    push {r4-r11, lr}
    sub sp, #FRAME
    ldm r0, {r0-r7} /* columns, stream, y, stride, y_end, rounding, signed_outputs, steps */
    stm sp, {r0, r2, r3, r4, r5}
    lsls r5, #7
    str r5, [sp, #ROUNDING + 4]
    movs r4, #24
    mla r4, r7, r4, r0
    str r4, [sp, #COLUMNS_END]
    /* One step is made apart from the chain; of the rest, the chain makes steps mod 16 first. */
    subs r7, #1
    lsrs r4, r7, #4
    and r7, #15
    rsb r7, #STEPS
    movs r5, #STEP_BYTES
    adr r8, .Lchain + 1
    mla r7, r7, r5, r8
    adr r5, .Lclamped + 1
    cbz r6, 1f
    adr r5, .Lsigned + 1
1:  str r5, [sp, #EPILOGUE]
    cbz r4, 2f
    adr r5, .Lagain + 1
2:  strd r7, r5, [sp, #ENTRY]

.Lpair:
    ldmia r1!, {r8, r11}
    ldmia r1!, {r2, r3}
    ldmia r0!, {r4-r6}
    sxtb16 r7, r2
    smlad r9, r7, r5, r8
    smlad r10, r7, r6, r8
    smlad r8, r7, r4, r8
    smlad r12, r2, r5, r11
    smlad lr, r2, r6, r11
    smlad r11, r2, r4, r11
    ldmia r0!, {r4-r6}
    DUAL r3
    ldr pc, [sp, #ENTRY]

    .align 2
.Lchain:
    .rept STEPS
    ldmia r1!, {r2, r3}
    ldmia r0!, {r4-r6}
    DUAL r2
    ldmia r0!, {r4-r6}
    DUAL r3
    .endr
.Lchain_end:
    .if (.Lchain_end - .Lchain) - STEPS * STEP_BYTES
    .error "STEP_BYTES is wrong"
    .endif
    ldr pc, [sp, #DONE]

    .align 2
.Lagain:
    ldr r2, [sp, #COLUMNS_END]
    cmp r0, r2
    bne .Lchain
    ldr pc, [sp, #EPILOGUE]

    .align 2
.Lclamped:
    ldmia r1!, {r2-r4}
    ldrd r5, r6, [sp, #ROUNDING]
    lsls r5, r4
    sub r11, r8
    sub r12, r9
    sub lr, r10
    lsl r8, #1
    lsl r9, #1
    lsl r10, #1
    smmlar r8, r8, r2, r5
    smmlar r9, r9, r2, r5
    smmlar r10, r10, r2, r5
    asr r8, r4
    asr r9, r4
    asr r10, r4
    ssat r8, #8, r8, asr #1
    ssat r9, #8, r9, asr #1
    ssat r10, #8, r10, asr #1
    lsrs r4, #8
    lsls r6, r4
    adds r6, #64
    smmla r11, r11, r3, r6
    smmla r12, r12, r3, r6
    smmla lr, lr, r3, r6
    asr r11, r4
    asr r12, r4
    asr lr, r4
    ssat r11, #8, r11, asr #8
    ssat r12, #8, r12, asr #8
    ssat lr, #8, lr, asr #8
    STORE_AND_NEXT
.Lend:
    add sp, #FRAME
    pop {r4-r11, pc}

    .macro SIGNED acc, m
    add r6, r5, \acc, asr #31
    smmlar \acc, \acc, \m, r6
    asr \acc, r4
    ssat \acc, #8, \acc, asr #1
    .endm

    .align 2
.Lsigned:
    ldmia r1!, {r2-r4}
    ldr r7, [sp, #ROUNDING]
    lsl r5, r7, r4
    sub r11, r8
    sub r12, r9
    sub lr, r10
    lsl r8, #1
    lsl r9, #1
    lsl r10, #1
    SIGNED r8, r2
    SIGNED r9, r2
    SIGNED r10, r2
    lsrs r4, #8
    lsl r5, r7, r4
    asr r11, #7
    asr r12, #7
    asr lr, #7
    SIGNED r11, r3
    SIGNED r12, r3
    SIGNED lr, r3
    STORE_AND_NEXT
    b .Lend
    .size nn_gemm_pairs_dsp, . - nn_gemm_pairs_dsp
