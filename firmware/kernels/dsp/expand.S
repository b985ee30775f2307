/* SPDX-License-Identifier: Apache-2.0
 *
 * void nn_expand_dsp(const int8_t *x, int32_t words, int16_t *to): for each four bytes, (k0 k2) and (k1 k3). words > 0. */
#include "cortex_m.inc"

/*yaml
  Name: nn_expand_dsp
  Signature: void nn_expand_dsp(const int8_t *x, int32_t words, int16_t *to)
  Header: dsp/gemm_block.h
  ABI: AAPCS
  Arguments:
    r0: x, read, 4 * words bytes
    r1: words, value, 1 or more
    r2: to, write, 8 * words bytes
  Stack: 0 bytes
  Clobbers: nothing that the ABI wants kept
*/
    NN_FUNCTION nn_expand_dsp
    ldr r3, [r0], #4
    sxtb16 r12, r3, ror #8
    sxtb16 r3, r3
    strd r3, r12, [r2], #8
    subs r1, #1
    bne nn_expand_dsp
    bx lr
    NN_END nn_expand_dsp
