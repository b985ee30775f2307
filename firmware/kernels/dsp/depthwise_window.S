/* SPDX-License-Identifier: Apache-2.0
 *
 * See nn_depthwise_taps_t in depthwise.h. r1 x, r2 w, r3 x_run, r4-r7 sums, r10 the input's offset twice, r11 taps left
 * in a row, r12 w_run. */
#include "cortex_m.inc"
#include "offsets.h"

/*yaml
  Name: nn_depthwise_taps_dsp
  Signature: void nn_depthwise_taps_dsp(const nn_depthwise_taps_t *taps, const int8_t *x, const int8_t *w, uint32_t sums[4])
  Header: dsp/depthwise.h
  ABI: AAPCS
  Arguments:
    r0: taps, read, 28 bytes
    r1: x, read, 4 bytes of each tap
    r2: w, read, 4 bytes of each tap
    r3: sums, write, 16 bytes
  Stack: 56 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_depthwise_taps_dsp
    push {r4-r11, lr}
    NN_FIELDS NN_DEPTHWISE_TAPS_AT_X_SKIP, NN_DEPTHWISE_TAPS_AT_X_SKIP, NN_DEPTHWISE_TAPS_AT_W_SKIP
    ldrd r4, r5, [r0, #NN_DEPTHWISE_TAPS_AT_X_SKIP]
    NN_FIELDS 0, NN_DEPTHWISE_TAPS_AT_ROWS, NN_DEPTHWISE_TAPS_AT_RUNS, NN_DEPTHWISE_TAPS_AT_OFFSET, NN_DEPTHWISE_TAPS_AT_X_RUN, NN_DEPTHWISE_TAPS_AT_W_RUN
    ldm r0, {r6, r7, r10, r12, lr}
    push {r3-r7}
    mov r3, r12
    mov r12, lr
    mov r8, r6
    movs r4, #0
    movs r5, #0
    movs r6, #0
    movs r7, #0
    cmp r8, #0
    ble 3f
1:  ldr r11, [sp, #16]
2:  ldr r8, [r1]
    ldr r9, [r2]
    add r1, r3
    add r2, r12
    sxtab16 lr, r10, r8
    sxtb16 r0, r9
    smlabb r4, lr, r0, r4
    smlatt r6, lr, r0, r6
    sxtab16 lr, r10, r8, ror #8
    sxtb16 r0, r9, ror #8
    subs r11, #1
    smlabb r5, lr, r0, r5
    smlatt r7, lr, r0, r7
    bgt 2b
    ldrd r8, r9, [sp, #4]
    ldr r0, [sp, #12]
    add r1, r8
    add r2, r9
    subs r0, #1
    str r0, [sp, #12]
    bgt 1b
3:  pop {r3}
    stm r3, {r4-r7}
    add sp, #16
    pop {r4-r11, pc}
    NN_END nn_depthwise_taps_dsp
