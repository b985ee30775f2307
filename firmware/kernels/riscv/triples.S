/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products with three pixels in two words. A step is a tap of three pixels a, b and c:
 *
 *     first = a + 2^21 * b,  second = c + 2^11 * b  (modulo 2^32).
 *
 * Both are multiplied by the weight and summed up modulo 2^32, without a look at what overflows: two products and two
 * sums for three pixels. At the end, with A, B and C the pixels' sums, the lower 21 bits of the first word are A; what
 * is left of it are the lower 11 bits of B, which are taken out of the second; then the lower 22 bits of that are C,
 * and what is left are the upper bits of B. That is exact while |A|, |B| and |C| are below 2^20 - 1024.
 *
 * Requantization, m and 2^-e the multiplier of a channel, e = 1..14. TFLM rounds twice: q = (sum * m + 2^30) >> 31,
 * then q / 2^e to nearest, ties away from zero. For outputs that are clamped at the zero point z the tie's direction
 * below z does not matter, and both are (t + 2^(14-e) + 2^14 + (z << 15)) >> 15, where t is the upper word of
 * 2 * m * (sum << (15 - e)). Otherwise sums below zero get 2^(15-e) less before the shift.
 *
 * The stream of four channels: for each tap their weights; then for each channel (bias << 5) + 15 - e, 2 * m, and the
 * constant that is added to t.
 *
 * Where sums are too large for that, nn_triples_sums_riscv adds those of a part of the taps to int32 in memory; for
 * three pixels that takes half the time. */
#include "abi.inc"
#include "offsets.h"
    .set TAP_BYTES, 16 /* of columns */
    .set HEADER_BYTES, 12

    .set COLUMNS, 52 /* after ra and s0-s11 */
    .set COLUMNS_END, 56
    .set ENTRY, 60
    .set SKIP, 64
    .set Y, 68
    .set STRIDE, 72
    .set Y_LAST, 76
    .set LOW, 80
    .set HIGH, 84
    .set FRAME, 96

    .macro ZEROS r:req, rest:vararg
    li \r, 0
    .ifnb \rest
    ZEROS \rest
    .endif
    .endm

/* A weight times three pixels in a2 and a3, and three in a4 and a5. */
    .macro PRODUCTS three, weight, p, q, r, s
    mul a7, a2, \weight
    mul t6, a3, \weight
    add \p, \p, a7
    add \q, \q, t6
    .ifc \three, no
    mul a7, a4, \weight
    mul t6, a5, \weight
    add \r, \r, a7
    add \s, \s, t6
    .endif
    .endm

    .macro TAP three, i
    lw a2, TAP_BYTES*\i(a0)
    lw a3, TAP_BYTES*\i+4(a0)
    .ifc \three, no
    lw a4, TAP_BYTES*\i+8(a0)
    lw a5, TAP_BYTES*\i+12(a0)
    .endif
    lb a6, 4*\i(a1)
    lb t5, 4*\i+1(a1)
    PRODUCTS \three, a6, s0, s1, s2, s3
    lb a6, 4*\i+2(a1)
    PRODUCTS \three, t5, s4, s5, s6, s7
    lb t5, 4*\i+3(a1)
    PRODUCTS \three, a6, s8, s9, s10, s11
    PRODUCTS \three, t5, t1, t2, t3, t4
    .endm

/* One output: a2 stride, a3 shift, a4 multiplier, a5 constant, a6 bias, a7 least, t0 greatest, t5 its place. */
    .macro OUTPUT kind, channel, acc, free
    add \acc, \acc, a6
    sll \acc, \acc, a3
    mulhsu \acc, \acc, a4
    .ifc \kind, signed
    srai \free, \acc, 31
    sll \free, \free, a3
    add \acc, \acc, \free
    .endif
    add \acc, \acc, a5
    srai \acc, \acc, 15
    NN_STORE_CLAMPED \acc, a7, t0, \channel(t5)
    .endm

/* Three sums from two words: into t6, first, ra. */
    .macro DECODE first, second
    slli t6, \first, 11
    srai t6, t6, 11
    sub \first, \first, t6
    srai ra, \first, 10
    sub \second, \second, ra
    slli ra, \second, 10
    srai ra, ra, 10
    sub \second, \second, ra
    srai \second, \second, 11
    srai \first, \first, 21
    add \first, \first, \second
    .endm

    .macro THREE kind, channel, first, second
    DECODE \first, \second
    OUTPUT \kind, \channel, t6, \second
    add t5, t5, a2
    OUTPUT \kind, \channel, \first, \second
    add t5, t5, a2
    OUTPUT \kind, \channel, ra, \second
    .endm

    .macro ADD_TO place, sum
    lw a2, \place(a0)
    add a2, a2, \sum
    sw a2, \place(a0)
    .endm

    .macro ADD_THREE place, first, second
    DECODE \first, \second
    ADD_TO \place, t6
    ADD_TO \place+4, \first
    ADD_TO \place+8, ra
    .endm

    .macro ADD_CHANNEL three, channel, p, q, r, s
    ADD_THREE 24*\channel, \p, \q
    .ifc \three, no
    ADD_THREE 24*\channel+12, \r, \s
    .endif
    .endm

    .macro CHANNEL kind, channel, p, q, r, s
    lw a3, HEADER_BYTES*\channel(a1)
    lw a4, HEADER_BYTES*\channel+4(a1)
    lw a5, HEADER_BYTES*\channel+8(a1)
    srai a6, a3, 5
    mv t5, a0
    THREE \kind, \channel, \p, \q
    add t5, t5, a2
    THREE \kind, \channel, \r, \s
    .endm

