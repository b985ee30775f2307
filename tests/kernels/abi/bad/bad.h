/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels in assembly that copy nothing and don't keep what they must, each another thing; test_abi.py runs them. */
#ifndef BAD_H
#define BAD_H

#include "nn.h"

/* Uses a register of each kind and keeps it. */
nn_reshape_fn nn_bad_none;
/* Leave another value in the register that the ABI wants to be kept. */
nn_reshape_fn nn_bad_r8, nn_bad_d9, nn_bad_d15, nn_bad_s3, nn_bad_gp, nn_bad_a12;
/* Writes to where an interrupt has spilled its caller's a2. */
nn_reshape_fn nn_bad_a2;
/* Comes back with another stack pointer. */
nn_reshape_fn nn_bad_sp;
/* Writes one byte beyond y; before y. */
nn_reshape_fn nn_bad_beyond, nn_bad_before;

#endif
