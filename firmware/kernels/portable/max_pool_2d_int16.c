/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int16_t
#define NN_POOL nn_max_pool_2d_int16_portable
#include "max_pool.h"
