/* SPDX-License-Identifier: Apache-2.0
 *
 * Four channels of a 3x3 depthwise convolution, one after the other. Their planes lie in memory such that the lines of
 * the output, which go along the longer axis, take each step of `pitch` bytes at once: a column of neighboring inputs
 * belongs to three outputs of each line. The sums are in registers, shifted up as requantization wants them (see
 * triples.S, outputs clamped at the zero point) because the weights are.
 *
 * s0-s8 weights [across][along], a2 2 * multiplier, a3 constant, a4 least, a5 greatest, a6 bias, a7 column, t0 pitch,
 * t4 place of the next output, t5 of the one below it, t6 from one to the next, ra end of t4. */
#include "abi.inc"
#include "offsets.h"
    .set ELEMENT, 4 /* bytes: those of three other channels follow */

    .set JOB, 52
    .set CHANNEL, 56 /* its number */
    .set PLANE, 60
    .set LINES, 64
    .set COUNT, 68
    .set Y, 72
    .set Y_LINE, 76
    .set FRAME, 80

    .set CHANNELS, 4
    .set CHANNEL_BYTES, 24

/* An input's product goes to a sum that has begun. */
    .macro MORE sum, weight
    mul a1, a0, \weight
    add \sum, \sum, a1
    .endm

/* The first column's inputs of a new sum, with the weights given. */
    .macro NEW top, sum, weight
    .if \top
    mul \sum, a0, \weight
    add \sum, \sum, a6
    .else
    MORE \sum, \weight
    .endif
    .endm

/* One input: its products with a line of weights. done, begun, new: sums of the outputs that it is the last, the middle
 * and the first column of, or `none`. */
    .macro INPUT top, w0, w1, w2, done, begun, new
    .ifnc \done, none
    MORE \done, \w2
    .endif
    .ifnc \begun, none
    MORE \begun, \w1
    .endif
    .ifnc \new, none
    NEW \top, \new, \w0
    .endif
    .endm

/* A column of one line of outputs. */
    .macro COLUMN done, begun, new
    lb a0, 0(a7)
    INPUT 1, s0, s1, s2, \done, \begun, \new
    lb a0, 1*ELEMENT(a7)
    INPUT 0, s3, s4, s5, \done, \begun, \new
    lb a0, 2*ELEMENT(a7)
    INPUT 0, s6, s7, s8, \done, \begun, \new
    add a7, a7, t0
    .endm

/* A column of two lines. */
    .macro COLUMNS done, begun, new, done2, begun2, new2
    lb a0, 0(a7)
    INPUT 1, s0, s1, s2, \done, \begun, \new
    lb a0, 1*ELEMENT(a7)
    INPUT 0, s3, s4, s5, \done, \begun, \new
    INPUT 1, s0, s1, s2, \done2, \begun2, \new2
    lb a0, 2*ELEMENT(a7)
    INPUT 0, s6, s7, s8, \done, \begun, \new
    INPUT 0, s3, s4, s5, \done2, \begun2, \new2
    lb a0, 3*ELEMENT(a7)
    INPUT 0, s6, s7, s8, \done2, \begun2, \new2
    add a7, a7, t0
    .endm

    .macro OUTPUT sum, place
    mulhsu \sum, \sum, a2
    add \sum, \sum, a3
    srai \sum, \sum, 15
    NN_STORE_CLAMPED \sum, a4, a5, 0(\place)
    add \place, \place, t6
    .endm

    .macro BEGIN name
    NN_FUNCTION \name
    NN_ENTRY FRAME, ra, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
    sw a0, JOB(sp)
    sw zero, CHANNEL(sp)
    lw t2, NN_DEPTHWISE_3X3_AT_COUNT(a0)
    lw t0, NN_DEPTHWISE_3X3_AT_PITCH(a0)
    lw t6, NN_DEPTHWISE_3X3_AT_Y_STEP(a0)
    lw t3, NN_DEPTHWISE_3X3_AT_Y_LINE_STEP(a0)
    lw a4, NN_DEPTHWISE_3X3_AT_ACT_MIN(a0)
    lw a5, NN_DEPTHWISE_3X3_AT_ACT_MAX(a0)
    mul t2, t2, t6
    sw t2, COUNT(sp)
    sw t3, Y_LINE(sp)
