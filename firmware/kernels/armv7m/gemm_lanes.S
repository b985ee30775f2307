/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products with two pixels in a word: a + 65536 * b times a weight is two products. A step is two taps: from
 * 0x8000 on, the sum of both products of a stays within the lower half as long as the weights' absolute values sum up to
 * 255 at most, so that the upper half is the sum of b exactly. S sums up whole words, B their upper halves; then the sum
 * of a is S - 65536 * B modulo 2^32, whatever has wrapped.
 *
 * Requantization, m and 2^-e the multiplier of a channel, e = 1..14. TFLM rounds twice: q = (acc * m + 2^30) >> 31, then
 * q / 2^e to nearest, ties away from zero. For outputs that are clamped at the zero point z the tie's direction below z
 * does not matter, and both are (t + 2^d + 2^14 + (z << 15)) >> 15, where d = 14 - e and t is the upper word of
 * m * acc * 2^(d+2). Otherwise sums below zero get 2^(d+1) less before the shift, which SSAT does. r = 2 * z + 1 makes
 * 2^14 + (z << 15) = r << 14. */
#include "cortex_m.inc"
#include "offsets.h"

/* r0 column, r1 a, r2 b, r3 count. */

/*yaml
  Name: nn_gemm_column_armv7m
  Signature: void nn_gemm_column_armv7m(int32_t *column, const int8_t *a, const int8_t *b, int32_t count)
  Header: armv7m/block.h
  ABI: AAPCS
  Arguments:
    r0: column, write, 8 of every 24 bytes, for each two taps
    r1: a, read, count bytes
    r2: b, read, count bytes
    r3: count, value
  Stack: 16 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_gemm_column_armv7m
    push {r4-r7}
    subs r3, #2
    blt 2f
1:  ldrsb r5, [r1, #1]
    ldrsb r4, [r1], #2
    ldrsb r7, [r2, #1]
    ldrsb r6, [r2], #2
    add r4, r4, r6, lsl #16
    add r5, r5, r7, lsl #16
    strd r4, r5, [r0], #24
    subs r3, #2
    bge 1b
2:  adds r3, #1
    bne 3f
    ldrsb r4, [r1]
    ldrsb r6, [r2]
    add r4, r4, r6, lsl #16
    strd r4, r3, [r0]
3:  pop {r4-r7}
    bx lr
    NN_END nn_gemm_column_armv7m

/* Six pixels x all channels. The stream of a channel: 256 * bias + d + 2, m, its weights in whole words.
 * r0 columns, r1 stream, r2-r4 S, r5-r7 B, r8 r9 inputs, r10 r11 weights, r12 step, lr 0x8000. */
    .set COLUMNS, 0
    .set COLUMNS_END, 4
    .set ENTRY, 8
    .set START, 12
    .set Y, 16
    .set Y_END, 24
    .set ROUNDING, 28
    .set MULTIPLIER, 32
    .set EPILOGUE, 40
    .set FRAME, 44
    .set STEPS, 8
    .set STEP_BYTES, 62

    .macro PIXELS s, b
    ldmia r0!, {r8, r9}
    mla r12, r8, r10, lr
    mla r12, r9, r11, r12
    add \s, r12
    add \b, \b, r12, asr #16
    .endm

    .macro CLAMPED acc
    lsl \acc, r9
    smull r12, \acc, \acc, r8
    add \acc, r10
    ssat \acc, #8, \acc, asr #15
    .endm

    .macro SIGNED acc
    lsl \acc, r9
    smull r12, r0, \acc, r8
    and \acc, r11, \acc, asr #31
    subs r0, \acc
    add r0, r10
    ssat \acc, #8, r0, asr #15
    .endm

