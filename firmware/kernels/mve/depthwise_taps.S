/* SPDX-License-Identifier: Apache-2.0
 *
 * Eight neighboring outputs of a one-dimensional depthwise convolution on MVE, or one, for two channels at a
 * time; r0 points to a nn_depthwise_taps_t of depthwise_taps.h.
 *
 * Each channel's inputs are a strip of neighbors, so that vmladav is a whole window of up to 15 taps. q0 holds the taps
 * from lane 0 on, q1 from lane 1 on: a vector of inputs serves two outputs. How they are requantized:
 * gen/compiler/kernels/mve/spatial.py. r12 walks along the channels' constants, r10 along the strips, r6 apart, r11 along y;
 * r0 r2 r4 are sums; r1 r3 r5 and r7 r8 r9 bias, multiplier and shift of the two channels; q5 the output offset, q6 the
 * first channel's outputs, q7 where outputs go. */
#include "cortex_m.inc"
#include "offsets.h"
    .arch armv8.1-m.main
    .arch_extension mve

#define FIRST_SHIFT 4 /* of gen/compiler/kernels/mve/spatial.py */

.macro outputs one, to, bias, multiplier, shift
    .if !\one
    vldrb.u8 q1, [r12, #-1]
    .endif
    vldrb.u8 q0, [r12], #16
    vldrb.u8 q2, [r10]
    vmladav.s8 r0, q0, q2
    .if \one
    vmov.32 q3[0], r0
    .else
    vmladav.s8 r2, q1, q2
    vldrb.u8 q2, [r10, #2]
    vmladav.s8 r4, q0, q2
    vmov q3[2], q3[0], r0, r2
    vmladav.s8 r0, q1, q2
    vldrb.u8 q2, [r10, #4]
    vmladav.s8 r2, q0, q2
    vmov q3[3], q3[1], r4, r0
    vmladav.s8 r0, q1, q2
    vldrb.u8 q2, [r10, #6]
    vmladav.s8 r4, q0, q2
    vmov q4[2], q4[0], r2, r0
    vmladav.s8 r0, q1, q2
    .endif
    add r10, r10, r6
    vadd.i32 q3, q3, \bias
    vshr.s32 q0, q3, #31
    .if !\one
    vmov q4[3], q4[1], r4, r0
    vadd.i32 q4, q4, \bias
    vshr.s32 q1, q4, #31
    vqrdmlah.s32 q1, q4, \multiplier
    .endif
    vqrdmlah.s32 q0, q3, \multiplier
    vshrnb.i32 \to, q0, #FIRST_SHIFT
    .if !\one
    vshrnt.i32 \to, q1, #FIRST_SHIFT
    .endif
    vrshl.s16 \to, \shift
    vqadd.s16 \to, \to, q5
.endm

.macro taps name, one
    NN_FUNCTION \name
    push {r4-r11, lr}
    vpush {d8-d15}
    NN_FIELDS NN_DEPTHWISE_TAPS_AT_STRIP_BYTES, NN_DEPTHWISE_TAPS_AT_STRIP_BYTES, NN_DEPTHWISE_TAPS_AT_PAIRS
    ldrd r6, lr, [r0, #NN_DEPTHWISE_TAPS_AT_STRIP_BYTES]
    ldr r2, [r0, #NN_DEPTHWISE_TAPS_AT_OFFSET]
    NN_FIELDS NN_DEPTHWISE_TAPS_AT_CHANNELS, NN_DEPTHWISE_TAPS_AT_CHANNELS, NN_DEPTHWISE_TAPS_AT_STRIPS
    ldrd r12, r10, [r0, #NN_DEPTHWISE_TAPS_AT_CHANNELS]
    ldr r11, [r0, #NN_DEPTHWISE_TAPS_AT_Y]
    vldrh.u16 q7, [r0, #NN_DEPTHWISE_TAPS_AT_Y_OFFSETS]
    vdup.16 q5, r2
1:  ldm r12!, {r1, r3, r5, r7, r8, r9}
    outputs \one, q6, r1, r3, r5
    outputs \one, q0, r7, r8, r9
    vqmovnb.s16 q6, q6
    vqmovnt.s16 q6, q0
    .if \one
    vmov.u16 r0, q6[0]
    strh r0, [r11], #2
    .else
    vstrh.16 q6, [r11, q7]
    adds r11, r11, #2
    .endif
    le lr, 1b
    vpop {d8-d15}
    pop {r4-r11, pc}
    NN_END \name
.endm

/*yaml
  Name:
    - nn_depthwise_taps_eight_mve
    - nn_depthwise_taps_one_mve
  Signature: void NAME(const nn_depthwise_taps_t *job)
  Header: mve/depthwise_taps.h
  ABI: AAPCS-VFP
  Arguments:
    r0: job, read, 40 bytes
    job->channels: read, 56 bytes for each pair
    job->strips: read, 22 (one: 16) bytes of each strip
    job->y: write, 2 bytes of each output for each pair
  Stack: 100 bytes
  Clobbers: nothing that the ABI wants kept
*/
    taps nn_depthwise_taps_eight_mve, 0
    taps nn_depthwise_taps_one_mve, 1
