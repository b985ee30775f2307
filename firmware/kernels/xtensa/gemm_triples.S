/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products with three pixels in two words: X = a + 2^21 * b and Y = c + 2^10 * b. Sums of X * w and Y * w modulo
 * 2^32 hold the sums A, B, C of the three pixels, which are 21 bits each after 2^20 is added: X the 11 lower bits of B
 * above A; Y then B + (C >> 10) above the 10 lower bits of C, which gives the rest.
 * Weights are bytes, 128 too much each: sums start from -128 times the sum of X and of Y.
 *
 * The stream of four channels: for each chunk of taps four weights a tap, then a record for each channel. */
#include "abi.inc"
#include "offsets.h"
#include "requantize.inc"

/* The frame. */
    .set JOB, 20
    .set END, 24
    .set CHUNKS_LEFT, 28
    .set LEAST, 32
    .set GREATEST, 36
    .set SPECIAL, 40 /* mode | accumulate */
    .set FRAME, 48

/* a2 column, a3 weights, a4-a11 sums of X and Y of four channels. */
    .macro TAP k
    l8ui a15, a3, 4 * \k
    l8ui a0, a3, 4 * \k + 1
    l32i a12, a2, 8 * \k
    l32i a13, a2, 8 * \k + 4
    mull a14, a12, a15
    mull a15, a13, a15
    add a4, a4, a14
    add a5, a5, a15
    l8ui a15, a3, 4 * \k + 2
    mull a14, a12, a0
    mull a0, a13, a0
    add a6, a6, a14
    add a7, a7, a0
    l8ui a0, a3, 4 * \k + 3
    mull a14, a12, a15
    mull a15, a13, a15
    add a8, a8, a14
    add a9, a9, a15
    mull a14, a12, a0
    mull a0, a13, a0
    add a10, a10, a14
    add a11, a11, a0
    .endm

/* a6 a9 a7 = the three sums in a6 and a7; uses a8. */
    .macro UNPACK
    extui a8, a6, 21, 11
    slli a6, a6, 11
    srli a6, a6, 11
    srli a9, a7, 10
    sub a8, a9, a8
    extui a8, a8, 0, 11
    sub a9, a9, a8
    slli a8, a9, 10
    sub a7, a7, a8
    .endm

    .macro OUTSIDE acc, back
    bltz \acc, 1f
    l32i \acc, a1, GREATEST
    j \back
1:  l32i \acc, a1, LEAST
    j \back
    .endm

/*yaml
  Name: nn_gemm_triples_xtensa
  Signature: void nn_gemm_triples_xtensa(nn_triples_t *job)
  Header: xtensa/block.h
  ABI: CALL0 or windowed
  Arguments:
    a2: job, read-write, 132 bytes, of which stream, y, channels, words and sums are written
    job->columns: read, 8 + chunk_bytes for each chunk
    job->stream: read, 4 bytes a tap and a record for each channel, in fours
    job->y: write, `channels` bytes at each of three pixels
  Stack: 48 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_gemm_triples_xtensa
    NN_ENTRY FRAME, 0, 12, 13, 14, 15
    s32i a2, a1, JOB
    l32i a4, a2, NN_TRIPLES_AT_ACT_MIN
    l32i a5, a2, NN_TRIPLES_AT_ACT_MAX
    s32i a4, a1, LEAST
    s32i a5, a1, GREATEST
    l32i a4, a2, NN_TRIPLES_AT_MODE
    l32i a5, a2, NN_TRIPLES_AT_ACCUMULATE
    or a4, a4, a5
    s32i a4, a1, SPECIAL
    l32i a4, a2, NN_TRIPLES_AT_BITS
    ssr a4
    mov a14, a2
    l32i a3, a14, NN_TRIPLES_AT_STREAM
.Lgroup: /* a14 job, a3 stream */
    l32i a5, a14, NN_TRIPLES_AT_ACCUMULATE
    l32i a2, a14, NN_TRIPLES_AT_COLUMNS
    bnez a5, .Lclear
