/* SPDX-License-Identifier: Apache-2.0 */
#include "compare.h"

NN_COMPARISON(greater_equal, >=)
