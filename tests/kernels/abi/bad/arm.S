/* SPDX-License-Identifier: Apache-2.0 */
    .syntax unified
    .thumb

    .macro BEGIN name
    .section .text.\name, "ax"
    .global \name
    .type \name, %function
    .thumb_func
    .align 2
\name:
    .endm

    .macro CHANGES name, register
    BEGIN \name
    eor \register, \register, #1
    bx lr
    .endm

    CHANGES nn_bad_r8, r8

    BEGIN nn_bad_none
    push {r4-r11, lr}
#if defined(__ARM_FP)
    vpush {d8-d15}
    vmov s17, r0
    vpop {d8-d15}
#endif
    movs r4, #0
    mov r11, r4
    pop {r4-r11, pc}

#if defined(__ARM_FP)
    .macro CHANGES_FLOAT name, register
    BEGIN \name
    vmov r1, r2, \register
    eor r2, r2, #1
    vmov \register, r1, r2
    bx lr
    .endm

    CHANGES_FLOAT nn_bad_d9, d9
    CHANGES_FLOAT nn_bad_d15, d15
#endif

    BEGIN nn_bad_sp
    sub sp, #8
    bx lr

    BEGIN nn_bad_beyond
    ldr r0, [r0]
    movs r1, #1
    strb r1, [r2, r0]
    bx lr

    BEGIN nn_bad_before
    movs r1, #1
    strb r1, [r2, #-1]
    bx lr
