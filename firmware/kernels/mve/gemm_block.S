/* SPDX-License-Identifier: Apache-2.0
 *
 * The products of gemm.S where the depth is 16 or less: the weights of four channels stay in q0-q3 while all pairs of
 * rows pass. gemm_job.h describes the job, gemm.S how it is computed; r11 points to it.
 *
 * r0 r2 r4 r6 are the sums of a row, which begin with the biases at r7; r1, r3 walk along the ends of rows of x, r5
 * apart, r8 along the weights, r9 along y, r10 apart; q4 multipliers, q5 shifts; the group's place in y lies at sp. */
#include "cortex_m.inc"
#include "offsets.h"
    .arch armv8.1-m.main
    .arch_extension mve

#define PARAMS_MULTIPLIER 16
#define PARAMS_SHIFT 32
#define PARAMS_BYTES 36

.macro sums row
    ldm r7, {r0, r2, r4, r6}
    vmladava.s8 r0, q0, \row
    vmladava.s8 r2, q1, \row
    vmladava.s8 r4, q2, \row
    vmladava.s8 r6, q3, \row
    vmov \row[2], \row[0], r0, r4
    vmov \row[3], \row[1], r2, r6
.endm

.macro block name, relu
    NN_FUNCTION \name
    push {r4-r11, lr}
    vpush {d8-d15}
    sub sp, sp, #4
    mov r11, r0
    NN_FIELDS NN_GEMM_JOB_AT_PARAMS, NN_GEMM_JOB_AT_PARAMS, NN_GEMM_JOB_AT_WEIGHTS
    ldrd r7, r8, [r11, #NN_GEMM_JOB_AT_PARAMS]
    NN_FIELDS NN_GEMM_JOB_AT_X_STEP, NN_GEMM_JOB_AT_X_STEP, NN_GEMM_JOB_AT_Y_STEP
    ldrd r5, r10, [r11, #NN_GEMM_JOB_AT_X_STEP]
    ldr r12, [r11, #NN_GEMM_JOB_AT_OFFSET]
    ldr r0, [r11, #NN_GEMM_JOB_AT_PAD]
    ldr r9, [r11, #NN_GEMM_JOB_AT_Y]
    vctp.8 r0
    vpnot /* the row's lanes */
.Lgroup\@:
    str r9, [sp]
    vldrb.u8 q0, [r8], #16
    vldrb.u8 q1, [r8], #16
    vldrb.u8 q2, [r8], #16
    vldrb.u8 q3, [r8], #16
    vldrw.u32 q4, [r7, #PARAMS_MULTIPLIER]
    vldrb.s32 q5, [r7, #PARAMS_SHIFT]
    ldrd r1, r3, [r11, #NN_GEMM_JOB_AT_X]
    ldr lr, [r11, #NN_GEMM_JOB_AT_PAIRS]
1:  vpstt
    vldrbt.u8 q6, [r1, #-16]
    vldrbt.u8 q7, [r3, #-16]
    add r1, r1, r5
    add r3, r3, r5
    sums q6
    sums q7
    vqrdmulh.s32 q6, q6, q4
    vqrdmulh.s32 q7, q7, q4
    .if !\relu
    vshr.s32 q5, q6, #31
    vqadd.s32 q6, q6, q5
    vshr.s32 q5, q7, #31
    vqadd.s32 q7, q7, q5
    vldrb.s32 q5, [r7, #PARAMS_SHIFT]
    .endif
    vrshl.s32 q6, q6, q5
    vrshl.s32 q7, q7, q5
    vqmovnb.s32 q6, q6
    vqmovnt.s32 q6, q7
    vqadd.s16 q6, q6, r12
    vldrh.u16 q7, [r11, #NN_GEMM_JOB_AT_Y_OFFSETS]
    vqmovnb.s16 q6, q6
    vstrb.16 q6, [r9, q7]
    add r9, r9, r10
    le lr, 1b
    ldr r9, [sp]
    ldr r0, [r11, #NN_GEMM_JOB_AT_PARAMS_END]
    adds r7, r7, #PARAMS_BYTES
    add r9, r9, #4
    cmp r7, r0
    bne .Lgroup\@
    add sp, sp, #4
    vpop {d8-d15}
    pop {r4-r11, pc}
    NN_END \name
.endm

/*yaml
  Name:
    - nn_gemm_pairs_relu_block_mve
    - nn_gemm_pairs_any_block_mve
  Signature: void NAME(const nn_gemm_job_t *job)
  Header: mve/gemm_job.h
  ABI: AAPCS-VFP
  Arguments:
    r0: job, read, 80 bytes
    job->x: read, 16 - pad bytes of each row, before its end
    job->weights: read, 64 bytes for each group
    job->params: read, 36 bytes for each group
    job->y: write, 4 bytes of each row for each group
  Stack: 104 bytes
  Clobbers: nothing that the ABI wants kept
*/
    block nn_gemm_pairs_relu_block_mve, 1
    block nn_gemm_pairs_any_block_mve, 0
