/* SPDX-License-Identifier: Apache-2.0
 *
 * 3x3 convolutions of stride 1 by Winograd's minimal filtering F(2x2, 3x3) in integers: 16 products of sums for four
 * outputs, instead of 36. Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015. Their
 * filters' transform has halves; here it is
 *     along a row: 2 * g0, g0 + g1 + g2, g0 - g1 + g2, 2 * g2, so that its outputs come out doubled;
 *     down a column: g0, g0 + g1 + g2, g0 - g1 + g2, g2; here the products of the second and the third are halved.
 * Inputs' sums are within 4 * 128, filters' within 9 * 128, so that with 64 inputs what is summed up over two rows and
 * three columns is within 2^28, and with 4 times a bias below 2^28 an int32.
 * Outputs: as in gemm_pairs.S, of the doubled sums; where no linear function is TFLM's, they're rounded twice.
 * Positions of a transform are in the order of rows 1, 2, 0, 3, and in each row of columns 1, 2, 0, 3. */
#include "cortex_m.inc"
#include "offsets.h"
#include "requantize.inc"

/* r0 column, r1 row bytes, r2 column bytes, r3 column's last row; then r1 input, r2 bytes of a position. On the stack,
 * columns[row][column][parity]; row 2 is that of inputs 1 less 2, the paper's is 2 less 1. */
    .set COLUMNS_END, 192
    .set X, 196
    .set INPUT, 200
    .set ROW_BYTES, 204
    .set DEPTH, 208
    .set WORDS_LEFT, 212
    .set FRAME, 220

