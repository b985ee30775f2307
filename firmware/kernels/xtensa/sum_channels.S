/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums over a window of four neighboring channels, for weights as the model has them. A weight in the upper byte of a
 * halfword is a signed factor of 256 times as much, as are the sums until the end.
 *
 * a2 x, a3 weights, a4 x_run, a5 w_run, a6 offset - 128, a7 job, a8 runs, a9 128, a10-a13 sums. */
#include "abi.inc"
#include "offsets.h"

    .macro CHANNEL k, acc
    l8ui a14, a2, \k
    l8ui a15, a3, \k
    xor a14, a14, a9
    slli a15, a15, 8
    add a14, a14, a6
    mul16s a14, a14, a15
    add \acc, \acc, a14
    .endm

/*yaml
  Name: nn_sum_channels_xtensa
  Signature: void nn_sum_channels_xtensa(const nn_channels_t *job, int32_t *sums)
  Header: xtensa/block.h
  ABI: CALL0 or windowed
  Arguments:
    a2: job, read, 36 bytes
    job->x: read, 4 bytes of each tap
    job->weights: read, 4 bytes of each tap
    a3: sums, write, 16 bytes
  Stack: 32 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_sum_channels_xtensa
    NN_ENTRY 32, 0, 12, 13, 14, 15
    s32i a3, a1, 20
    mov a7, a2
    l32i a0, a7, NN_CHANNELS_AT_ROWS
    l32i a3, a7, NN_CHANNELS_AT_WEIGHTS
    l32i a4, a7, NN_CHANNELS_AT_X_RUN
    l32i a5, a7, NN_CHANNELS_AT_W_RUN
    l32i a6, a7, NN_CHANNELS_AT_OFFSET
    l32i a2, a7, NN_CHANNELS_AT_X
    movi a9, 128
    sub a6, a6, a9
    movi a10, 0
    movi a11, 0
    movi a12, 0
    movi a13, 0
1:  l32i a8, a7, NN_CHANNELS_AT_RUNS
2:  CHANNEL 0, a10
    CHANNEL 1, a11
    CHANNEL 2, a12
    CHANNEL 3, a13
    addi a8, a8, -1
    add a2, a2, a4
    add a3, a3, a5
    bnez a8, 2b
    l32i a14, a7, NN_CHANNELS_AT_X_SKIP
    l32i a15, a7, NN_CHANNELS_AT_W_SKIP
    addi a0, a0, -1
    add a2, a2, a14
    add a3, a3, a15
    bnez a0, 1b
    l32i a3, a1, 20
    srai a10, a10, 8
    srai a11, a11, 8
    srai a12, a12, 8
    srai a13, a13, 8
    s32i a10, a3, 0
    s32i a11, a3, 4
    s32i a12, a3, 8
    s32i a13, a3, 12
    NN_RETURN 32, 0, 12, 13, 14, 15
    NN_END nn_sum_channels_xtensa
