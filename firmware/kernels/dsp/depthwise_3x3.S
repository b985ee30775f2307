/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loops of depthwise.h. An output pair at q needs the pairs q and q + 1 of its three lines: with taps w0 w1 w2
 * of one line, A = (w0, w1) and B = (w1, w2),
 *   even = pair(q) . A + low(pair(q + 1)) * w2,    odd = high(pair(q)) * w0 + pair(q + 1) . B.
 * Walking along, each pair is loaded once; A and B take turns in the same registers.
 *
 * Requantization. TFLM rounds twice: p = (acc * m + 2^30) >> 31, then p / 2^e to nearest, ties away from zero. Clamped
 * at the zero point z = -128 the direction of ties below it does not matter and both are one floor,
 * (acc * m + 2^30 + 2^(30+e) + (z << (31+e))) >> (31+e): with everything times 2^(SHIFT+1-e), which the weights and the
 * bias carry, SMMLA and an SSAT that shifts by SHIFT. Otherwise, with twice the sum, SMMLAR gives p, and a sum below
 * zero gets one less before the second shift: a tie then goes away from zero. */
#include "cortex_m.inc"
#include "offsets.h"

    .set SHIFT, 10 /* gen/compiler/kernels/dsp/spatial.py and depthwise_conv_2d.c have the same */

/* r0 words, r1 ups, r2 channels, r3 their end, r4-r6 weights, r7 bias, r8 multiplier, r9 rounding, r10 shift, r11 mask,
 * r12 how far weights are shifted up: the mask is for the lower halfword's sign, which would run into the upper one. */
    .macro WEIGHTS w
    sxtb16 r7, \w
    sxtb16 \w, \w, ror #8
    lsl r7, r12
    lsl \w, r12
    and r7, r11
    and \w, r11
    str r7, [r2], #4
    .endm

/*yaml
  Name: nn_depthwise_prepare_dsp
  Signature: void nn_depthwise_prepare_dsp(const int32_t *words, const int8_t *ups, nn_depthwise_channel_t *channels)
  Header: dsp/depthwise.h
  ABI: AAPCS
  Arguments:
    r0: words, read, 80 bytes
    r1: ups, read, 4 bytes
    r2: channels, write, 4 * 40 bytes
  Stack: 36 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_depthwise_prepare_dsp
    push {r4-r11, lr}
    add r3, r2, #4 * NN_DEPTHWISE_CHANNEL_BYTES
1:  ldrsb r12, [r1], #1
    ldm r0!, {r4-r8}
    NN_FIELDS 0, NN_DEPTHWISE_CHANNEL_AT_BIAS, NN_DEPTHWISE_CHANNEL_AT_A
    str r7, [r2], #4
    movs r9, #1
    mov r10, #0
    cmp r12, r10
    ble 3f
    lsl r9, r12
    sub r11, r9, #1
    lsr r9, #2
    sub r9, r9, #(128 << SHIFT) - (1 << (SHIFT - 1))
2:  mvn r11, r11, lsl #16
    WEIGHTS r4
    WEIGHTS r5
    WEIGHTS r6
    NN_FIELDS NN_DEPTHWISE_CHANNEL_AT_A + 12, NN_DEPTHWISE_CHANNEL_AT_B
    NN_FIELDS NN_DEPTHWISE_CHANNEL_AT_B + 12, NN_DEPTHWISE_CHANNEL_AT_MULTIPLIER, NN_DEPTHWISE_CHANNEL_AT_ROUNDING, NN_DEPTHWISE_CHANNEL_AT_SHIFT, NN_DEPTHWISE_CHANNEL_BYTES
    stm r2!, {r4-r6, r8-r10}
    cmp r2, r3
    bne 1b
    pop {r4-r11, pc}
3:  rsb r10, r12, #0
    sub r7, r10, #1
    lsl r9, r7
    mov r11, #1
    mov r12, #1
    b 2b
    NN_END nn_depthwise_prepare_dsp

/* r0 from, r1 line_step, r2 step, r3-r6 planes of the four channels, r7 r8 even elements of both lines, r9 r10 odd ones,
 * lr halves. */

