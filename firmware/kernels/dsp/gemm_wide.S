/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products of int16 weights, two pixels by two channels. TFLM's requantization is in gemm_pairs.S. For outputs
 * that are clamped at the zero point z both roundings are one floor: (acc * m + 2^30 + 2^(30+e) + (z << (31+e))) >>
 * (31+e). Each channel's weights and bias are multiplied by 2^d, d = 13 - e >= 2, so that one shift by 12 is left after
 * the SMMLA with 2^(d-2) + (r << 11), r = 2 * z + 1. Where sums below zero get one less, that is 2^(d-1) here. */
#include "cortex_m.inc"
#include "offsets.h"
#include "requantize.inc"

/* r0 columns, r1 windows, r2 rows, r3 words in a row. */

/*yaml
  Name: nn_columns_wide_dsp
  Signature: void nn_columns_wide_dsp(int16_t *columns, const nn_windows_t *windows, int32_t rows, int32_t words)
  Header: dsp/gemm_block.h
  ABI: AAPCS
  Arguments:
    r0: columns, write, 16 * rows * words bytes
    r1: windows, read, 24 bytes
    windows->x: read, 4 * words bytes of each row, at two pixels
    r2: rows, value, 1 or more
    r3: words, value, 1 or more
  Stack: 36 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_columns_wide_dsp
    push {r4-r11, lr}
    mov r12, r1
    NN_FIELDS 0, NN_WINDOWS_AT_X
    ldmia r12!, {r4-r6}
1:  mov r1, r3
2:  ldr r7, [r4], #4
    ldr r9, [r5], #4
    sxtb16 r8, r7, ror #8
    sxtb16 r7, r7
    sxtb16 r10, r9, ror #8
    sxtb16 r9, r9
    subs r1, #1
    stmia r0!, {r7-r10}
    bne 2b
    NN_FIELDS 12, NN_WINDOWS_AT_STEP
    ldrd r7, r8, [r12]
    add r4, r7
    add r5, r8
    subs r2, #1
    bne 1b
    pop {r4-r11, pc}
    NN_END nn_columns_wide_dsp

/* Two pixels x all pairs of channels. The stream of a pair: the bias of each channel; for each four inputs two words of
 * the one and two of the other; then of each the multiplier, the constant added to its product, 2^(d-1).
 * r0 columns, r1 stream, r2-r5 weights, r6-r9 inputs, r10-r12 lr sums: of the one channel in both pixels, of the other. */
    .set COLUMNS, 0
    .set Y, 4
    .set ENTRY, 16
    .set DONE, 20
    .set COLUMNS_END, 24
    .set EPILOGUE, 28
    .set FRAME, 36
    .set STEP_BYTES, 38
    .set STEPS, 16

    .macro STORE_AND_NEXT
    ldm sp, {r0, r2, r3, r4}
    bfi r10, r12, #8, #8
    bfi r11, lr, #8, #8
    strh r10, [r2]
    strh r11, [r2, r3]
    adds r2, #2
    cmp r2, r4
    str r2, [sp, #Y]
    bne .Lpair
    .endm

/*yaml
  Name: nn_gemm_wide_dsp
  Signature: void nn_gemm_wide_dsp(const nn_gemm_block_t *block)
  Header: dsp/gemm_block.h
  ABI: AAPCS
  Arguments:
    r0: block, read, 28 bytes
    block->columns: read, 16 * steps bytes
    block->stream: read, 32 + 16 * steps bytes for each pair of channels
    block->y: write, y_end - y bytes at each of two pixels
  Stack: 72 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_gemm_wide_dsp
    push {r4-r11, lr}
    sub sp, #FRAME
    NN_FIELDS 0, NN_GEMM_BLOCK_AT_COLUMNS, NN_GEMM_BLOCK_AT_STREAM, NN_GEMM_BLOCK_AT_Y, NN_GEMM_BLOCK_AT_STRIDE
    NN_FIELDS 16, NN_GEMM_BLOCK_AT_Y_END, NN_GEMM_BLOCK_AT_LINEAR, NN_GEMM_BLOCK_AT_STEPS
    ldm r0, {r0-r6}
    stm sp, {r0, r2, r3, r4}
    add r4, r0, r6, lsl #4
    str r4, [sp, #COLUMNS_END]
    /* One step is made apart from the chain; of the rest, the chain makes steps mod 16 first. */
    subs r6, #1
    lsrs r4, r6, #4
    and r6, #15
    rsb r6, #STEPS
    movs r7, #STEP_BYTES
    adr r8, .Lchain + 1
    mla r6, r6, r7, r8
    adr r7, .Lsigned + 1
    cbz r5, 1f
    adr r7, .Lclamped + 1
1:  str r7, [sp, #EPILOGUE]
    cbz r4, 2f
    adr r7, .Lagain + 1
2:  strd r6, r7, [sp, #ENTRY]

.Lpair:
    ldmia r1!, {r10, r12}
    ldmia r1!, {r2-r5}
    ldmia r0!, {r6-r9}
    smlad r11, r2, r8, r10
    smlad r10, r2, r6, r10
    smlad lr, r4, r8, r12
    smlad r12, r4, r6, r12
    smlad r11, r3, r9, r11
    smlad r10, r3, r7, r10
    smlad lr, r5, r9, lr
    smlad r12, r5, r7, r12
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
    ldr pc, [sp, #DONE]

    .align 2
.Lagain:
    ldr r2, [sp, #COLUMNS_END]
    cmp r0, r2
    bne .Lchain
    ldr pc, [sp, #EPILOGUE]

    .align 2
.Lclamped:
    ldmia r1!, {r2-r7}
    NN_LINEAR r10, r2, r3, 12
    NN_LINEAR r11, r2, r3, 12
    NN_LINEAR r12, r5, r6, 12
    NN_LINEAR lr, r5, r6, 12
    STORE_AND_NEXT
.Lend:
    add sp, #FRAME
    pop {r4-r11, pc}

    .macro SIGNED acc, m, c, one
    and r8, \one, \acc, asr #31
    sub r8, \c, r8
    NN_LINEAR \acc, \m, r8, 12
    .endm

    .align 2
.Lsigned:
    ldmia r1!, {r2-r7}
    SIGNED r10, r2, r3, r4
    SIGNED r11, r2, r3, r4
    SIGNED r12, r5, r6, r7
    SIGNED lr, r5, r6, r7
    STORE_AND_NEXT
    b .Lend
    NN_END nn_gemm_wide_dsp
