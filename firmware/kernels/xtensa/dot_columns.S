/* SPDX-License-Identifier: Apache-2.0
 *
 * Vector times matrix, eight outputs at a time: each input is loaded once for them. Inputs are 128 too much each, as the
 * weights are.
 * a2 x, a3 weights, a4 inputs left, a0 128, a6-a13 sums. */
#include "abi.inc"

    .set SUMS, 20
    .set FRAME, 32

    .macro TAP k
    l8ui a14, a2, \k
    l8ui a15, a3, 8 * \k
    l8ui a5, a3, 8 * \k + 1
    xor a14, a14, a0
    mull a15, a14, a15
    mull a5, a14, a5
    add a6, a6, a15
    add a7, a7, a5
    l8ui a15, a3, 8 * \k + 2
    l8ui a5, a3, 8 * \k + 3
    mull a15, a14, a15
    mull a5, a14, a5
    add a8, a8, a15
    add a9, a9, a5
    l8ui a15, a3, 8 * \k + 4
    l8ui a5, a3, 8 * \k + 5
    mull a15, a14, a15
    mull a5, a14, a5
    add a10, a10, a15
    add a11, a11, a5
    l8ui a15, a3, 8 * \k + 6
    l8ui a5, a3, 8 * \k + 7
    mull a15, a14, a15
    mull a5, a14, a5
    add a12, a12, a15
    add a13, a13, a5
    .endm

/*yaml
  Name: nn_dot_columns_xtensa
  Signature: void nn_dot_columns_xtensa(const int8_t *x, const uint8_t *weights, int32_t count, uint32_t *sums)
  Header: xtensa/block.h
  ABI: CALL0 or windowed
  Arguments:
    a2: x, read, count bytes
    a3: weights, read, 8 * count bytes
    a4: count, value
    a5: sums, write, 32 bytes
  Stack: 32 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_dot_columns_xtensa
    NN_ENTRY FRAME, 0, 12, 13, 14, 15
    s32i a5, a1, SUMS
    movi a0, 128
    .irp i, 6, 7, 8, 9, 10, 11, 12, 13
    movi a\i, 0
    .endr
    j 2f
1:  TAP 0
    TAP 1
    TAP 2
    TAP 3
    addi a2, a2, 4
    addi a3, a3, 32
2:  addi a4, a4, -4
    bgez a4, 1b
    addi a4, a4, 4
    beqz a4, 4f
3:  TAP 0
    addi a2, a2, 1
    addi a3, a3, 8
    addi a4, a4, -1
    bnez a4, 3b
4:  l32i a5, a1, SUMS
    .irp i, 6, 7, 8, 9, 10, 11, 12, 13
    s32i a\i, a5, 4 * (\i - 6)
    .endr
    NN_RETURN FRAME, 0, 12, 13, 14, 15
    NN_END nn_dot_columns_xtensa
