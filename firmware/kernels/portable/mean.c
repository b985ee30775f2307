/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int8_t
#define NN_LOW INT8_MIN
#define NN_HIGH INT8_MAX
#define NN_MEAN nn_mean_portable
#define NN_MEAN_OP nn_mean_t
#include "mean.h"
