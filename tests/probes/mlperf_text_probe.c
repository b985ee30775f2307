/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints each float32 that comes from stdin as mlperf_text.h does, a line each. */
#include "mlperf_text.h"

#include <stdio.h>

void port_write(uint8_t byte) {
    putchar(byte);
}

int main(void) {
    float value;
    while (fread(&value, sizeof value, 1, stdin) == 1) {
        say_float(value);
        say("\n");
    }
    return 0;
}