/*yaml
  Name: nn_depthwise_gather_dsp
  Signature: void nn_depthwise_gather_dsp(const nn_depthwise_gather_t *gather)
  Header: dsp/depthwise.h
  ABI: AAPCS
  Arguments:
    r0: gather, read, 36 bytes
    gather->from: read, 4 bytes of each element of two lines
    gather->to: write, 8 of every 16 bytes, for each pair in each of four planes
  Stack: 40 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_depthwise_gather_dsp
    push {r0, r4-r11, lr}
    NN_FIELDS NN_DEPTHWISE_GATHER_AT_PLANE_BYTES, NN_DEPTHWISE_GATHER_AT_PLANE_BYTES, NN_DEPTHWISE_GATHER_AT_HALVES
    ldrd r5, lr, [r0, #NN_DEPTHWISE_GATHER_AT_PLANE_BYTES]
    NN_FIELDS NN_DEPTHWISE_GATHER_AT_LEAD, NN_DEPTHWISE_GATHER_AT_LEAD, NN_DEPTHWISE_GATHER_AT_TRAIL
    ldrd r9, r10, [r0, #NN_DEPTHWISE_GATHER_AT_LEAD]
    NN_FIELDS 0, NN_DEPTHWISE_GATHER_AT_FROM, NN_DEPTHWISE_GATHER_AT_LINE_STEP, NN_DEPTHWISE_GATHER_AT_STEP, NN_DEPTHWISE_GATHER_AT_TO
    ldm r0, {r0-r3}
    adds r4, r3, r5
    adds r6, r4, r5
    add r6, r5
    add r5, r4
    cmp r9, #0
    bne .Llead
    cmp lr, #0
    blt .Lrest
.Lpair:
    ldr r7, [r0]
    ldr r8, [r0, r1]
    add r0, r2
.Lodd:
    ldr r9, [r0]
    ldr r10, [r0, r1]
    add r0, r2
.Lcombine:
    pkhbt r11, r7, r9, lsl #16
    pkhtb r9, r9, r7, asr #16
    pkhbt r7, r8, r10, lsl #16
    pkhtb r10, r10, r8, asr #16
    sxtb16 r8, r11
    sxtb16 r12, r7
    strd r8, r12, [r3], #16
    sxtb16 r8, r11, ror #8
    sxtb16 r12, r7, ror #8
    strd r8, r12, [r4], #16
    sxtb16 r8, r9
    sxtb16 r12, r10
    strd r8, r12, [r5], #16
    sxtb16 r8, r9, ror #8
    sxtb16 r12, r10, ror #8
    strd r8, r12, [r6], #16
    subs lr, #2
    bge .Lpair
.Lrest:
    ldr r9, [sp]
    ldr r10, [r9, #NN_DEPTHWISE_GATHER_AT_PADDING]
    cmn lr, #1
    bne 1f
    ldr r7, [r0]
    ldr r8, [r0, r1]
    mov r9, r10
    b .Lcombine
1:  ldr r7, [r9, #NN_DEPTHWISE_GATHER_AT_TRAIL]
    cbz r7, 2f
    sxtb16 r8, r10
    strd r8, r8, [r3]
    strd r8, r8, [r4]
    strd r8, r8, [r5]
    strd r8, r8, [r6]
2:  pop {r0, r4-r11, pc}
.Llead:
    ldr r9, [sp]
    ldr r7, [r9, #NN_DEPTHWISE_GATHER_AT_PADDING]
    mov r8, r7
    b .Lodd
    NN_END nn_depthwise_gather_dsp

/* r0-r3 a pair of each line, r4 even and r5 odd output of the first line, r6 r7 of the second, r8-r10 weights, r11 from,
 * r12 b of the channel, lr y. The frame has a copy of the argument from its step on. */
    .set STEP, 0
    .set LINE_STEP, 4
    .set END, 8
    .set ODD, 12
    .set FROM_SKIP, 16 /* and y_skip */
    .set PLANE_BYTES, 24 /* and channels_end */
    .set LINES, 32 /* the argument */
    .set FRAME, 36