/*yaml
  Name: nn_gemm_lanes_armv7m
  Signature: void nn_gemm_lanes_armv7m(const nn_lanes_block_t *block)
  Header: armv7m/block.h
  ABI: AAPCS
  Arguments:
    r0: block, read, 32 bytes
    block->columns: read, 24 * pairs bytes
    block->stream: read, 8 bytes and the weights in whole words, for each channel
    block->y: write, y_end - y bytes at each of six pixels
  Stack: 80 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_gemm_lanes_armv7m
    push {r4-r11, lr}
    sub sp, #FRAME
    NN_FIELDS 0, NN_LANES_BLOCK_AT_COLUMNS, NN_LANES_BLOCK_AT_STREAM, NN_LANES_BLOCK_AT_Y, NN_LANES_BLOCK_AT_STRIDE
    NN_FIELDS 16, NN_LANES_BLOCK_AT_Y_END, NN_LANES_BLOCK_AT_ROUNDING, NN_LANES_BLOCK_AT_SIGNED_OUTPUTS, NN_LANES_BLOCK_AT_PAIRS
    ldm r0, {r0-r7}
    strd r2, r3, [sp, #Y]
    lsls r5, #14
    strd r4, r5, [sp, #Y_END]
    movs r4, #24
    mla r4, r7, r4, r0
    strd r0, r4, [sp, #COLUMNS]
    lsls r5, r7, #15
    /* The chain begins with pairs mod 8, if that isn't 0. */
    rsbs r7, #0
    and r7, #STEPS - 1
    movs r4, #STEP_BYTES
    adr r8, .Lchain + 1
    mla r4, r7, r4, r8
    strd r4, r5, [sp, #ENTRY]
    adr r5, .Lclamped + 1
    cbz r6, 1f
    adr r5, .Lsigned + 1
1:  str r5, [sp, #EPILOGUE]
    mov lr, #0x8000

.Lchannel:
    ldmia r1!, {r5, r8}
    uxtb r9, r5
    strd r8, r9, [sp, #MULTIPLIER]
    ldr r12, [sp, #START]
    asrs r5, #8
    rsb r2, r12, r5
    add r2, r2, r5, lsl #16
    mov r3, r2
    mov r4, r2
    mov r6, r5
    mov r7, r5
    ldr r0, [sp, #COLUMNS]
    ldr pc, [sp, #ENTRY]

    .align 2
.Lchain:
    .rept STEPS
    ldrsb r11, [r1, #1]
    ldrsb r10, [r1], #2
    PIXELS r2, r5
    PIXELS r3, r6
    PIXELS r4, r7
    .endr
.Lchain_end:
    .if (.Lchain_end - .Lchain) - STEPS * STEP_BYTES
    .error "STEP_BYTES is wrong"
    .endif
    ldr r12, [sp, #COLUMNS_END]
    cmp r0, r12
    bne .Lchain
    adds r1, #3
    bic r1, #3
    sub r2, r2, r5, lsl #16
    sub r3, r3, r6, lsl #16
    sub r4, r4, r7, lsl #16
    ldrd r8, r9, [sp, #MULTIPLIER]
    ldr r10, [sp, #ROUNDING]
    mov r12, #1
    lsl r12, r9
    lsr r11, r12, #1
    add r10, r10, r12, lsr #2
    ldr pc, [sp, #EPILOGUE]

    .align 2
.Lclamped:
    CLAMPED r2
    CLAMPED r5
    CLAMPED r3
    CLAMPED r6
    CLAMPED r4
    CLAMPED r7
.Lstore:
    ldrd r8, r9, [sp, #Y]
    ldr r11, [sp, #Y_END]
    strb r2, [r8]
    strb r5, [r8, r9]
    strb r3, [r8, r9, lsl #1]
    add r10, r9, r9, lsl #1
    strb r6, [r8, r10]
    strb r4, [r8, r9, lsl #2]
    add r10, r10, r9, lsl #1
    strb r7, [r8, r10]
    add r8, #1
    cmp r8, r11
    str r8, [sp, #Y]
    bne .Lchannel
    add sp, #FRAME
    pop {r4-r11, pc}

    .align 2
.Lsigned:
    SIGNED r2
    SIGNED r5
    SIGNED r3
    SIGNED r6
    SIGNED r4
    SIGNED r7
    b .Lstore
    NN_END nn_gemm_lanes_armv7m
