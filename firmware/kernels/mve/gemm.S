/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products with int8 inputs and outputs on MVE, eight outputs at a time: nn_gemm_pairs_* two rows of x with four
 * channels, nn_gemm_single_* one row with eight. gemm.h describes the job; r0 points to it. *_relu leaves out what
 * only negative results need.
 *
 * vmladava adds sixteen products to an even register, so that r0 r2 r4 r6 r8 r10 r12 lr are the eight sums; they begin
 * with the biases. r1, r3 walk along x, r5 along the weights, r7 along the biases, multipliers and shifts, r9 along y
 * (r3 where there is one row). r11 counts chunks of UNROLL blocks of sixteen products; the first one is entered in the
 * middle. Where one chunk is all (*_short), it is the end of r7. A depth that is not a multiple of 16 begins with a
 * predicated block. q4 is where the outputs of a pair go, q5 their offset. The job lies at sp. */
#include "cortex_m.inc"
#include "offsets.h"
    .arch armv8.1-m.main
    .arch_extension mve

#define UNROLL 9 /* blocks in a chunk */
#define UNROLL_SHORT 18 /* where one chunk is all */

/* The job's copy at sp; two words of it get another meaning. */
#define QUAD 16 /* bytes of a register */
#define FRAME_FIRST NN_GEMM_JOB_AT_FIRST /* where the first chunk, or the predicated block, is entered */
#define FRAME_CHUNK NN_GEMM_JOB_AT_RESERVED /* where the first chunk is entered */

/* Two rows of x in q0 and q1, times four rows of weights. */
.macro products_pair
    vldrb.u8 q2, [r5], #16
    vldrb.u8 q3, [r5], #16
    vmladava.s8 r0, q0, q2
    vmladava.s8 r8, q1, q2
    vldrb.u8 q2, [r5], #16
    vmladava.s8 r2, q0, q3
    vmladava.s8 r10, q1, q3
    vldrb.u8 q3, [r5], #16
    vmladava.s8 r4, q0, q2
    vmladava.s8 r12, q1, q2
    vmladava.s8 r6, q0, q3
    vmladava.s8 lr, q1, q3
.endm

/* One row of x in q0, times eight rows of weights. */
.macro products_single
    vldrb.u8 q1, [r5], #16
    vldrb.u8 q2, [r5], #16
    vmladava.s8 r0, q0, q1
    vldrb.u8 q1, [r5], #16
    vmladava.s8 r2, q0, q2
    vldrb.u8 q2, [r5], #16
    vmladava.s8 r4, q0, q1
    vldrb.u8 q1, [r5], #16
    vmladava.s8 r6, q0, q2
    vldrb.u8 q2, [r5], #16
    vmladava.s8 r8, q0, q1
    vldrb.u8 q1, [r5], #16
    vmladava.s8 r10, q0, q2
    vldrb.u8 q2, [r5], #16
    vmladava.s8 r12, q0, q1
    vmladava.s8 lr, q0, q2
.endm