.Lchannel_\name:
    lw a0, JOB(sp)
    lw a6, CHANNEL(sp)
    lw t1, NN_DEPTHWISE_3X3_AT_PLANE(a0)
    lw a1, NN_DEPTHWISE_3X3_AT_CHANNELS(a0)
    lw t2, NN_DEPTHWISE_3X3_AT_Y(a0)
    lw t3, NN_DEPTHWISE_3X3_AT_LINES(a0)
    add t1, t1, a6
    sw t1, PLANE(sp)
    add t2, t2, a6
    sw t2, Y(sp)
    sw t3, LINES(sp)
    li t1, CHANNEL_BYTES
    mul t1, t1, a6
    add a1, a1, t1
    lw a0, 12(a1)
    lw a2, 16(a1)
    lw a3, 20(a1)
    srai a6, a0, 5
    sll a6, a6, a0
    lb s0, 0(a1)
    lb s1, 1(a1)
    lb s2, 2(a1)
    lb s3, 3(a1)
    lb s4, 4(a1)
    lb s5, 5(a1)
    lb s6, 6(a1)
    lb s7, 7(a1)
    lb s8, 8(a1)
    sll s0, s0, a0
    sll s1, s1, a0
    sll s2, s2, a0
    sll s3, s3, a0
    sll s4, s4, a0
    sll s5, s5, a0
    sll s6, s6, a0
    sll s7, s7, a0
    sll s8, s8, a0
    .endm

    .macro RETURN name
    lw a0, CHANNEL(sp)
    addi a0, a0, 1
    sw a0, CHANNEL(sp)
    li a1, CHANNELS
    bne a0, a1, .Lchannel_\name
    NN_RETURN FRAME, ra, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
    NN_END \name
    .endm

/* Where a line begins and ends; the next one is step bytes further on the plane. */
    .macro LINE step
    lw a7, PLANE(sp)
    lw t4, Y(sp)
    lw a1, COUNT(sp)
    addi a0, a7, \step
    sw a0, PLANE(sp)
    add ra, t4, a1
    .endm

/* a0: nn_depthwise_3x3_t. */

/*yaml
  Name:
    - nn_depthwise_3x3_riscv
    - nn_depthwise_3x3_stride_2_riscv
  Signature: void NAME(const nn_depthwise_3x3_t *job)
  Header: riscv/block.h
  ABI: ilp32
  Arguments:
    a0: job, read, 40 bytes
    job->plane: read, pitch bytes for each column of inputs
    job->channels: read, 96 bytes
    job->y: write, 4 bytes for each of count * lines outputs
  Stack: 80 bytes
  Clobbers: nothing that the ABI wants kept
*/
    BEGIN nn_depthwise_3x3_riscv
.Ltwo:
    lw a0, LINES(sp)
    addi a0, a0, -2
    sw a0, LINES(sp)
    bltz a0, .Lone
    LINE 2*ELEMENT
    lw a1, Y_LINE(sp)
    add t5, t4, a1
    add a1, a1, t5
    sw a1, Y(sp)
    COLUMNS none, none, s9, none, none, t1
    COLUMNS none, s9, s10, none, t1, t2
1:  COLUMNS s9, s10, s11, t1, t2, t3
    OUTPUT s9, t4
    OUTPUT t1, t5
    beq t4, ra, .Ltwo
    COLUMNS s10, s11, s9, t2, t3, t1
    OUTPUT s10, t4
    OUTPUT t2, t5
    beq t4, ra, .Ltwo
    COLUMNS s11, s9, s10, t3, t1, t2
    OUTPUT s11, t4
    OUTPUT t3, t5
    bne t4, ra, 1b
    j .Ltwo
.Lone:
    addi a0, a0, 2
    beqz a0, 2f
    LINE ELEMENT
    COLUMN none, none, s9
    COLUMN none, s9, s10
1:  COLUMN s9, s10, s11
    OUTPUT s9, t4
    beq t4, ra, 2f
    COLUMN s10, s11, s9
    OUTPUT s10, t4
    beq t4, ra, 2f
    COLUMN s11, s9, s10
    OUTPUT s11, t4
    bne t4, ra, 1b
2:
    RETURN nn_depthwise_3x3_riscv

/* The same with a stride of 2. */
    BEGIN nn_depthwise_3x3_stride_2_riscv
.Lline:
    LINE 2*ELEMENT
    lw a1, Y_LINE(sp)
    add a1, a1, t4
    sw a1, Y(sp)
    COLUMN none, none, s9
1:  COLUMN none, s9, none
    COLUMN s9, none, s10
    OUTPUT s9, t4
    beq t4, ra, 2f
    COLUMN none, s10, none
    COLUMN s10, none, s9
    OUTPUT s10, t4
    bne t4, ra, 1b
2:  lw a0, LINES(sp)
    addi a0, a0, -1
    sw a0, LINES(sp)
    bnez a0, .Lline
    RETURN nn_depthwise_3x3_stride_2_riscv
