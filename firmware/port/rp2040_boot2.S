/* SPDX-License-Identifier: Apache-2.0
 *
 * The first 256 bytes of the RP2040's flash (RP2040 Datasheet 2.8.1, 4.10): the boot ROM checks their CRC-32, which
 * gen/device/rp2040.py puts into the last four, and runs them from RAM. They make the flash readable in place, a word for
 * each read command 03h, which every serial flash knows, at a quarter of the core's clock: 31 MHz of at most 50. Then
 * they start the firmware behind them as a core's reset would. */
#define SSI 0x18000000
#define SSI_CTRLR0 0x00
#define SSI_CTRLR1 0x04
#define SSI_SSIENR 0x08
#define SSI_BAUDR 0x14
#define SSI_SPI_CTRLR0 0xF4
#define CLOCK_DIVIDER 4
#define CTRLR0_READ_32_BITS (31 << 16 | 3 << 8) /* one line; send command and address, then receive */
#define SPI_CTRLR0_03H (0x03 << 24 | 2 << 8 | 6 << 2) /* command of 2 x 4 bits, address of 6 x 4 bits */
#define SCB_VTOR 0xE000ED08

    .syntax unified
    .cpu cortex-m0plus
    .thumb
    .section .boot2, "ax"
    .global port_boot2
    .thumb_func
port_boot2:
    ldr r3, =SSI
    movs r0, #0
    str r0, [r3, #SSI_SSIENR]  /* off, to be set */
    movs r1, #CLOCK_DIVIDER
    str r1, [r3, #SSI_BAUDR]
    ldr r1, =CTRLR0_READ_32_BITS
    str r1, [r3, #SSI_CTRLR0]
    str r0, [r3, #SSI_CTRLR1]  /* one frame a read */
    ldr r1, =SPI_CTRLR0_03H
    ldr r2, =SSI + SSI_SPI_CTRLR0
    str r1, [r2]
    movs r1, #1
    str r1, [r3, #SSI_SSIENR]

    ldr r0, =port_vectors
    ldr r1, =SCB_VTOR
    str r0, [r1]
    ldr r1, [r0]
    ldr r2, [r0, #4]
    mov sp, r1
    bx r2
    .balign 4
    .ltorg

    .org 252
    .word 0  /* the CRC */
