/* SPDX-License-Identifier: Apache-2.0
 *
 * One channel's int8, plus 128 each, into the words of a plane: the sign bit flipped. */
#include "abi.inc"
#include "offsets.h"

/* a2 to, a3 from, a4 step, a5 line step, a6 count, a7 lines, a11 pitch, a13 128. */
    .macro MOVE k
    l8ui a14, a3, 0
    add a3, a3, a4
    xor a14, a14, a13
    s32i a14, a2, 4 * \k
    .endm

/*yaml
  Name: nn_depthwise_gather_xtensa
  Signature: void nn_depthwise_gather_xtensa(const nn_gather_t *job)
  Header: xtensa/block.h
  ABI: CALL0 or windowed
  Arguments:
    a2: job, read, 28 bytes
    job->from: read, a byte for each of count * lines elements
    job->to: write, 4 * count bytes for each line
  Stack: 16 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_depthwise_gather_xtensa
    NN_ENTRY 16, 12, 13, 14
    l32i a3, a2, NN_GATHER_AT_FROM
    l32i a4, a2, NN_GATHER_AT_STEP
    l32i a5, a2, NN_GATHER_AT_LINE_STEP
    l32i a6, a2, NN_GATHER_AT_COUNT
    l32i a7, a2, NN_GATHER_AT_LINES
    l32i a11, a2, NN_GATHER_AT_PITCH
    l32i a2, a2, NN_GATHER_AT_TO
    movi a13, 128
1:  mov a9, a2
    mov a10, a3
    addi a8, a6, -4
    bltz a8, 3f
2:  MOVE 0
    MOVE 1
    MOVE 2
    MOVE 3
    addi a2, a2, 16
    addi a8, a8, -4
    bgez a8, 2b
3:  addi a8, a8, 4
    beqz a8, 5f
4:  MOVE 0
    addi a2, a2, 4
    addi a8, a8, -1
    bnez a8, 4b
5:  add a2, a9, a11
    add a3, a10, a5
    addi a7, a7, -1
    bnez a7, 1b
    NN_RETURN 16, 12, 13, 14
    NN_END nn_depthwise_gather_xtensa
