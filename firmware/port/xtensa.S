/* SPDX-License-Identifier: Apache-2.0
 *
 * The first instructions of any Xtensa core without its register windows (Cadence, Xtensa Instruction Set Architecture
 * Reference Manual, sections 4.4 and 8.1: CALL0 ABI). */
    .section .start, "ax"
    .global port_start
    .balign 1024 /* as VECBASE of the LX6 must be */

/* Whatever happens, at whichever offset a core has its vector for it: again from the start. */
vectors:
    .rept 64
    j trap
    .balign 16
    .endr

    .literal_position
    .balign 4
trap:
    mov a2, a1
    rsr a3, epc1
    movi a1, port_stack_top /* whatever it was may have been the stack */
    movi a0, port_fault
    jx a0

    .balign 4
port_start:
    movi a2, 0x2f /* user vectors, no windows, no interrupts: not even of the highest level */
    wsr a2, ps
    rsync
    movi a2, vectors
    wsr a2, vecbase
    movi a1, port_stack_top
    movi a0, port_reset
    jx a0