.Lchunk: /* a14 job, a2 column */
    l32i a4, a2, 0
    l32i a5, a2, 4
    l32i a13, a14, NN_TRIPLES_AT_CHUNK_BYTES
    addi a2, a2, 8
    add a12, a2, a13
    s32i a12, a1, END
    mov a6, a4
    mov a7, a5
    mov a8, a4
    mov a9, a5
    mov a10, a4
    mov a11, a5
    bbci a13, 5, .Ltaps
    addi a2, a2, -32 /* an odd number of four taps */
    addi a3, a3, -16
    j .Lhalf
    .align 4
.Ltaps:
    TAP 0
    TAP 1
    TAP 2
    TAP 3
.Lhalf:
    TAP 4
    TAP 5
    TAP 6
    TAP 7
    l32i a14, a1, END
    addi a2, a2, 64
    addi a3, a3, 32
    bne a2, a14, .Ltaps

    l32i a14, a1, JOB
    l32i a0, a1, SPECIAL
    .irp i, 4, 5, 6, 7, 8, 9, 10, 11
    s32i a\i, a14, NN_TRIPLES_AT_WORDS + 4 * (\i - 4)
    .endr
    bnez a0, .Lmore
.Loutputs: /* a14 job, a3 records */
    l32i a4, a14, NN_TRIPLES_AT_CHANNELS
    l32i a2, a14, NN_TRIPLES_AT_Y
    l32i a10, a14, NN_TRIPLES_AT_Y_1
    l32i a11, a14, NN_TRIPLES_AT_Y_2
    addi a5, a14, 32
    addi a4, a4, -4
    s32i a4, a14, NN_TRIPLES_AT_CHANNELS
    bltz a4, .Lfewer
.Lknown:
    mov a4, a14
    bnez a0, .Lspecial
.Lchannel: /* a2 y, a3 record, a4 job, 8 bytes further for each channel, a5 where it ends, a10 and a11 pixels of y */
    l32i a6, a4, NN_TRIPLES_AT_WORDS
    l32i a7, a4, NN_TRIPLES_AT_WORDS + 4
    addi a4, a4, 8
    l32i a12, a3, 0
    UNPACK
    l32i a13, a3, 8
    l32i a14, a3, 12
    l32i a15, a3, 16
    add a6, a6, a12
    add a9, a9, a12
    add a7, a7, a12
    l32i a12, a3, 4
    addi a3, a3, 20
    NN_CLAMPED a6, a12, a13, a14, a15, a8, .Lout_a
.Lclamped_a:
    NN_CLAMPED a9, a12, a13, a14, a15, a8, .Lout_b
.Lclamped_b:
    NN_CLAMPED a7, a12, a13, a14, a15, a8, .Lout_c
.Lclamped_c:
    s8i a6, a2, 0
    add a8, a2, a10
    s8i a9, a8, 0
    add a8, a2, a11
    s8i a7, a8, 0
    addi a2, a2, 1
    bne a4, a5, .Lchannel
.Lnext:
    l32i a14, a1, JOB
    l32i a4, a14, NN_TRIPLES_AT_CHANNELS
    s32i a2, a14, NN_TRIPLES_AT_Y
    bgei a4, 1, .Lgroup
.Lreturn:
    NN_RETURN FRAME, 0, 12, 13, 14, 15

.Lfewer: /* than four channels: 8 bytes less for each that isn't there */
    slli a4, a4, 3
    add a5, a5, a4
    j .Lknown

.Lclear:
    l32i a4, a14, NN_TRIPLES_AT_CHUNKS
    movi a5, 0
    s32i a4, a1, CHUNKS_LEFT
    .irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    s32i a5, a14, NN_TRIPLES_AT_SUMS + 4 * \i
    .endr
    j .Lchunk

.Lmore: /* a14 job, a0 special */
    l32i a5, a14, NN_TRIPLES_AT_ACCUMULATE
    beqz a5, .Loutputs
    mov a4, a14
    mov a5, a14
    addi a10, a14, 32
