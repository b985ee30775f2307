/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls nn_math.h for test_fixed_point.py: reads records of (function, a, b, c), writes one result each, all int32. */
#include <stdio.h>

#include "nn_math.h"

static int32_t call(const int32_t *r) {
    switch (r[0]) {
    case 0:
        return nn_mul_q31(r[1], r[2]);
    case 1:
        return nn_rounding_shift(r[1], r[2]);
    case 2:
        return nn_requantize(r[1], r[2], r[3]);
    case 3:
        return nn_exp_negative(r[1], r[2]);
    case 4:
        return nn_one_over_one_plus_x(r[1]);
    default:
        return nn_saturating_shift_left(r[1], r[2]);
    }
}

int main(void) {
    int32_t record[4];
    while (fread(record, sizeof record, 1, stdin) == 1) {
        int32_t result = call(record);
        if (fwrite(&result, sizeof result, 1, stdout) != 1)
            return 1;
    }
    return 0;
}
