/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of one channel become outputs, as in block.h: lines of them, line_step bytes apart. */
#include "abi.inc"
#include "offsets.h"
#include "requantize.inc"

    .set JOB, 20
    .set LINES_LEFT, 24
    .set LINE, 28
    .set Y_LINE, 32
    .set FRAME, 48

/*yaml
  Name: nn_outputs_xtensa
  Signature: void nn_outputs_xtensa(const nn_outputs_t *job)
  Header: xtensa/block.h
  ABI: CALL0 or windowed
  Arguments:
    a2: job, read, 52 bytes
    job->sums: read, 4 bytes for each of count * lines sums
    job->record: read, 20 bytes, with NN_SIGNED 28
    job->y: write, a byte for each of count * lines sums
  Stack: 48 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_outputs_xtensa
    NN_ENTRY FRAME, 0, 12, 13, 14, 15
    s32i a2, a1, JOB
    l32i a3, a2, NN_OUTPUTS_AT_BITS
    l32i a13, a2, NN_OUTPUTS_AT_LINES
    l32i a14, a2, NN_OUTPUTS_AT_RECORD
    ssr a3
    mov a15, a2
    l32i a2, a15, NN_OUTPUTS_AT_SUMS
    l32i a3, a15, NN_OUTPUTS_AT_Y
    l32i a9, a14, 0 /* first */
    l32i a5, a14, 4 /* limit */
    l32i a6, a14, 8 /* low */
    l32i a7, a14, 12 /* high */
    l32i a8, a14, 16 /* start */
    l32i a0, a15, NN_OUTPUTS_AT_MODE
    beqz a0, .Lline
    l32i a10, a14, 20 /* zero */
    l32i a11, a14, 24 /* negative */
.Lline: /* a14 where it ends, a13 and a12 scratch */
    s32i a13, a1, LINES_LEFT
    s32i a2, a1, LINE
    s32i a3, a1, Y_LINE
    l32i a4, a15, NN_OUTPUTS_AT_Y_STEP
    l32i a0, a15, NN_OUTPUTS_AT_MODE
    l32i a14, a15, NN_OUTPUTS_AT_COUNT
    l32i a15, a15, NN_OUTPUTS_AT_STEP
    mull a14, a14, a15
    add a14, a14, a2
    bnez a0, .Lsigned
.Lclamped:
    l32i a12, a2, 0
    add a2, a2, a15
    add a12, a12, a9
    NN_CLAMPED a12, a5, a6, a7, a8, a13, .Loutside
.Lstore:
    s8i a12, a3, 0
    add a3, a3, a4
    bne a2, a14, .Lclamped
.Lnext:
    l32i a15, a1, JOB
    l32i a13, a1, LINES_LEFT
    l32i a2, a1, LINE
    l32i a12, a15, NN_OUTPUTS_AT_LINE_STEP
    l32i a3, a1, Y_LINE
    l32i a14, a15, NN_OUTPUTS_AT_Y_LINE_STEP
    add a2, a2, a12
    add a3, a3, a14
    addi a13, a13, -1
    bnez a13, .Lline
    NN_RETURN FRAME, 0, 12, 13, 14, 15

.Loutside:
    l32i a13, a1, JOB
    bltz a12, 1f
    l32i a12, a13, NN_OUTPUTS_AT_ACT_MAX
    j .Lstore
1:  l32i a12, a13, NN_OUTPUTS_AT_ACT_MIN
    j .Lstore

.Lsigned:
    l32i a12, a2, 0
    add a2, a2, a15
    add a12, a12, a9
    NN_SIGNED a12, a5, a6, a7, a8, a10, a11, a13, 2f
    j 4f
2:  l32i a13, a1, JOB
    bltz a12, 3f
    l32i a12, a13, NN_OUTPUTS_AT_ACT_MAX
    j 4f
3:  l32i a12, a13, NN_OUTPUTS_AT_ACT_MIN
4:  s8i a12, a3, 0
    add a3, a3, a4
    bne a2, a14, .Lsigned
    j .Lnext
    NN_END nn_outputs_xtensa
