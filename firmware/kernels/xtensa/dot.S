/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums over one run of inputs, for weights as the model has them. Sign bits are flipped to make bytes of int8, 128 too
 * much each; what that adds is the sum of the inputs times 128, subtracted at the end. */
#include "abi.inc"


/* a2 x, a3 a4 a5 a8 weights of four channels, a6 offset - 128, a7 inputs left, a9 128, a10-a13 sums, a0 sum of inputs. */
    .macro TAP k
    l8ui a14, a2, \k
    l8ui a15, a3, \k
    xor a14, a14, a9
    xor a15, a15, a9
    add a14, a14, a6
    mull a15, a14, a15
    add a0, a0, a14
    add a10, a10, a15
    l8ui a15, a4, \k
    xor a15, a15, a9
    mull a15, a14, a15
    add a11, a11, a15
    l8ui a15, a5, \k
    xor a15, a15, a9
    mull a15, a14, a15
    add a12, a12, a15
    l8ui a15, a8, \k
    xor a15, a15, a9
    mull a15, a14, a15
    add a13, a13, a15
    .endm

    .macro ADVANCE k
    addi a2, a2, \k
    addi a3, a3, \k
    addi a4, a4, \k
    addi a5, a5, \k
    addi a8, a8, \k
    .endm

/*yaml
  Name: nn_dot_run_xtensa
  Signature: void nn_dot_run_xtensa(const int8_t *x, const int8_t *weights, int32_t w_channel, int32_t count, int32_t offset, int32_t *sums)
  Header: xtensa/block.h
  ABI: CALL0 or windowed
  Arguments:
    a2: x, read, count bytes
    a3: weights, read, count bytes of each of four channels
    a4: w_channel, value
    a5: count, value
    a6: offset, value
    a7: sums, read-write, 16 bytes
  Stack: 32 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_dot_run_xtensa
    NN_ENTRY 32, 0, 12, 13, 14, 15
    s32i a7, a1, 20
    mov a0, a4
    mov a9, a5
    l32i a10, a7, 0
    l32i a11, a7, 4
    l32i a12, a7, 8
    l32i a13, a7, 12
    mov a7, a9
    add a4, a3, a0
    add a5, a4, a0
    add a8, a5, a0
    movi a9, 128
    sub a6, a6, a9
    movi a0, 0
    j 2f
1:  TAP 0
    TAP 1
    TAP 2
    TAP 3
    ADVANCE 4
2:  addi a7, a7, -4
    bgez a7, 1b
    addi a7, a7, 4
    beqz a7, 4f
3:  TAP 0
    ADVANCE 1
    addi a7, a7, -1
    bnez a7, 3b
4:  slli a0, a0, 7
    l32i a7, a1, 20
    sub a10, a10, a0
    sub a11, a11, a0
    sub a12, a12, a0
    sub a13, a13, a0
    s32i a10, a7, 0
    s32i a11, a7, 4
    s32i a12, a7, 8
    s32i a13, a7, 12
    NN_RETURN 32, 0, 12, 13, 14, 15
    NN_END nn_dot_run_xtensa