/*yaml
  Name: nn_winograd_input_dsp
  Signature: void nn_winograd_input_dsp(const int8_t *x, int16_t *input, int32_t row, int32_t in_c)
  Header: dsp/winograd_block.h
  ABI: AAPCS
  Arguments:
    r0: x, read, 6 * in_c bytes of each of four rows
    r1: input, write, 64 * in_c bytes
    r2: row, value
    r3: in_c, value, a multiple of 4
  Stack: 256 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_winograd_input_dsp
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
    sxtb16 r8, r5
    sxtab16 r9, r8, r6
    ssub16 r10, r8, r9 /* -x2 */
    sxtab16 r11, r10, r4
    sadd16 r10, r8, r10
    sxtb16 r12, r7
    ssub16 r12, r8, r12
    sxtb16 r5, r5, ror #8
    sxtab16 r8, r5, r6, ror #8
    ssub16 r6, r5, r8
    sxtab16 r4, r6, r4, ror #8
    sadd16 r6, r5, r6
    sxtb16 r7, r7, ror #8
    ssub16 r7, r5, r7
    strd r10, r6, [lr, #48]
    strd r11, r4, [lr, #96]
    ldr r4, [sp, #COLUMNS_END]
    strd r12, r7, [lr, #144]
    strd r9, r8, [lr], #8
    cmp lr, r4
    bne .Lcolumn

    ldr r1, [sp, #INPUT]
    lsls r2, #2
    /* r3-r6 what is stored, r7 r8 column 1, r9 r10 column 2, r11 r12 column 3, lr r0 column 4. Two rows while Z is set,
     * then two that the stack pointer, the one register left, has moved on to. */
    cmp r0, r0
.Lrows:
    .irp row, 0, 48
    ldrd r7, r8, [sp, #\row + 8]
    ldrd r9, r10, [sp, #\row + 16]
    ldrd r11, r12, [sp, #\row + 24]
    ldrd lr, r0, [sp, #\row + 32]
    sadd16 r3, r7, r9
    sadd16 r4, r8, r10
    sadd16 r5, r11, lr
    sadd16 r6, r12, r0
    stm r1, {r3-r6}
    add r1, r2
    ssub16 r3, r9, r7
    ssub16 r4, r10, r8
    ssub16 r5, lr, r11
    ssub16 r6, r0, r12
    stm r1, {r3-r6}
    add r1, r2
    ldrd r3, r4, [sp, #\row]
    ssub16 r3, r3, r9
    ssub16 r4, r4, r10
    ssub16 r9, r9, lr
    ssub16 r10, r10, r0
    stm r1, {r3, r4, r9, r10}
    add r1, r2
    ldrd r3, r4, [sp, #\row + 40]
    ssub16 r7, r7, r11
    ssub16 r8, r8, r12
    ssub16 r11, r11, r3
    ssub16 r12, r12, r4
    stm r1, {r7, r8, r11, r12}
    add r1, r2
    .endr
    bne .Lrows_end
    add sp, #96
    cmp sp, #0
    b .Lrows
.Lrows_end:
    sub sp, #96

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
    NN_END nn_winograd_input_dsp

/* Two tiles x all pairs of channels. With s0 to s3 the sums of a row's positions, the one column of outputs gets
 * s1 + s2 + s0, the other s1 - s2 - s3 = 2 * s1 - (s1 + s2 + s3): sums run on from position to position.
 * r0 input, r1 stream, r2-r5 weights, r6-r9 inputs, r10-r12 lr sums: of the one channel in both tiles, of the other. */
    .set LEFTS, 0
    .set RIGHTS, 64
    .set S1, 128
    .set S12, 144
    .set NEXT_ROW, 160
    .set ROWS_END, 164
    .set ENTRY_ODD, 168
    .set ENTRY_EVEN, 172
    .set V, 176
    .set Y, 180
    .set PIXEL, 184
    .set ROW, 188
    .set Y_END, 192
    .set ENDS, 196
    .set IS_LINEAR, 200
    .set FRAME_2, 204
    .set STEP_BYTES, 38
    .set STEPS, 16

    .macro CHAIN name
    .align 2
\name:
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
\name\()_end:
    .if (\name\()_end - \name) - STEPS * STEP_BYTES
    .error "STEP_BYTES is wrong"
    .endif
    .endm

/*yaml
  Name: nn_winograd_outputs_dsp
  Signature: void nn_winograd_outputs_dsp(const nn_winograd_block_t *block)
  Header: dsp/winograd_block.h
  ABI: AAPCS
  Arguments:
    r0: block, read, 36 bytes
    block->input: read, 256 * steps bytes
    block->stream: read, 256 * steps bytes for each pair of channels
    block->ends: read, 16 bytes for each channel
    block->y: write, y_end - y bytes at each of eight pixels
  Stack: 240 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_winograd_outputs_dsp
    push {r4-r11, lr}
    sub sp, #FRAME_2
    NN_FIELDS 0, NN_WINOGRAD_BLOCK_AT_INPUT, NN_WINOGRAD_BLOCK_AT_Y, NN_WINOGRAD_BLOCK_AT_PIXEL, NN_WINOGRAD_BLOCK_AT_ROW
    NN_FIELDS 16, NN_WINOGRAD_BLOCK_AT_Y_END, NN_WINOGRAD_BLOCK_AT_ENDS, NN_WINOGRAD_BLOCK_AT_LINEAR, NN_WINOGRAD_BLOCK_AT_STEPS, NN_WINOGRAD_BLOCK_AT_STREAM
    ldm r0, {r0-r8}
    add r9, sp, #V
    stm r9, {r0-r6}
    mov r1, r8
    add r8, sp, #RIGHTS
    str r8, [sp, #ROWS_END]
    rsb r7, #STEPS
    movs r2, #STEP_BYTES
    adr r3, .Lodd + 1
    mla r8, r7, r2, r3
    adr r3, .Leven + 1
    mla r9, r7, r2, r3
    strd r8, r9, [sp, #ENTRY_ODD]

.Lpair:
    ldr r2, [sp, #ENDS]
    ldr r10, [r2]
    ldr r12, [r2, #16]
    mov r11, r10
    mov lr, r12
    ldr r0, [sp, #V]
    str sp, [sp, #NEXT_ROW]
    cmp r0, r0
    ldr pc, [sp, #ENTRY_ODD]

    /* Z is set in the first two positions of a row, and clear in the others. */
.Lrow_of_positions:
    movs r10, #0
    mov r11, #0
    mov r12, #0
    mov lr, #0
    ldr pc, [sp, #ENTRY_ODD]

    CHAIN .Lodd
    bne 1f
    strd r10, r11, [sp, #S1]
    strd r12, lr, [sp, #S1 + 8]
    ldr pc, [sp, #ENTRY_EVEN]
1:  ldr r2, [sp, #NEXT_ROW]
    stm r2, {r10-r12, lr}
    ldrd r10, r11, [sp, #S12]
    ldrd r12, lr, [sp, #S12 + 8]
    ldr pc, [sp, #ENTRY_EVEN]

    CHAIN .Leven
    bne 1f
    strd r10, r11, [sp, #S12]
    strd r12, lr, [sp, #S12 + 8]
    movs r2, #1
    ldr pc, [sp, #ENTRY_ODD]
1:  ldrd r2, r3, [sp, #S1]
    ldrd r4, r5, [sp, #S1 + 8]
    rsb r10, r10, r2, lsl #1
    rsb r11, r11, r3, lsl #1
    rsb r12, r12, r4, lsl #1
    rsb lr, lr, r5, lsl #1
    ldrd r2, r3, [sp, #NEXT_ROW]
    strd r10, r11, [r2, #64]
    strd r12, lr, [r2, #72]
    adds r2, #16
    str r2, [sp, #NEXT_ROW]
    cmp r2, r3
    bne .Lrow_of_positions

    /* Outputs of one channel and one column of both tiles, from the four rows of sums. r0 y, r10 multiplier, r11
     * constant, r12 shift. */
    .macro OUTPUTS sums
    ldrd r2, r3, [sp, #\sums]
    ldrd r6, r7, [sp, #\sums + 16]
    ldrd r4, r5, [sp, #\sums + 32]
    ldrd r8, r9, [sp, #\sums + 48]
    sub lr, r2, r6
    adds r2, r6
    add r4, r4, lr, asr #1
    rsb r2, r8, r2, asr #1
    sub lr, r3, r7
    adds r3, r7
    add r5, r5, lr, asr #1
    rsb r3, r9, r3, asr #1
    ldr r6, [sp, #IS_LINEAR]
    cbz r6, 1f
    NN_LINEAR r4, r10, r11, 5
    NN_LINEAR r5, r10, r11, 5
    NN_LINEAR r2, r10, r11, 5
    NN_LINEAR r3, r10, r11, 5
    b 2f
1:  NN_ROUNDED r4, r10, r11, r12, r6
    NN_ROUNDED r5, r10, r11, r12, r6
    NN_ROUNDED r2, r10, r11, r12, r6
    NN_ROUNDED r3, r10, r11, r12, r6
2:  ldrd lr, r6, [sp, #PIXEL]
    add r6, r0
    strb r4, [r0]
    strb r5, [r0, lr, lsl #1]
    strb r2, [r6]
    strb r3, [r6, lr, lsl #1]
    .endm

    .macro CHANNEL sums
    ldr r2, [sp, #ENDS]
    ldmia r2!, {r3, r10-r12}
    str r2, [sp, #ENDS]
    ldr r0, [sp, #Y]
    OUTPUTS LEFTS + \sums
    ldr lr, [sp, #PIXEL]
    add r0, lr
    OUTPUTS RIGHTS + \sums
    ldr r0, [sp, #Y]
    adds r0, #1
    str r0, [sp, #Y]
    .endm

    CHANNEL 0
    CHANNEL 8
    ldr r2, [sp, #Y_END]
    cmp r0, r2
    bne .Lpair
    add sp, #FRAME_2
    pop {r4-r11, pc}
    NN_END nn_winograd_outputs_dsp
