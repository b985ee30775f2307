/* SPDX-License-Identifier: Apache-2.0
 *
 * One channel of a depthwise convolution from its padded plane of words, lines 256 bytes apart. Each column of three
 * words is loaded once, for all of the outputs that it belongs to. The sum of an output takes the place of the middle
 * word of its first row: that row is for no later line, and where there is padding on both sides its ends remain. */
#include "abi.inc"
#include "offsets.h"

    .set PITCH, 256

    .set LINE, 20
    .set END, 24
    .set LEFT, 28
    .set BYTES, 32
    .set ENTRY, 36
    .set FRAME, 48

/* a2 where a sum goes, a3-a11 weights by rows, a0 and a15 scratch. */
    .macro COLUMN at, done, middle, new
    l32i a15, a2, \at
    mull a0, a15, a5
    mull \new, a15, a3
    add \done, \done, a0
    mull a0, a15, a4
    l32i a15, a2, \at + PITCH
    add \middle, \middle, a0
    mull a0, a15, a8
    add \done, \done, a0
    mull a0, a15, a7
    add \middle, \middle, a0
    mull a0, a15, a6
    l32i a15, a2, \at + 2 * PITCH
    add \new, \new, a0
    mull a0, a15, a11
    add \done, \done, a0
    mull a0, a15, a10
    add \middle, \middle, a0
    mull a0, a15, a9
    s32i \done, a2, \at - 4
    add \new, \new, a0
    .endm

/* A column that begins an output. */
    .macro FIRST at, new
    l32i a0, a2, \at
    l32i a15, a2, \at + PITCH
    mull \new, a0, a3
    mull a15, a15, a6
    l32i a0, a2, \at + 2 * PITCH
    add \new, \new, a15
    mull a0, a0, a9
    add \new, \new, a0
    .endm

/* A column in the middle of an output. */
    .macro SECOND at, done
    l32i a0, a2, \at
    l32i a15, a2, \at + PITCH
    mull a0, a0, a4
    mull a15, a15, a7
    add \done, \done, a0
    add \done, \done, a15
    l32i a0, a2, \at + 2 * PITCH
    mull a0, a0, a10
    add \done, \done, a0
    .endm

/*yaml
  Name: nn_depthwise_3x3_xtensa
  Signature: void nn_depthwise_3x3_xtensa(const nn_plane_t *job)
  Header: xtensa/block.h
  ABI: CALL0 or windowed
  Arguments:
    a2: job, read, 20 bytes
    job->weights: read, 9 bytes
    job->plane: read-write, 256 bytes for each line of inputs
  Stack: 48 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_depthwise_3x3_xtensa
    NN_ENTRY FRAME, 0, 12, 13, 14, 15
    l32i a12, a2, NN_PLANE_AT_WEIGHTS
    l32i a13, a2, NN_PLANE_AT_COUNT
    l32i a14, a2, NN_PLANE_AT_LINES
    l32i a15, a2, NN_PLANE_AT_STRIDE
    l32i a2, a2, NN_PLANE_AT_PLANE
    .irp i, 3, 4, 5, 6, 7, 8, 9, 10, 11
    l8ui a\i, a12, \i - 3
    .endr
    .irp i, 3, 4, 5, 6, 7, 8, 9, 10, 11
    addi a\i, a\i, -128
    .endr
    beqi a15, 2, .Lstride_2

    /* The chain of three begins with the remainder. */
    slli a0, a13, 2
    s32i a0, a1, BYTES
    addi a0, a13, 3
1:  addi a0, a0, -3
    bgei a0, 3, 1b
    s32i a0, a1, ENTRY
.Lline:
    l32i a15, a1, BYTES
    s32i a2, a1, LINE
    s32i a14, a1, LEFT
    add a15, a15, a2
    s32i a15, a1, END
    FIRST 0, a12
    SECOND 4, a12
    FIRST 4, a13
    l32i a0, a1, ENTRY
    addi a2, a2, 4
    beqz a0, .Lnone
    beqi a0, 1, .Lone
    addi a2, a2, -4
    mov a14, a13
    mov a13, a12
    j .Ltwo_left
.Lone:
    addi a2, a2, -8
    mov a14, a12
    mov a12, a13
    j .Lone_left
.Lnone:
.Lcolumns:
    COLUMN 4, a12, a13, a14
.Ltwo_left:
    COLUMN 8, a13, a14, a12
.Lone_left:
    COLUMN 12, a14, a12, a13
    l32i a0, a1, END
    addi a2, a2, 12
    blt a2, a0, .Lcolumns
    l32i a2, a1, LINE
    l32i a14, a1, LEFT
    addmi a2, a2, PITCH
    addi a14, a14, -1
    bnez a14, .Lline
.Lreturn:
    NN_RETURN FRAME, 0, 12, 13, 14, 15

.Lstride_2:
    slli a0, a13, 3
    s32i a0, a1, BYTES
.Lline_2:
    l32i a15, a1, BYTES
    s32i a2, a1, LINE
    s32i a14, a1, LEFT
    add a14, a15, a2
    FIRST 0, a12
.Lcolumns_2:
    SECOND 4, a12
    l32i a15, a2, 8
    mull a0, a15, a5
    mull a13, a15, a3
    l32i a15, a2, 8 + PITCH
    add a12, a12, a0
    mull a0, a15, a8
    mull a15, a15, a6
    add a12, a12, a0
    add a13, a13, a15
    l32i a15, a2, 8 + 2 * PITCH
    mull a0, a15, a11
    mull a15, a15, a9
    add a0, a12, a0
    add a12, a13, a15
    s32i a0, a2, 4
    addi a2, a2, 8
    bne a2, a14, .Lcolumns_2
    l32i a2, a1, LINE
    l32i a14, a1, LEFT
    addmi a2, a2, 2 * PITCH
    addi a14, a14, -1
    bnez a14, .Lline_2
    j .Lreturn
    NN_END nn_depthwise_3x3_xtensa
