/* SPDX-License-Identifier: Apache-2.0 */
#define NN_SVDF svdf
#define NN_SVDF_STATE int16_t
#include "svdf.h"
