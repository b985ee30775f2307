/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#define dot_state nn_dot_int8
#define NN_SVDF nn_svdf_int8_sums_mve
#define NN_SVDF_OP nn_svdf_int8_sums_t
#define NN_SVDF_STATE int8_t
#include "svdf_sums.h"