.macro gemm name, pair, relu, chunks
    NN_FUNCTION \name
    push {r4-r11, lr}
    vpush {d8-d11}
    sub sp, sp, #NN_GEMM_JOB_BYTES
    vldrw.u32 q0, [r0, #0 * QUAD]
    vldrw.u32 q1, [r0, #1 * QUAD]
    vldrw.u32 q2, [r0, #2 * QUAD]
    vldrw.u32 q3, [r0, #3 * QUAD]
    vldrh.u16 q4, [r0, #NN_GEMM_JOB_AT_Y_OFFSETS]
    vstrw.32 q0, [sp, #0 * QUAD]
    vstrw.32 q1, [sp, #1 * QUAD]
    vstrw.32 q2, [sp, #2 * QUAD]
    vstrw.32 q3, [sp, #3 * QUAD]
    .if \pair
    ldr r9, [sp, #NN_GEMM_JOB_AT_Y]
    .else
    ldr r3, [sp, #NN_GEMM_JOB_AT_Y]
    .endif
    NN_FIELDS NN_GEMM_JOB_AT_OFFSET, NN_GEMM_JOB_AT_OFFSET, NN_GEMM_JOB_AT_PARAMS_END
    ldrd r1, r2, [sp, #NN_GEMM_JOB_AT_OFFSET]
    vdup.16 q5, r1
    .if !\chunks
    str r2, [sp, #NN_GEMM_JOB_AT_CHUNKS]
    .endif
    ldr r1, [sp, #NN_GEMM_JOB_AT_FIRST]
    .if \pair
    mov r2, #14 * 4 /* bytes of a block */
    .else
    mov r2, #17 * 4
    .endif
    adr.w r4, .Lchunk_end\@
    mls r2, r1, r2, r4
    orr r2, r2, #1
    str r2, [sp, #FRAME_CHUNK]
    ldr r1, [sp, #NN_GEMM_JOB_AT_PAD]
    cbz r1, 1f
    adr.w r2, .Lpartial\@
    orr r2, r2, #1
1:  str r2, [sp, #FRAME_FIRST]
    vctp.8 r1
    vpnot
.Lrow\@:
    NN_FIELDS NN_GEMM_JOB_AT_PARAMS, NN_GEMM_JOB_AT_PARAMS, NN_GEMM_JOB_AT_WEIGHTS
    ldrd r7, r5, [sp, #NN_GEMM_JOB_AT_PARAMS]
.Lgroup\@:
    .if \pair
    ldm r7, {r0, r2, r4, r6}
    ldm r7!, {r8, r10, r12, lr}
    NN_FIELDS 0, NN_GEMM_JOB_AT_X
    NN_FIELDS 8, NN_GEMM_JOB_AT_CHUNKS, NN_GEMM_JOB_AT_FIRST
    ldm sp, {r1, r3, r11, pc}
    .else
    ldm r7!, {r0, r2, r4, r6, r8, r10, r12, lr}
    NN_FIELDS 0, NN_GEMM_JOB_AT_X
    NN_FIELDS 8, NN_GEMM_JOB_AT_CHUNKS, NN_GEMM_JOB_AT_FIRST
    ldm sp, {r1, r9, r11, pc}
    .endif
.Lpartial\@: /* the first elements of the row, which lie before r1 */
    .if \pair
    vpstt
    vldrbt.u8 q0, [r1, #-16]
    vldrbt.u8 q1, [r3, #-16]
    products_pair
    .else
    vpst
    vldrbt.u8 q0, [r1, #-16]
    products_single
    .endif
    ldr pc, [sp, #FRAME_CHUNK]
.Lchunk\@:
    .if \chunks
    .set blocks, UNROLL
    .else
    .set blocks, UNROLL_SHORT
    .endif
    .rept blocks
    vldrb.u8 q0, [r1], #16
    .if \pair
    vldrb.u8 q1, [r3], #16
    products_pair
    .else
    products_single
    .endif
    .endr
.Lchunk_end\@:
    .if \chunks
    subs r11, r11, #1
    bne .Lchunk\@
    .endif
    /* q0 goes to the even bytes of y's eight, q1 to the odd ones. */
    .if \pair
    vmov q0[2], q0[0], r0, r4
    vmov q0[3], q0[1], r2, r6
    vmov q1[2], q1[0], r8, r12
    vmov q1[3], q1[1], r10, lr
    vldrw.u32 q2, [r7], #16
    vldrb.s32 q3, [r7], #4
    vqrdmulh.s32 q0, q0, q2
    vqrdmulh.s32 q1, q1, q2
    .else
    vmov q0[2], q0[0], r0, r8
    vmov q0[3], q0[1], r4, r12
    vmov q1[2], q1[0], r2, r10
    vmov q1[3], q1[1], r6, lr
    vldrw.u32 q2, [r7], #16
    vldrw.u32 q3, [r7], #16
    vqrdmulh.s32 q0, q0, q2
    vqrdmulh.s32 q1, q1, q3
    vldrb.s32 q3, [r7], #4
    .endif
    .if !\relu
    vshr.s32 q2, q0, #31
    vqadd.s32 q0, q0, q2
    vshr.s32 q2, q1, #31
    vqadd.s32 q1, q1, q2
    .endif
    vrshl.s32 q0, q0, q3
    .if !\pair
    vldrb.s32 q3, [r7], #4
    .endif
    vrshl.s32 q1, q1, q3
    .if \chunks
    ldr r11, [sp, #NN_GEMM_JOB_AT_PARAMS_END]
    .endif
    vqmovnb.s32 q0, q0
    vqmovnt.s32 q0, q1
    vqadd.s16 q0, q0, q5
    vqmovnb.s16 q0, q0
    cmp r7, r11
    .if \pair
    vstrb.16 q0, [r9, q4]
    add r9, r9, #4
    bne .Lgroup\@
    .else
    bhi .Ltail\@
    vstrb.16 q0, [r3], #8
    bne .Lgroup\@
    ldr r0, [sp, #NN_GEMM_JOB_AT_TAIL]
    cmp r0, #0
    bne .Lgroup\@
    .endif
.Lnext\@:
    NN_FIELDS NN_GEMM_JOB_AT_X_STEP, NN_GEMM_JOB_AT_X_STEP, NN_GEMM_JOB_AT_Y_STEP
    ldrd r0, r2, [sp, #NN_GEMM_JOB_AT_X_STEP]
    ldrd r1, r4, [sp, #NN_GEMM_JOB_AT_X]
    ldr r6, [sp, #NN_GEMM_JOB_AT_X_END]
    add r1, r1, r0
    add r4, r4, r0
    strd r1, r4, [sp, #NN_GEMM_JOB_AT_X]
    .if \pair
    add r9, r9, r2
    .else
    add r3, r3, r2
    .endif
    cmp r1, r6
    bne .Lrow\@
    add sp, sp, #NN_GEMM_JOB_BYTES
    vpop {d8-d11}
    pop {r4-r11, pc}
    .if !\pair
.Ltail\@: /* fewer channels than a group has */
    NN_FIELDS NN_GEMM_JOB_AT_TAIL, NN_GEMM_JOB_AT_TAIL, NN_GEMM_JOB_AT_PAD
    ldrd r0, r1, [sp, #NN_GEMM_JOB_AT_TAIL]
    vctp.16 r0
    vpst
    vstrbt.16 q0, [r3]
    vctp.8 r1
    vpnot
    b .Lnext\@
    .endif
    NN_END \name
.endm

/*yaml
  Name:
    - nn_gemm_pairs_relu_short_mve
    - nn_gemm_pairs_any_short_mve
    - nn_gemm_pairs_relu_mve
    - nn_gemm_pairs_any_mve
    - nn_gemm_single_relu_mve
    - nn_gemm_single_any_mve
  Signature: void NAME(const nn_gemm_job_t *job)
  Header: mve/gemm_job.h
  ABI: AAPCS-VFP
  Arguments:
    r0: job, read, 80 bytes
    job->x: read, the depth in bytes of each row, and with a pad 16 before its first whole block
    job->weights: read, 4 (single: 8) * 16 bytes for each block of each group
    job->params: read, 36 (single: 72) bytes for each group
    job->y: write, 4 (single: 8, the last group `tail`) bytes of each row for each group
  Stack: 148 bytes
  Clobbers: nothing that the ABI wants kept
*/
    gemm nn_gemm_pairs_relu_short_mve, 1, 1, 0
    gemm nn_gemm_pairs_any_short_mve, 1, 0, 0
    gemm nn_gemm_pairs_relu_mve, 1, 1, 1
    gemm nn_gemm_pairs_any_mve, 1, 0, 1
    gemm nn_gemm_single_relu_mve, 0, 1, 1
    gemm nn_gemm_single_any_mve, 0, 0, 1
