/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#define dot_state nn_dot_int16
#define NN_SVDF nn_svdf_sums_mve
#define NN_SVDF_OP nn_svdf_sums_t
#define NN_SVDF_STATE int16_t
#include "svdf_sums.h"
