/* SPDX-License-Identifier: Apache-2.0
 *
 * The dot product of portable/dot.h on Cortex-M4, M7 and M33, with the model's own int8 weights: four channels share
 * each load and widening of inputs.
 *
 * void nn_dot_dsp(const nn_window_t *window, const int8_t *x, const int8_t *w, int32_t w_channel, uint32_t acc[4])
 * r0 x, r1-r4 weights, r5-r8 sums, r9 r10 inputs (k0 k2) (k1 k3), r11 r12 weights, lr input offset in both halves. */
#include "cortex_m.inc"
#include "offsets.h"

    .set WORDS_END, 0
    .set ENTRY, 4
    .set WORD_BYTES, 8
    .set TAIL, 12
    .set RUN_STEP, 16
    .set ROW_STEP, 24
    .set RUNS, 32
    .set RUNS_LEFT, 36
    .set ROWS_LEFT, 40
    .set FRAME, 44
    .set SUMS, FRAME + 36
    .set STEP_BYTES, 92
    .set STEPS, 4

    .macro DUAL w, acc
    ldr r11, [\w], #4
    sxtb16 r12, r11
    smlad \acc, r12, r9, \acc
    sxtb16 r11, r11, ror #8
    smlad \acc, r11, r10, \acc
    .endm

    .macro SINGLE w, acc
    ldrsb r11, [\w], #1
    mla \acc, r11, r9, \acc
    .endm

    .macro ADVANCE steps
    ldrd r9, r10, [sp, #\steps]
    add r0, r9
    add r1, r10
    add r2, r10
    add r3, r10
    add r4, r10
    .endm

/*yaml
  Name: nn_dot_dsp
  Signature: void nn_dot_dsp(const nn_window_t *window, const int8_t *x, const int8_t *w, int32_t w_channel, uint32_t acc[4])
  Header: dsp/dot.h
  ABI: AAPCS
  Arguments:
    r0: window, read, 32 bytes
    r1: x, read, length bytes of each run
    r2: w, read, length bytes of each run, of four channels
    r3: w_channel, value
    sp: acc, write, 16 bytes
  Stack: 80 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_dot_dsp
    push {r4-r11, lr}
    sub sp, #FRAME
    NN_FIELDS 0, NN_WINDOW_AT_ROWS, NN_WINDOW_AT_RUNS, NN_WINDOW_AT_LENGTH, NN_WINDOW_AT_OFFSET
    NN_FIELDS 16, NN_WINDOW_AT_X_ROW, NN_WINDOW_AT_X_RUN, NN_WINDOW_AT_W_ROW, NN_WINDOW_AT_W_RUN
    ldm r0, {r4-r11}
    cmp r4, #0 /* a dilated window may have all its taps beside the input */
    it ne
    cmpne r5, #0
    beq .Lnothing
    pkhbt lr, r7, r7, lsl #16
    str r4, [sp, #ROWS_LEFT]
    str r5, [sp, #RUNS]
    mls r8, r5, r9, r8
    mls r10, r5, r11, r10
    strd r8, r10, [sp, #ROW_STEP]
    subs r9, r9, r6
    subs r11, r11, r6
    strd r9, r11, [sp, #RUN_STEP]
    and r7, r6, #3
    bic r6, #3
    strd r6, r7, [sp, #WORD_BYTES]
    /* The chain makes (words mod 4) steps first. */
    lsrs r7, r6, #2
    negs r7, r7
    and r7, #STEPS - 1
    movs r8, #STEP_BYTES
    adr r9, .Lchain + 1
    mla r7, r7, r8, r9
    cbnz r6, 1f
    adr r7, .Ltail + 1
1:  str r7, [sp, #ENTRY]
    mov r0, r1
    mov r1, r2
    add r2, r1, r3
    add r4, r2, r3, lsl #1
    add r3, r2
    movs r5, #0
    movs r6, #0
    movs r7, #0
    mov r8, r5

.Lrow:
    ldr r9, [sp, #RUNS]
    str r9, [sp, #RUNS_LEFT]
.Lrun:
    ldr r9, [sp, #WORD_BYTES]
    add r9, r0
    str r9, [sp, #WORDS_END]
    ldr pc, [sp, #ENTRY]

    .align 2
.Lchain:
    .rept STEPS
    ldr r10, [r0], #4
    sxtab16 r9, lr, r10
    sxtab16 r10, lr, r10, ror #8
    DUAL r1, r5
    DUAL r2, r6
    DUAL r3, r7
    DUAL r4, r8
    .endr
.Lchain_end:
    .if (.Lchain_end - .Lchain) - STEPS * STEP_BYTES
    .error "STEP_BYTES is wrong"
    .endif
    ldr r9, [sp, #WORDS_END]
    cmp r0, r9
    bne .Lchain

    .align 2
.Ltail:
    ldr r10, [sp, #TAIL]
    cmp r10, #0
    beq 2f
1:  ldrsb r9, [r0], #1
    sxtah r9, r9, lr
    SINGLE r1, r5
    SINGLE r2, r6
    SINGLE r3, r7
    SINGLE r4, r8
    subs r10, #1
    bne 1b
2:  ADVANCE RUN_STEP
    ldr r9, [sp, #RUNS_LEFT]
    subs r9, #1
    str r9, [sp, #RUNS_LEFT]
    bgt .Lrun
    ADVANCE ROW_STEP
    ldr r9, [sp, #ROWS_LEFT]
    subs r9, #1
    str r9, [sp, #ROWS_LEFT]
    bgt .Lrow

.Lsums:
    ldr r9, [sp, #SUMS]
    stm r9, {r5-r8}
    add sp, #FRAME
    pop {r4-r11, pc}

.Lnothing:
    movs r5, #0
    movs r6, #0
    movs r7, #0
    mov r8, r5
    b .Lsums
    NN_END nn_dot_dsp
