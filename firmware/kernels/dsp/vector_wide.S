/* SPDX-License-Identifier: Apache-2.0
 *
 * Vector times matrix with int16 weights, four times the model's, four outputs at a time; sums become outputs as in
 * gemm_wide.S. The stream of four outputs: 4 * bias of each; for each four inputs two words of each; then of each the
 * multiplier, the constant added to its product, e - 1.
 *
 * r0 x, r1 stream, r2-r5 weights, r6 r7 inputs (k0 k2) (k1 k3), r8-r11 sums, lr turns left. */
#include "cortex_m.inc"
#include "offsets.h"
#include "requantize.inc"

    .set X, 0
    .set Y, 4
    .set Y_END, 8
    .set ENTRY, 12
    .set TURNS, 16
    .set DONE, 20
    .set FRAME, 28
    .set STEPS, 16

    .macro STEP
    ldmia r1!, {r2-r5}
    smlad r8, r2, r6, r8
    smlad r9, r4, r6, r9
    smlad r8, r3, r7, r8
    smlad r9, r5, r7, r9
    ldmia r1!, {r2-r5}
    smlad r10, r2, r6, r10
    smlad r11, r4, r6, r11
    smlad r10, r3, r7, r10
    smlad r11, r5, r7, r11
    .endm

/*yaml
  Name: nn_vector_wide_dsp
  Signature: void nn_vector_wide_dsp(const nn_vector_block_t *block)
  Header: dsp/gemm_block.h
  ABI: AAPCS
  Arguments:
    r0: block, read, 28 bytes
    block->x: read, 8 * steps bytes if expanded, else 4 * steps bytes
    block->stream: read, 64 + 32 * steps bytes for each four outputs
    block->y: write, y_end - y bytes
  Stack: 64 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_vector_wide_dsp
    push {r4-r11, lr}
    sub sp, #FRAME
    NN_FIELDS 0, NN_VECTOR_BLOCK_AT_X, NN_VECTOR_BLOCK_AT_STREAM, NN_VECTOR_BLOCK_AT_Y, NN_VECTOR_BLOCK_AT_Y_END
    NN_FIELDS 16, NN_VECTOR_BLOCK_AT_LINEAR, NN_VECTOR_BLOCK_AT_STEPS, NN_VECTOR_BLOCK_AT_EXPANDED
    ldm r0, {r0-r6}
    strd r0, r2, [sp, #X]
    str r3, [sp, #Y_END]
    adr r3, .Lsigned + 1
    cbz r4, 1f
    adr r3, .Lclamped + 1
1:  str r3, [sp, #DONE]
    /* A chain begins such that whole turns of it are left. */
    subs r5, #1
    lsrs r4, r5, #4
    and r5, #15
    rsb r5, #STEPS - 1
    adr r2, .Ldirect + 1
    movs r3, #48
    cbz r6, 2f
    adr r2, .Lexpanded + 1
    movs r3, #38
2:  mla r5, r5, r3, r2
    strd r5, r4, [sp, #ENTRY]

.Lfour:
    ldmia r1!, {r8-r11}
    ldr lr, [sp, #TURNS]
    ldr pc, [sp, #ENTRY]

    .align 2
.Lexpanded:
    .rept STEPS
    ldmia r0!, {r6, r7}
    STEP
    .endr
.Lexpanded_end:
    subs lr, #1
    bpl .Lexpanded
    ldr pc, [sp, #DONE]

    .align 2
.Ldirect:
    .rept STEPS
    ldr r6, [r0], #4
    sxtb16 r7, r6, ror #8
    sxtb16 r6, r6
    STEP
    .endr
.Ldirect_end:
    subs lr, #1
    bpl .Ldirect
    ldr pc, [sp, #DONE]

    .if (.Lexpanded_end - .Lexpanded) - STEPS * 38
    .error "a step is not of 38 bytes"
    .endif
    .if (.Ldirect_end - .Ldirect) - STEPS * 48
    .error "a step is not of 48 bytes"
    .endif

    .macro CLAMPED acc, m, c, e
    smmla \acc, \acc, \m, \c
    asr \acc, \e
    ssat \acc, #8, \acc, asr #2
    .endm

    .align 2
.Lclamped:
    ldmia r1!, {r2-r7}
    CLAMPED r8, r2, r3, r4
    CLAMPED r9, r5, r6, r7
    ldmia r1!, {r2-r7}
    CLAMPED r10, r2, r3, r4
    CLAMPED r11, r5, r6, r7
.Lstore:
    bfi r8, r9, #8, #8
    bfi r10, r11, #8, #8
    ldm sp, {r0, r2, r3}
    pkhbt r8, r8, r10, lsl #16
    str r8, [r2], #4
    cmp r2, r3
    str r2, [sp, #Y]
    bne .Lfour
    add sp, #FRAME
    pop {r4-r11, pc}

    .macro SIGNED acc, m, c, e
    asr \acc, #1
    NN_ROUNDED \acc, \m, \c, \e, \c
    .endm

    .align 2
.Lsigned:
    ldmia r1!, {r2-r7}
    SIGNED r8, r2, r3, r4
    SIGNED r9, r5, r6, r7
    ldmia r1!, {r2-r7}
    SIGNED r10, r2, r3, r4
    SIGNED r11, r5, r6, r7
    b .Lstore
    NN_END nn_vector_wide_dsp
