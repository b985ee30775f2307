/* SPDX-License-Identifier: Apache-2.0 */
#define NN_SVDF svdf_int8
#define NN_SVDF_STATE int8_t
#include "svdf.h"
