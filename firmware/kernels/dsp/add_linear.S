/* SPDX-License-Identifier: Apache-2.0
 *
 * See add.h. r0 left, r1 x1, r2 x2, r3 y, r4 multiplier1, r5 multiplier2, r6 sum, r7 mask of the odd bytes: an int8 in
 * the upper byte of a halfword is 256 times itself, and SMLAW divides by 65,536. */
#include "cortex_m.inc"
#include "offsets.h"

/*yaml
  Name: nn_add_linear_dsp
  Signature: void nn_add_linear_dsp(const nn_add_linear_dsp_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch)
  Header: dsp/add.h
  ABI: AAPCS
  Arguments:
    r0: op, read, 16 bytes
    r1: x1, read, count bytes
    r2: x2, read, count bytes
    r3: y, write, count bytes, may be x1 or x2
    sp: scratch, none, 0 bytes
  Stack: 36 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_add_linear_dsp
    push {r4-r11, lr}
    NN_FIELDS 0, NN_ADD_LINEAR_DSP_AT_MULTIPLIER1, NN_ADD_LINEAR_DSP_AT_MULTIPLIER2, NN_ADD_LINEAR_DSP_AT_SUM, NN_ADD_LINEAR_DSP_AT_COUNT
    ldm r0, {r4-r6, r8}
    mov r7, #0xff00ff00
    subs r0, r8, #4
    blt 2f
1:  ldr r8, [r1], #4
    ldr r9, [r2], #4
    and r10, r7, r8, lsl #8
    and r8, r7
    and r11, r7, r9, lsl #8
    and r9, r7
    smlawb r12, r4, r10, r6
    smlawb lr, r4, r8, r6
    smlawt r10, r4, r10, r6
    smlawt r8, r4, r8, r6
    smlawb r12, r5, r11, r12
    smlawb lr, r5, r9, lr
    smlawt r10, r5, r11, r10
    smlawt r8, r5, r9, r8
    ssat r12, #8, r12, asr #20
    ssat lr, #8, lr, asr #20
    ssat r10, #8, r10, asr #20
    ssat r8, #8, r8, asr #20
    bfi r12, lr, #8, #8
    bfi r12, r10, #16, #8
    bfi r12, r8, #24, #8
    subs r0, #4
    str r12, [r3], #4
    bge 1b
2:  adds r0, #4
    beq 4f
3:  ldrsb r8, [r1], #1
    ldrsb r9, [r2], #1
    lsl r8, #8
    lsl r9, #8
    smlawb r12, r4, r8, r6
    smlawb r12, r5, r9, r12
    ssat r12, #8, r12, asr #20
    subs r0, #1
    strb r12, [r3], #1
    bne 3b
4:  pop {r4-r11, pc}
    NN_END nn_add_linear_dsp
