/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int8_t
#define NN_PAD pad
#define NN_PAD_FILL nn_fill_bytes
#include "pad.h"