/* a0: nn_triples_t. unroll: taps of a turn, 4 or 2. In the loop a0 columns, a1 stream, ra the columns' end; then a0 y. */
    .macro TRIPLES kind, name, three=no, unroll=4
    NN_FUNCTION \name
    NN_ENTRY FRAME, ra, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
    lw a1, NN_TRIPLES_AT_STREAM(a0)
    lw t1, NN_TRIPLES_AT_Y(a0)
    lw t2, NN_TRIPLES_AT_STRIDE(a0)
    lw t3, NN_TRIPLES_AT_Y_END(a0)
    lw t4, NN_TRIPLES_AT_TAPS(a0)
    lw t5, NN_TRIPLES_AT_ACT_MIN(a0)
    lw t6, NN_TRIPLES_AT_ACT_MAX(a0)
    lw a0, NN_TRIPLES_AT_COLUMNS(a0)
    sw t1, Y(sp)
    sw t2, STRIDE(sp)
    addi t3, t3, -4
    sw t3, Y_LAST(sp)
    sw t5, LOW(sp)
    sw t6, HIGH(sp)
    slli t5, t4, 4
    add t5, t5, a0
    sw t5, COLUMNS_END(sp)
    /* The first turn skips so many taps that only whole turns follow. */
    neg t4, t4
    andi t4, t4, \unroll - 1
    slli t5, t4, 4
    sub a0, a0, t5
    sw a0, COLUMNS(sp)
    slli t5, t4, 2
    sw t5, SKIP(sp)
    lla t5, .Ltap0\@
    lla t6, .Ltap1\@
    sub t6, t6, t5
    mul t6, t6, t4
    add t6, t6, t5
    sw t6, ENTRY(sp)

.Lgroup\@:
    lw a7, ENTRY(sp)
    lw t6, SKIP(sp)
    lw a0, COLUMNS(sp)
    lw ra, COLUMNS_END(sp)
    sub a1, a1, t6
    ZEROS s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t1, t2, t3, t4
    jr a7

    .balign 4
.Ltap0\@:
    TAP \three, 0
.Ltap1\@:
    TAP \three, 1
    .if \unroll == 4
    TAP \three, 2
    TAP \three, 3
    .endif
    addi a0, a0, TAP_BYTES * \unroll
    addi a1, a1, 4 * \unroll
    bne a0, ra, .Ltap0\@

    lw a0, Y(sp)
    .ifc \kind, sums
    ADD_CHANNEL \three, 0, s0, s1, s2, s3
    ADD_CHANNEL \three, 1, s4, s5, s6, s7
    ADD_CHANNEL \three, 2, s8, s9, s10, s11
    ADD_CHANNEL \three, 3, t1, t2, t3, t4
    .else
    lw a2, STRIDE(sp)
    lw a7, LOW(sp)
    lw t0, HIGH(sp)
    CHANNEL \kind, 0, s0, s1, s2, s3
    CHANNEL \kind, 1, s4, s5, s6, s7
    CHANNEL \kind, 2, s8, s9, s10, s11
    CHANNEL \kind, 3, t1, t2, t3, t4
    lw a2, Y_LAST(sp)
    addi a1, a1, HEADER_BYTES * 4
    addi a3, a0, 4
    beq a0, a2, .Ldone\@
    bleu a3, a2, .Lstore\@
    mv a3, a2 /* the last four, some of them once more */
.Lstore\@:
    sw a3, Y(sp)
    j .Lgroup\@
    .endif
.Ldone\@:
    NN_RETURN FRAME, ra, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
    NN_END \name
    .endm

/*yaml
  Name:
    - nn_triples_clamped_riscv
    - nn_triples_signed_riscv
  Signature: void NAME(const nn_triples_t *block)
  Header: riscv/block.h
  ABI: ilp32
  Arguments:
    a0: block, read, 32 bytes
    block->columns: read, 16 * taps bytes
    block->stream: read, 4 * taps + 48 bytes for each four channels
    block->y: write, y_end - y bytes at each of six pixels
  Stack: 96 bytes
  Clobbers: nothing that the ABI wants kept
*/
    TRIPLES clamped, nn_triples_clamped_riscv
    TRIPLES signed, nn_triples_signed_riscv

/*yaml
  Name:
    - nn_triples_sums_riscv
    - nn_triples_sums_of_three_riscv
  Signature: void NAME(const nn_triples_t *block)
  Header: riscv/block.h
  ABI: ilp32
  Arguments:
    a0: block, read, 32 bytes
    block->columns: read, 16 (of three: 8 of every 16) * taps bytes
    block->stream: read, 4 * taps bytes
    block->y: read-write, 96 bytes (of three: 12 of every 24)
  Stack: 96 bytes
  Clobbers: nothing that the ABI wants kept
*/
    TRIPLES sums, nn_triples_sums_riscv
    TRIPLES sums, nn_triples_sums_of_three_riscv, yes, 2
