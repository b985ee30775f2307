/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int16_t
#define NN_LOW INT16_MIN
#define NN_HIGH INT16_MAX
#define NN_MEAN nn_mean_int16_portable
#define NN_MEAN_OP nn_mean_int16_t
#include "mean.h"
