/* SPDX-License-Identifier: Apache-2.0
 *
 * The first instructions of any 32-bit RISC-V core (The RISC-V Instruction Set Manual, volume II, machine mode). */
    .section .start, "ax"
    .global port_start
    .balign 4
port_start:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    csrci mstatus, 8 /* no interrupts */
    la t0, trap
    csrw mtvec, t0
    la sp, port_stack_top
    j port_reset

    /* The ESP32-C3's mtvec keeps no lower bits and is the address of a table, of which exceptions take the first entry. */
    .section .text.trap, "ax"
    .balign 256
trap:
    mv a0, sp
    csrr a1, mepc
    la sp, port_stack_top /* whatever it was may have been the stack */
    j port_fault
