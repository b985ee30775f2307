/* SPDX-License-Identifier: Apache-2.0
 *
 * The first instructions of a core with register windows, and what an operating system has for them: vectors that spill
 * and fill windows (Cadence, Xtensa Instruction Set Architecture Reference Manual, section 4.7.1.4), and a timer's
 * interrupt that does the worst that ESP-IDF's FreeRTOS or Zephyr may do. */
    .set USER, 0x20
    .set MASKED, 15
    .set EXCM, 0x10
    .set WOE, 0x40000
    .set LEVEL_1_INTERRUPT, 4 /* in EXCCAUSE */
    .set JUNK, 0x5A5          /* no address: it isn't even aligned */

/* What the interrupt keeps, below what spilled windows lie in: a0-a15 first. */
    .set BELOW, 16
    .set SAR_WORD, 64
    .set PC_WORD, 68
    .set PS_WORD, 72
    .set CONTEXT, 80

/* The first window only, an empty stack, and interrupts may come. */
    .macro ONE_WINDOW
    movi a2, USER | MASKED
    wsr a2, ps
    rsync
    movi a2, 0
    wsr.windowbase a2
    rsync
    movi a2, 1
    wsr.windowstart a2
    rsync
    movi a2, WOE | USER
    wsr a2, ps
    rsync
    movi a1, port_stack_top
    movi a0, 0
    .endm

    .section .start, "ax"
    .global port_start
    .balign 1024 /* as VECBASE must be */
vectors: /* overflow and underflow of 4, 8 and 12 */
    s32e a0, a5, -16
    s32e a1, a5, -12
    s32e a2, a5, -8
    s32e a3, a5, -4
    rfwo

    .org vectors + 0x40
    l32e a0, a5, -16
    l32e a1, a5, -12
    l32e a2, a5, -8
    l32e a3, a5, -4
    rfwu

    .org vectors + 0x80
    s32e a0, a9, -16
    l32e a0, a1, -12
    s32e a1, a9, -12
    s32e a2, a9, -8
    s32e a3, a9, -4
    s32e a4, a0, -32
    s32e a5, a0, -28
    s32e a6, a0, -24
    s32e a7, a0, -20
    rfwo

    .org vectors + 0xC0
    l32e a0, a9, -16
    l32e a1, a9, -12
    l32e a2, a9, -8
    l32e a7, a1, -12
    l32e a3, a9, -4
    l32e a4, a7, -32
    l32e a5, a7, -28
    l32e a6, a7, -24
    l32e a7, a7, -20
    rfwu

/* Nothing here calls with 12; the other interrupts are off, and other exceptions are faults. */
    .org vectors + 0x100
    .rept 36
    j trap
    .balign 16
    .endr
    .org vectors + 0x340
    j exception
    .balign 16
    .rept 11
    j trap
    .balign 16
    .endr

    .literal_position
    .balign 4
exception:
    wsr a0, excsave1
    rsr a0, exccause
    beqi a0, LEVEL_1_INTERRUPT, interrupt
    rsr a0, excsave1
trap: /* of any window: its stack pointer and where it was */
    wsr a1, excsave1
    ONE_WINDOW
    rsr a6, excsave1
    rsr a7, epc1
    movi a4, port_fault
    callx4 a4

port_start:
    movi a2, vectors
    wsr a2, vecbase
    movi a2, 0
    wsr a2, intenable
    ONE_WINDOW
    movi a4, port_reset
    callx4 a4 /* not callx8, whose overflow follows a frame above this one */

/* Spills every window but the interrupted one, writes junk to all registers and below the context, and goes back. */
    .literal_position
    .balign 4
interrupt:
    addi a0, a1, -BELOW - CONTEXT
    .irp i, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    s32i a\i, a0, 4 * \i
    .endr
    rsr a2, excsave1
    s32i a2, a0, 0
    rsr a2, sar
    s32i a2, a0, SAR_WORD
    rsr a2, epc1
    s32i a2, a0, PC_WORD
    rsr a2, ps
    s32i a2, a0, PS_WORD
    wsr a0, excsave1

    /* a4-a15 may be other frames' still: touching them makes the core spill those. a1 is the interrupted one's. */
    movi a2, WOE | USER | MASKED
    wsr a2, ps
    rsync
    and a12, a12, a12
    rotw 3
    and a12, a12, a12
    rotw 3
    and a4, a4, a4
    rotw 2 /* 8 in all: once around 32 registers */

    movi a2, WOE | USER | EXCM | MASKED
    wsr a2, ps
    rsync
    .rept 8
    rotw 1
    movi a0, JUNK
    movi a1, JUNK
    movi a2, JUNK
    movi a3, JUNK
    .endr

    rsr a0, excsave1
    .irp i, 4, 8, 12, 16
    addi a3, a0, -\i
    s32i a2, a3, 0
    .endr
    movi a2, port_interrupts
    l32i a3, a2, 0
    addi a3, a3, 1
    s32i a3, a2, 0
    /* The next one in 30 to 130 instructions, of which each takes 5.12 of CCOUNT. */
    slli a4, a3, 5
    add a4, a4, a3
    extui a4, a4, 0, 9
    rsr a3, ccount
    addi a3, a3, 127
    add a3, a3, a4
    wsr a3, ccompare0

    l32i a2, a0, SAR_WORD
    wsr a2, sar
    l32i a2, a0, PC_WORD
    wsr a2, epc1
    l32i a2, a0, PS_WORD
    wsr a2, ps
    rsync
    .irp i, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    l32i a\i, a0, 4 * \i
    .endr
    l32i a0, a0, 0
    rfe
