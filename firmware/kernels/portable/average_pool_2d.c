/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int8_t
#define NN_POOL nn_average_pool_2d_portable
#include "average_pool.h"
