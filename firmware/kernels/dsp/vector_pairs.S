/* SPDX-License-Identifier: Apache-2.0
 *
 * Vector times matrix with byte pairs as in gemm_pairs.S, four outputs at a time. The stream of four outputs: T and S of
 * each pair at the start; for each four inputs two words of the first pair and two of the second; then of each pair the
 * multipliers of A and B, the constants added to their products and, if not linear, e - 1 of A + 256 * that of B.
 *
 * r0 x, r1 stream, r2-r5 weights, r6 r7 inputs (k0 k2) (k1 k3), r8-r11 T S T S, r12 low bytes, lr turns left. */
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
    .set SHIFT, 4 /* as in gemm_pairs.S */
    .set STEPS, 16
    .set DIRECT_STEPS, 8

    .macro DUAL t, s, w, x
    sxtb16 r12, \w
    smlad \t, r12, \x, \t
    smlad \s, \w, \x, \s
    .endm

    .macro STEP
    ldmia r1!, {r2-r5}
    DUAL r8, r9, r2, r6
    DUAL r8, r9, r3, r7
    DUAL r10, r11, r4, r6
    DUAL r10, r11, r5, r7
    .endm

/*yaml
  Name: nn_vector_pairs_dsp
  Signature: void nn_vector_pairs_dsp(const nn_vector_block_t *block)
  Header: dsp/gemm_block.h
  ABI: AAPCS
  Arguments:
    r0: block, read, 28 bytes
    block->x: read, 8 * steps bytes if expanded, else 4 * steps bytes
    block->stream: read, 32 + 16 * steps bytes for each four outputs, 8 more if not linear
    block->y: write, y_end - y bytes
  Stack: 64 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_vector_pairs_dsp
    push {r4-r11, lr}
    sub sp, #FRAME
    NN_FIELDS 0, NN_VECTOR_BLOCK_AT_X, NN_VECTOR_BLOCK_AT_STREAM, NN_VECTOR_BLOCK_AT_Y, NN_VECTOR_BLOCK_AT_Y_END
    NN_FIELDS 16, NN_VECTOR_BLOCK_AT_LINEAR, NN_VECTOR_BLOCK_AT_STEPS, NN_VECTOR_BLOCK_AT_EXPANDED
    ldm r0, {r0-r6}
    strd r0, r2, [sp, #X]
    str r3, [sp, #Y_END]
    adr r3, .Lrounded + 1
    cbz r4, 1f
    adr r3, .Llinear + 1
1:  str r3, [sp, #DONE]
    /* A chain begins such that whole turns of it are left. */
    subs r5, #1
    cbz r6, 2f
    lsrs r4, r5, #4
    and r5, #STEPS - 1
    rsb r5, #STEPS - 1
    adr r2, .Lexpanded + 1
    movs r3, #52
    b 3f
2:  lsrs r4, r5, #3
    and r5, #DIRECT_STEPS - 1
    rsb r5, #DIRECT_STEPS - 1
    adr r2, .Ldirect + 1
    movs r3, #62
3:  mla r5, r5, r3, r2
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
    .rept DIRECT_STEPS
    ldr r6, [r0], #4
    sxtb16 r7, r6, ror #8
    sxtb16 r6, r6
    STEP
    .endr
.Ldirect_end:
    subs lr, #1
    bpl .Ldirect
    ldr pc, [sp, #DONE]

    .if (.Lexpanded_end - .Lexpanded) - STEPS * 52
    .error "a step is not of 52 bytes"
    .endif
    .if (.Ldirect_end - .Ldirect) - DIRECT_STEPS * 62
    .error "a step is not of 62 bytes"
    .endif

    .macro LINEAR t, s
    ldmia r1!, {r2-r5}
    sub \s, \t
    smmla \t, \t, r2, r4
    smmla \s, \s, r3, r5
    ssat \t, #8, \t, asr #SHIFT
    ssat \s, #8, \s, asr #SHIFT + 8
    bfi \t, \s, #8, #8
    .endm

    .align 2
.Llinear:
    LINEAR r8, r9
    LINEAR r10, r11
.Lstore:
    ldm sp, {r0, r2, r3}
    pkhbt r8, r8, r10, lsl #16
    str r8, [r2], #4
    cmp r2, r3
    str r2, [sp, #Y]
    bne .Lfour
    add sp, #FRAME
    pop {r4-r11, pc}

    .macro ROUNDED_PAIR t, s
    ldmia r1!, {r2-r6}
    sub \s, \t
    lsl \t, #1
    asr \s, #7
    NN_ROUNDED \t, r2, r4, r6, r4
    lsrs r6, #8
    NN_ROUNDED \s, r3, r5, r6, r5
    bfi \t, \s, #8, #8
    .endm

    .align 2
.Lrounded:
    ROUNDED_PAIR r8, r9
    ROUNDED_PAIR r10, r11
    b .Lstore
    NN_END nn_vector_pairs_dsp