1:  l32i a6, a4, NN_TRIPLES_AT_WORDS
    l32i a7, a4, NN_TRIPLES_AT_WORDS + 4
    addi a4, a4, 8
    UNPACK
    l32i a8, a5, NN_TRIPLES_AT_SUMS
    l32i a11, a5, NN_TRIPLES_AT_SUMS + 4
    l32i a12, a5, NN_TRIPLES_AT_SUMS + 8
    add a6, a6, a8
    add a9, a9, a11
    add a7, a7, a12
    s32i a6, a5, NN_TRIPLES_AT_SUMS
    s32i a9, a5, NN_TRIPLES_AT_SUMS + 4
    s32i a7, a5, NN_TRIPLES_AT_SUMS + 8
    addi a5, a5, 12
    bne a4, a10, 1b
    l32i a4, a1, CHUNKS_LEFT
    l32i a5, a14, NN_TRIPLES_AT_MODE
    addi a4, a4, -1
    s32i a4, a1, CHUNKS_LEFT
    bnez a4, .Lchunk
    bnei a5, 2, .Loutputs
    s32i a3, a14, NN_TRIPLES_AT_STREAM
    j .Lreturn

/* Several chunks, whose sums are in SUMS, 12 bytes for each channel; or signed outputs; or both. */
.Lspecial:
    l32i a10, a1, JOB
    l32i a6, a4, NN_TRIPLES_AT_WORDS
    l32i a7, a4, NN_TRIPLES_AT_WORDS + 4
    l32i a12, a10, NN_TRIPLES_AT_ACCUMULATE
    addi a4, a4, 8
    UNPACK
    beqz a12, 1f
    sub a8, a4, a10
    srli a8, a8, 1
    add a8, a8, a4
    l32i a6, a8, NN_TRIPLES_AT_SUMS - 12
    l32i a9, a8, NN_TRIPLES_AT_SUMS - 8
    l32i a7, a8, NN_TRIPLES_AT_SUMS - 4
1:  l32i a12, a3, 0
    l32i a13, a3, 8
    l32i a14, a3, 12
    l32i a15, a3, 16
    l32i a8, a10, NN_TRIPLES_AT_MODE
    add a6, a6, a12
    add a9, a9, a12
    add a7, a7, a12
    l32i a12, a3, 4
    movi a11, 0 /* no sum is below zero */
    beqz a8, 2f
    l32i a11, a3, 20
    l32i a10, a3, 24
    addi a3, a3, 8
2:  addi a3, a3, 20
    NN_SIGNED a6, a12, a13, a14, a15, a11, a10, a8, .Lsigned_out_a
.Lsigned_a:
    NN_SIGNED a9, a12, a13, a14, a15, a11, a10, a8, .Lsigned_out_b
.Lsigned_b:
    NN_SIGNED a7, a12, a13, a14, a15, a11, a10, a8, .Lsigned_out_c
.Lsigned_c:
    l32i a8, a1, JOB
    s8i a6, a2, 0
    l32i a10, a8, NN_TRIPLES_AT_Y_1
    l32i a8, a8, NN_TRIPLES_AT_Y_2
    add a10, a2, a10
    add a8, a2, a8
    s8i a9, a10, 0
    s8i a7, a8, 0
    addi a2, a2, 1
    bne a4, a5, .Lspecial
    j .Lnext

.Lout_a:
    OUTSIDE a6, .Lclamped_a
.Lout_b:
    OUTSIDE a9, .Lclamped_b
.Lout_c:
    OUTSIDE a7, .Lclamped_c
.Lsigned_out_a:
    OUTSIDE a6, .Lsigned_a
.Lsigned_out_b:
    OUTSIDE a9, .Lsigned_b
.Lsigned_out_c:
    OUTSIDE a7, .Lsigned_c
    NN_END nn_gemm_triples_xtensa
