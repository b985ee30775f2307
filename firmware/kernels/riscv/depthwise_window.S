/* SPDX-License-Identifier: Apache-2.0
 *
 * One output pixel of a depthwise convolution with the model's own constants, four channels at a time.
 *
 * TFLM rounds twice: q = sum * multiplier / 2^31 to nearest, then q / 2^e to nearest, ties away from zero. With e >= 1
 * and |sum| < 2^29 both are one shift of 2 * q, whose last bit is rounded away; below zero, q counts as one less. */
#include "abi.inc"
#include "offsets.h"
    .macro PRODUCT channel, sum, value, weight
    lb \value, \channel(a1)
    lb \weight, \channel(a2)
    add \value, \value, a6
    mul \value, \value, \weight
    add \sum, \sum, \value
    .endm

/* a1 output's offset, a2 least, a3 greatest, ra 1. */
    .macro OUTPUT channel, sum
    lw t4, 4*\channel(s7)
    lw t5, 4*\channel(s8)
    lb t6, \channel(s9)
    add \sum, \sum, t4
    slli \sum, \sum, 2
    mulh \sum, \sum, t5
    addi \sum, \sum, 1
    srai t4, \sum, 31
    add \sum, \sum, t4
    add \sum, \sum, t4
    neg t6, t6
    sll t4, ra, t6
    add \sum, \sum, t4
    addi t6, t6, 1
    sra \sum, \sum, t6
    add \sum, \sum, a1
    bge \sum, a2, 1f
    mv \sum, a2
1:  ble \sum, a3, 1f
    mv \sum, a3
1:  sb \sum, \channel(s5)
    .endm

/* a0: nn_depthwise_window_t. a1 x, a2 weights, a3 their end in this row, a4 a5 from one tap to the next, a6 input's
 * offset, a7 rows, s0 s1 from the end of a row to the next, s2 weights of a row; of all four channels: s3 x, s4 weights,
 * s5 y, s6 its end, s7 bias, s8 multiplier, s9 shift. */

/*yaml
  Name: nn_depthwise_window_riscv
  Signature: void nn_depthwise_window_riscv(const nn_depthwise_window_t *window)
  Header: riscv/block.h
  ABI: ilp32
  Arguments:
    a0: window, read, 68 bytes
    window->x: read, y_end - y bytes of each tap
    window->weights: read, y_end - y bytes of each tap
    window->bias: read, 4 * (y_end - y) bytes
    window->multiplier: read, 4 * (y_end - y) bytes
    window->shift: read, y_end - y bytes
    window->y: write, y_end - y bytes
  Stack: 48 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_depthwise_window_riscv
    NN_ENTRY 48, ra, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9
    lw s3, NN_DEPTHWISE_WINDOW_AT_X(a0)
    lw s4, NN_DEPTHWISE_WINDOW_AT_WEIGHTS(a0)
    lw s5, NN_DEPTHWISE_WINDOW_AT_Y(a0)
    lw s6, NN_DEPTHWISE_WINDOW_AT_Y_END(a0)
    lw a4, NN_DEPTHWISE_WINDOW_AT_X_RUN(a0)
    lw s0, NN_DEPTHWISE_WINDOW_AT_X_SKIP(a0)
    lw a5, NN_DEPTHWISE_WINDOW_AT_W_RUN(a0)
    lw s1, NN_DEPTHWISE_WINDOW_AT_W_SKIP(a0)
    lw a6, NN_DEPTHWISE_WINDOW_AT_OFFSET(a0)
    lw s7, NN_DEPTHWISE_WINDOW_AT_BIAS(a0)
    lw s8, NN_DEPTHWISE_WINDOW_AT_MULTIPLIER(a0)
    lw s9, NN_DEPTHWISE_WINDOW_AT_SHIFT(a0)
    lw s2, NN_DEPTHWISE_WINDOW_AT_RUNS(a0)
    mul s2, s2, a5
.Lchannels:
    lw a7, NN_DEPTHWISE_WINDOW_AT_ROWS(a0)
    mv a1, s3
    mv a2, s4
    li t0, 0
    li t1, 0
    li t2, 0
    li t3, 0
    beqz a7, .Loutputs
.Lrow:
    add a3, a2, s2
    beq a2, a3, .Lrow_end
.Ltap:
    PRODUCT 0, t0, t4, t5
    PRODUCT 1, t1, t6, ra
    PRODUCT 2, t2, t4, t5
    PRODUCT 3, t3, t6, ra
    add a1, a1, a4
    add a2, a2, a5
    bne a2, a3, .Ltap
.Lrow_end:
    add a1, a1, s0
    add a2, a2, s1
    addi a7, a7, -1
    bnez a7, .Lrow
.Loutputs:
    lw a1, NN_DEPTHWISE_WINDOW_AT_OUTPUT_OFFSET(a0)
    lw a2, NN_DEPTHWISE_WINDOW_AT_ACT_MIN(a0)
    lw a3, NN_DEPTHWISE_WINDOW_AT_ACT_MAX(a0)
    li ra, 1
    OUTPUT 0, t0
    OUTPUT 1, t1
    OUTPUT 2, t2
    OUTPUT 3, t3
    addi s3, s3, 4
    addi s4, s4, 4
    addi s5, s5, 4
    addi s7, s7, 16
    addi s8, s8, 16
    addi s9, s9, 4
    bne s5, s6, .Lchannels
    NN_RETURN 48, ra, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9
    NN_END nn_depthwise_window_riscv
