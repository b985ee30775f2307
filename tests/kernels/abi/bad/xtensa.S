/* SPDX-License-Identifier: Apache-2.0 */
#include "xtensa/abi.inc"

    .macro BEGIN name
    .section .text.\name, "ax"
    .global \name
    .type \name, @function
    .align 4
\name:
    .endm

    BEGIN nn_bad_none
    NN_ENTRY 16, 12
    movi a12, 0
    NN_RETURN 16, 12

    BEGIN nn_bad_beyond
    NN_ENTRY 16, 12
    l32i a2, a2, 0
    add a2, a2, a4
    s8i a4, a2, 0
    NN_RETURN 16, 12

    BEGIN nn_bad_before
    NN_ENTRY 16, 12
    addi a2, a4, -1
    s8i a4, a2, 0
    NN_RETURN 16, 12

#if defined(__XTENSA_WINDOWED_ABI__)
    BEGIN nn_bad_a2
    NN_ENTRY 16, 12
    movi a3, 1000
    addi a2, a1, -16
1:  s32i a3, a2, 8
    addi a3, a3, -1
    bnez a3, 1b
    NN_RETURN 16, 12
#else
    .macro CHANGES name, register
    BEGIN \name
    addi \register, \register, 1
    ret
    .endm

    CHANGES nn_bad_a12, a12

    BEGIN nn_bad_sp
    addi a1, a1, -16
    ret
#endif