/* r12 points to b. */
    .macro LOAD_A /* and the bias, to where it is overwritten last */
    NN_FIELDS NN_DEPTHWISE_CHANNEL_AT_B - 16, NN_DEPTHWISE_CHANNEL_AT_BIAS, NN_DEPTHWISE_CHANNEL_AT_A
    ldmdb r12, {r7-r10}
    .endm

    .macro TWO_LINES
    LOAD_A
    smlad r4, r0, r8, r7
    smlatb r5, r0, r8, r7
    smlad r6, r1, r8, r7
    smlatb r7, r1, r8, r7
    smlad r4, r1, r9, r4
    smlatb r5, r1, r9, r5
    smlad r6, r2, r9, r6
    smlatb r7, r2, r9, r7
    smlad r4, r2, r10, r4
    smlatb r5, r2, r10, r5
    smlad r6, r3, r10, r6
    smlatb r7, r3, r10, r7
    ldmia r11!, {r0-r3}
    ldmia r12, {r8-r10}
    smlabt r4, r0, r8, r4
    smlad r5, r0, r8, r5
    smlabt r6, r1, r8, r6
    smlad r7, r1, r8, r7
    smlabt r4, r1, r9, r4
    smlad r5, r1, r9, r5
    smlabt r6, r2, r9, r6
    smlad r7, r2, r9, r7
    smlabt r4, r2, r10, r4
    smlad r5, r2, r10, r5
    smlabt r6, r3, r10, r6
    smlad r7, r3, r10, r7
    .endm

    .macro ONE_LINE
    LOAD_A
    smlad r4, r0, r8, r7
    smlatb r5, r0, r8, r7
    smlad r4, r1, r9, r4
    smlatb r5, r1, r9, r5
    smlad r4, r2, r10, r4
    smlatb r5, r2, r10, r5
    ldmia r11!, {r0-r3}
    ldmia r12, {r8-r10}
    smlabt r4, r0, r8, r4
    smlad r5, r0, r8, r5
    smlabt r4, r1, r9, r4
    smlad r5, r1, r9, r5
    smlabt r4, r2, r10, r4
    smlad r5, r2, r10, r5
    .endm

    .macro EVEN_OF_TWO_LINES
    LOAD_A
    smlad r4, r0, r8, r7
    smlad r6, r1, r8, r7
    smlad r4, r1, r9, r4
    smlad r6, r2, r9, r6
    smlad r4, r2, r10, r4
    smlad r6, r3, r10, r6
    ldmia r11!, {r0-r3}
    ldmia r12, {r8-r10}
    smlabt r4, r0, r8, r4
    smlabt r6, r1, r8, r6
    smlabt r4, r1, r9, r4
    smlabt r6, r2, r9, r6
    smlabt r4, r2, r10, r4
    smlabt r6, r3, r10, r6
    .endm

    .macro EVEN
    LOAD_A
    smlad r4, r0, r8, r7
    smlad r4, r1, r9, r4
    smlad r4, r2, r10, r4
    ldmia r11!, {r0-r3}
    ldmia r12, {r8-r10}
    smlabt r4, r0, r8, r4
    smlabt r4, r1, r9, r4
    smlabt r4, r2, r10, r4
    .endm

    .macro MULTIPLY_SHORT a, more:vararg
    smmla \a, \a, r8, r9
    .ifnb \more
    MULTIPLY_SHORT \more
    .endif
    .endm
    .macro SATURATE_SHORT a, more:vararg
    ssat \a, #8, \a, asr #SHIFT
    .ifnb \more
    SATURATE_SHORT \more
    .endif
    .endm
    .macro SHORT sums:vararg
    NN_FIELDS NN_DEPTHWISE_CHANNEL_AT_MULTIPLIER, NN_DEPTHWISE_CHANNEL_AT_MULTIPLIER, NN_DEPTHWISE_CHANNEL_AT_ROUNDING
    ldrd r8, r9, [r12, #NN_DEPTHWISE_CHANNEL_AT_MULTIPLIER - NN_DEPTHWISE_CHANNEL_AT_B]
    MULTIPLY_SHORT \sums
    SATURATE_SHORT \sums
    .endm

    .macro MULTIPLY a, more:vararg
    add r10, r9, \a, asr #31
    smmlar \a, \a, r8, r10
    .ifnb \more
    MULTIPLY \more
    .endif
    .endm
    .macro DIVIDE a, more:vararg
    asr \a, \a, r8
    add \a, r9
    ssat \a, #8, \a
    .ifnb \more
    DIVIDE \more
    .endif
    .endm
    .macro CLAMP a, more:vararg
    ssub8 r10, \a, r8
    sel \a, \a, r8
    ssub8 r10, r9, \a
    sel \a, \a, r9
    .ifnb \more
    CLAMP \more
    .endif
    .endm
    .macro LONG sums:vararg
    NN_FIELDS NN_DEPTHWISE_CHANNEL_AT_MULTIPLIER, NN_DEPTHWISE_CHANNEL_AT_MULTIPLIER, NN_DEPTHWISE_CHANNEL_AT_ROUNDING
    ldrd r8, r9, [r12, #NN_DEPTHWISE_CHANNEL_AT_MULTIPLIER - NN_DEPTHWISE_CHANNEL_AT_B]
    MULTIPLY \sums
    ldr r10, [sp, #LINES]
    ldr r8, [r12, #NN_DEPTHWISE_CHANNEL_AT_SHIFT - NN_DEPTHWISE_CHANNEL_AT_B]
    ldr r9, [r10, #NN_DEPTHWISE_LINES_AT_OUTPUT_OFFSET]
    DIVIDE \sums
    ldr r10, [sp, #LINES]
    NN_FIELDS NN_DEPTHWISE_LINES_AT_ACT_MIN, NN_DEPTHWISE_LINES_AT_ACT_MIN, NN_DEPTHWISE_LINES_AT_ACT_MAX
    ldrd r8, r9, [r10, #NN_DEPTHWISE_LINES_AT_ACT_MIN]
    CLAMP \sums
    .endm

    .macro STORE_TWO_LINES /* and r10 = end */
    ldm sp, {r8-r10}
    add r9, lr
    strb r7, [r9, r8]
    strb r6, [r9]
    strb r5, [lr, r8]
    strb r4, [lr]
    add lr, lr, r8, lsl #1
    .endm
    .macro STORE_EVEN_OF_TWO_LINES /* the first line last: where there is one only, line_step is 0 */
    ldr r9, [sp, #LINE_STEP]
    strb r6, [lr, r9]
    strb r4, [lr]
    .endm

    /* Into the first pair; there may be no whole pair of outputs. */
    .macro BEGIN long, odd, end=r10
    ldmia r11!, {r0-r3}
    ldr r9, [r12, #NN_DEPTHWISE_CHANNEL_AT_SHIFT - NN_DEPTHWISE_CHANNEL_AT_B]
    ldr \end, [sp, #END]
    cmp r9, #0
    bne \long
    cmp r11, \end
    bhi \odd
    .endm
    .macro UNLESS_ODD next
    ldr r10, [sp, #ODD]
    cmp r10, #0
    beq \next
    .endm
    .macro NEXT channel
    ldrd r4, r5, [sp, #FROM_SKIP]
    ldrd r6, r7, [sp, #PLANE_BYTES]
    ldr r8, [sp, #END]
    adds r12, #NN_DEPTHWISE_CHANNEL_BYTES
    add r11, r4
    add lr, r5
    add r8, r6
    cmp r12, r7
    str r8, [sp, #END]
    blo \channel
    .endm

/*yaml
  Name: nn_depthwise_lines_dsp
  Signature: void nn_depthwise_lines_dsp(const nn_depthwise_lines_t *lines)
  Header: dsp/depthwise.h
  ABI: AAPCS
  Arguments:
    r0: lines, read, 60 bytes
    lines->from: read, 16 bytes of each pair up to one beyond end, in each of four planes
    lines->channels: read, channels_end - channels bytes
    lines->y: write, a byte for each output of one or two lines of four channels
  Stack: 72 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_depthwise_lines_dsp
    push {r4-r11, lr}
    sub sp, #FRAME
    NN_FIELDS 0, NN_DEPTHWISE_LINES_AT_FROM, NN_DEPTHWISE_LINES_AT_CHANNELS, NN_DEPTHWISE_LINES_AT_Y
    ldm r0!, {r11, r12, lr}
    NN_FIELDS 12, NN_DEPTHWISE_LINES_AT_STEP, NN_DEPTHWISE_LINES_AT_LINE_STEP, NN_DEPTHWISE_LINES_AT_END, NN_DEPTHWISE_LINES_AT_ODD
    NN_FIELDS 28, NN_DEPTHWISE_LINES_AT_FROM_SKIP, NN_DEPTHWISE_LINES_AT_Y_SKIP, NN_DEPTHWISE_LINES_AT_PLANE_BYTES, NN_DEPTHWISE_LINES_AT_CHANNELS_END
    ldm r0, {r1-r8}
    subs r0, #12
    stm sp, {r1-r8}
    str r0, [sp, #LINES]
    adds r12, #NN_DEPTHWISE_CHANNEL_AT_B
.Lchannel:
    ldr r0, [sp, #LINES]
    ldr r0, [r0, #NN_DEPTHWISE_LINES_AT_LINES]
    cmp r0, #1
    beq .Lone_line
    bhi .Lstride_2

.Ltwo_lines:
    BEGIN .Llong, 2f
1:  TWO_LINES
    SHORT r4, r5, r6, r7
    STORE_TWO_LINES
    cmp r11, r10
    bls 1b
2:  UNLESS_ODD 3f
    EVEN_OF_TWO_LINES
    SHORT r4, r6
    STORE_EVEN_OF_TWO_LINES
3:  NEXT .Ltwo_lines
    b .Lreturn

.Lone_line:
    BEGIN .Llong, 2f, end=r6
1:  ONE_LINE
    SHORT r4, r5
    ldr r8, [sp, #STEP]
    cmp r11, r6
    strb r5, [lr, r8]
    strb r4, [lr]
    add lr, lr, r8, lsl #1
    bls 1b
2:  UNLESS_ODD 3f
    EVEN
    SHORT r4
    strb r4, [lr]
3:  NEXT .Lone_line
    b .Lreturn

.Lstride_2:
    BEGIN .Llong_stride_2, 3f, end=r6
    ldr r5, [sp, #STEP]
1:  EVEN
    SHORT r4
    cmp r11, r6
    strb r4, [lr]
    add lr, r5
    bls 1b
3:  NEXT .Lstride_2
    b .Lreturn

.Llong:
    ldr r10, [sp, #END]
    cmp r11, r10
    bhi 2f
1:  TWO_LINES
    LONG r4, r5, r6, r7
    STORE_TWO_LINES
    cmp r11, r10
    bls 1b
2:  UNLESS_ODD 3f
    EVEN_OF_TWO_LINES
    LONG r4, r6
    STORE_EVEN_OF_TWO_LINES
3:  NEXT .Lchannel
    b .Lreturn

.Llong_stride_2:
    EVEN
    LONG r4
    ldm sp, {r8-r10}
    strb r4, [lr]
    add lr, r8
    cmp r11, r10
    bls .Llong_stride_2
    NEXT .Lchannel
.Lreturn:
    add sp, #FRAME
    pop {r4-r11, pc}
    NN_END nn_depthwise_lines_dsp
