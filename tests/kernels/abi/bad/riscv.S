/* SPDX-License-Identifier: Apache-2.0 */
    .macro BEGIN name
    .section .text.\name, "ax"
    .global \name
    .type \name, %function
    .balign 4
\name:
    .endm

    .macro CHANGES name, register
    BEGIN \name
    xori \register, \register, 1
    ret
    .endm

    CHANGES nn_bad_s3, s3
    CHANGES nn_bad_gp, gp

    BEGIN nn_bad_none
    addi sp, sp, -16
    sw s0, 0(sp)
    li s0, 0
    lw s0, 0(sp)
    addi sp, sp, 16
    ret

    BEGIN nn_bad_sp
    addi sp, sp, -16
    ret

    BEGIN nn_bad_beyond
    lw a0, 0(a0)
    add a2, a2, a0
    sb zero, 0(a2)
    ret

    BEGIN nn_bad_before
    sb zero, -1(a2)
    ret
