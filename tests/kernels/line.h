/* SPDX-License-Identifier: Apache-2.0
 *
 * The harness's line: stdin and stdout of the process that it is or, on an emulated machine, of the emulator, which
 * reads and writes whole buffers for the program (semihosting). A serial port would take an event for each byte. */
#ifndef HARNESS_LINE_H
#define HARNESS_LINE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LINE_IN = 0, LINE_OUT = 1 };

void line_open(void);

/* Returns once all the bytes are there, or 0 when nothing more comes. */
int line_read(void *data, uint32_t bytes);

void line_write(const void *data, uint32_t bytes);

#ifdef __cplusplus
}
#endif

#endif
