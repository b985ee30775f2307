/* SPDX-License-Identifier: Apache-2.0
 *
 * What a chip family must provide, in firmware/port/<port>.c (and its start-up code). */
#ifndef PORT_H
#define PORT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What one tick of port_ticks() is. */
typedef enum {
    PORT_TICKS_NONE = 0,   /* no counter: port_ticks() is always 0 */
    PORT_TICKS_CYCLES = 1, /* CPU cycles, counted by the core itself */
    PORT_TICKS_TIMER = 2   /* a timer at port_tick_hz(): SysTick, a system clock */
} port_tick_kind_t;

/* Clocks, UART, tick counter. Called once, first. */
void port_init(void);

/* One byte received, 0..255; -1 when none is waiting; -2 when the line is closed for good (a process' end of file).
 * Returns at once; only a process may sleep for some milliseconds when there is nothing to read. */
int port_read(void);

/* Sends one byte, waiting for the transmitter as long as it takes. */
void port_write(uint8_t byte);

/* Pushes out whatever port_write() buffered. */
void port_flush(void);

/* A counter that never goes back and does not wrap within an inference. */
uint64_t port_ticks(void);
uint32_t port_tick_hz(void);
port_tick_kind_t port_tick_kind(void);

/* Deepest use of the stack since reset and its reserve, in bytes; both 0 where it can't be known. */
uint32_t port_stack_used(void);
uint32_t port_stack_bytes(void);

/* Why the firmware runs again, and the instruction at which it happened, 0 where that is not known. */
typedef enum {
    PORT_FAULT_NONE = 0,  /* power, a button, or nobody knows */
    PORT_FAULT_OTHER = 1, /* an exception: a wild address, an instruction that does not exist */
    PORT_FAULT_STACK = 2  /* the stack grew out of its reserve */
} port_fault_t;
port_fault_t port_last_fault(uint32_t *pc);

#ifdef __cplusplus
}
#endif
#endif
