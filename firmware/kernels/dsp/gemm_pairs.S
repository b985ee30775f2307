/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products of int8 weights as byte pairs: a halfword is a + 256 * b, a and b the weights of two output channels.
 * Dual multiply-accumulates of it sum up S = A + 256 * B; of its sign-extended low bytes, T = A. So A = T and
 * 256 * B = S - T modulo 2^32, and one SXTB16 serves four weights. The upper byte is b, or b - 1 where a is negative:
 * b >= -127.
 *
 * Requantization, m and 2^-e the multiplier of a channel, e = 1..16. TFLM rounds twice: q = (acc * m + 2^30) >> 31, then
 * q / 2^e to nearest, ties away from zero. Where one linear function has the same outputs for all sums that occur, which
 * is nearly always so for outputs that are clamped at the zero point, because the tie's direction below it does not
 * matter, it is SMMLA and SSAT: saturate((c + (acc * M >> 32)) >> SHIFT), for B with 256 * acc and 8 more; the starts
 * have an offset for what c is too coarse for. Otherwise SMMLAR of 2 * acc gives q, sums below zero get one less before
 * the second shift, and SSAT does its last step: the constant is 2^(e-1) + (z << e), z the output's zero point. */
#include "cortex_m.inc"
#include "offsets.h"
#include "requantize.inc"

    .set SHIFT, 4 /* gen/compiler/kernels/dsp/byte_pairs.py has the same */

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

/*yaml
  Name: nn_columns_pairs_dsp
  Signature: void nn_columns_pairs_dsp(int16_t *columns, const nn_windows_t *windows, int32_t rows, int32_t words)
  Header: dsp/gemm_block.h
  ABI: AAPCS
  Arguments:
    r0: columns, write, 24 * rows * words bytes
    r1: windows, read, 24 bytes
    windows->x: read, 4 * words bytes of each row, at three pixels
    r2: rows, value, 1 or more
    r3: words, value, 1 or more
  Stack: 36 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_columns_pairs_dsp
    push {r4-r11, lr}
    mov lr, r1
    NN_FIELDS 0, NN_WINDOWS_AT_X
    ldmia lr!, {r4-r6}
1:  lsrs r1, r3, #1
    bcc 2f
    COLUMN
    cbz r1, 3f
2:  COLUMN
    COLUMN
    subs r1, #1
    bne 2b
    NN_FIELDS 12, NN_WINDOWS_AT_STEP
3:  ldm lr, {r10-r12}
    add r4, r10
    add r5, r11
    add r6, r12
    subs r2, #1
    bne 1b
    pop {r4-r11, pc}
    NN_END nn_columns_pairs_dsp

/* Three pixels x all pairs of channels. The stream of a pair: T and S at the start, two words for each four weights,
 * multipliers of A and B, the constants added to their products; if not linear, e - 1 of A + 256 * that of B.
 * r0 columns, r1 stream, r2 r3 weights, r4-r6 inputs, r7 low bytes, r8-r10 T, r11 r12 lr S. */
    .set COLUMNS, 0
    .set Y, 4
    .set ENTRY, 16
    .set DONE, 20
    .set COLUMNS_END, 24
    .set EPILOGUE, 28
    .set FRAME, 36
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

/*yaml
  Name: nn_gemm_pairs_dsp
  Signature: void nn_gemm_pairs_dsp(const nn_gemm_block_t *block)
  Header: dsp/gemm_block.h
  ABI: AAPCS
  Arguments:
    r0: block, read, 28 bytes
    block->columns: read, 24 * steps bytes
    block->stream: read, 24 + 8 * steps bytes for each pair of channels, 4 more if not linear
    block->y: write, y_end - y bytes at each of three pixels
  Stack: 72 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_gemm_pairs_dsp
    push {r4-r11, lr}
    sub sp, #FRAME
    NN_FIELDS 0, NN_GEMM_BLOCK_AT_COLUMNS, NN_GEMM_BLOCK_AT_STREAM, NN_GEMM_BLOCK_AT_Y, NN_GEMM_BLOCK_AT_STRIDE
    NN_FIELDS 16, NN_GEMM_BLOCK_AT_Y_END, NN_GEMM_BLOCK_AT_LINEAR, NN_GEMM_BLOCK_AT_STEPS
    ldm r0, {r0-r6}
    stm sp, {r0, r2, r3, r4}
    movs r4, #24
    mla r4, r6, r4, r0
    str r4, [sp, #COLUMNS_END]
    /* One step is made apart from the chain; of the rest, the chain makes steps mod 16 first. */
    subs r6, #1
    lsrs r4, r6, #4
    and r6, #15
    rsb r6, #STEPS
    movs r7, #STEP_BYTES
    adr r8, .Lchain + 1
    mla r6, r6, r7, r8
    adr r7, .Lrounded + 1
    cbz r5, 1f
    adr r7, .Llinear + 1
1:  str r7, [sp, #EPILOGUE]
    cbz r4, 2f
    adr r7, .Lagain + 1
2:  strd r6, r7, [sp, #ENTRY]

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
.Llinear:
    ldmia r1!, {r2-r5}
    sub r11, r8
    sub r12, r9
    sub lr, r10
    smmla r8, r8, r2, r4
    smmla r9, r9, r2, r4
    smmla r10, r10, r2, r4
    smmla r11, r11, r3, r5
    smmla r12, r12, r3, r5
    smmla lr, lr, r3, r5
    ssat r8, #8, r8, asr #SHIFT
    ssat r9, #8, r9, asr #SHIFT
    ssat r10, #8, r10, asr #SHIFT
    ssat r11, #8, r11, asr #SHIFT + 8
    ssat r12, #8, r12, asr #SHIFT + 8
    ssat lr, #8, lr, asr #SHIFT + 8
    STORE_AND_NEXT
.Lend:
    add sp, #FRAME
    pop {r4-r11, pc}

    .align 2
.Lrounded:
    ldmia r1!, {r2-r6}
    sub r11, r8
    sub r12, r9
    sub lr, r10
    lsl r8, #1
    lsl r9, #1
    lsl r10, #1
    NN_ROUNDED r8, r2, r4, r6, r7
    NN_ROUNDED r9, r2, r4, r6, r7
    NN_ROUNDED r10, r2, r4, r6, r7
    lsrs r6, #8
    asr r11, #7
    asr r12, #7
    asr lr, #7
    NN_ROUNDED r11, r3, r5, r6, r7
    NN_ROUNDED r12, r3, r5, r6, r7
    NN_ROUNDED lr, r3, r5, r6, r7
    STORE_AND_NEXT
    b .Lend
    NN_END nn_gemm_pairs_dsp
