/* SPDX-License-Identifier: Apache-2.0
 *
 * Three pixels' taps as gemm_triples.S wants them. */
#include "abi.inc"
#include "offsets.h"

/* a2 to, a3 a4 a5 pixels, a6 taps left, a7 rows, a8 and a9 the sign bits of X and Y, a10 a11 their sums, a0 the job.
 * Bytes become int8: the sign bit flipped, minus 128. */
    .macro TAP k
    l8ui a12, a3, \k
    l8ui a13, a4, \k
    l8ui a14, a5, \k
    slli a15, a13, 21
    slli a13, a13, 10
    add a12, a12, a15
    add a14, a14, a13
    xor a12, a12, a8
    xor a14, a14, a9
    sub a12, a12, a8
    sub a14, a14, a9
    add a10, a10, a12
    add a11, a11, a14
    s32i a12, a2, 8 * \k
    s32i a14, a2, 8 * \k + 4
    .endm

/*yaml
  Name: nn_gemm_column_xtensa
  Signature: void nn_gemm_column_xtensa(nn_column_t *job)
  Header: xtensa/block.h
  ABI: CALL0 or windowed
  Arguments:
    a2: job, read-write, 32 bytes, of which to, a, b and c are written
    job->a: read, count bytes of each row
    job->b: read, count bytes of each row
    job->c: read, count bytes of each row
    job->to: write, 8 * count * rows bytes
    job->starts: read-write, 8 bytes
  Stack: 32 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_gemm_column_xtensa
    NN_ENTRY 32, 0, 12, 13, 14, 15
    mov a0, a2
    l32i a3, a0, NN_COLUMN_AT_A
    l32i a4, a0, NN_COLUMN_AT_B
    l32i a5, a0, NN_COLUMN_AT_C
    l32i a7, a0, NN_COLUMN_AT_ROWS
    l32i a2, a0, NN_COLUMN_AT_TO
    movi a12, 128
    slli a8, a12, 21
    slli a9, a12, 10
    add a8, a8, a12
    add a9, a9, a12
    movi a10, 0
    movi a11, 0
.Lrow:
    l32i a6, a0, NN_COLUMN_AT_COUNT
    j 2f
1:  TAP 0
    TAP 1
    TAP 2
    TAP 3
    addi a3, a3, 4
    addi a4, a4, 4
    addi a5, a5, 4
    addi a2, a2, 32
2:  addi a6, a6, -4
    bgez a6, 1b
    addi a6, a6, 4
    beqz a6, 4f
3:  TAP 0
    addi a3, a3, 1
    addi a4, a4, 1
    addi a5, a5, 1
    addi a2, a2, 8
    addi a6, a6, -1
    bnez a6, 3b
4:  l32i a12, a0, NN_COLUMN_AT_SKIP
    addi a7, a7, -1
    add a3, a3, a12
    add a4, a4, a12
    add a5, a5, a12
    bnez a7, .Lrow
    l32i a7, a0, NN_COLUMN_AT_STARTS
    s32i a2, a0, NN_COLUMN_AT_TO
    s32i a3, a0, NN_COLUMN_AT_A
    s32i a4, a0, NN_COLUMN_AT_B
    s32i a5, a0, NN_COLUMN_AT_C
    l32i a12, a7, 0
    l32i a13, a7, 4
    slli a10, a10, 7
    slli a11, a11, 7
    sub a12, a12, a10
    sub a13, a13, a11
    s32i a12, a7, 0
    s32i a13, a7, 4
    NN_RETURN 32, 0, 12, 13, 14, 15
    NN_END nn_gemm_column_xtensa
