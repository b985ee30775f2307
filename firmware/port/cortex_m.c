/* SPDX-License-Identifier: Apache-2.0
 *
 * Start-up, ticks and stack for every Cortex-M (ARMv7-M Architecture Reference Manual, parts B1.5 and B3).
 * Symbols that nothing here defines come from cortex_m.ld. */
#include "cortex_m.h"
#include "port.h"

#define SYST_CSR 0xE000E010u /* SysTick control: 1 enable, 2 interrupt at 0, 4 the core's own clock */
#define SYST_RVR 0xE000E014u /* reload value, 24 bits */
#define SYST_CVR 0xE000E018u /* current value, counts down */
#define SCB_ICSR 0xE000ED04u
#define ICSR_PENDSTSET (1u << 26) /* SysTick's interrupt waits */
#define SCB_AIRCR 0xE000ED0Cu
#define AIRCR_RESET 0x05FA0004u /* the key, and "reset the system" */
#define SCB_CPACR 0xE000ED88u
#define CPACR_FPU (0xFu << 20)
#define SCB_DEMCR 0xE000EDFCu
#define DEMCR_TRCENA (1u << 24) /* powers the DWT */
#define DWT_CTRL 0xE0001000u
#define DWT_CYCCNT 0xE0001004u

#define TICKS_PER_WRAP 0x1000000u
#define STACK_PAINT 0xC5C5C5C5u

extern uint32_t port_stack_low[], port_stack_top[];
extern uint32_t port_data_load[], port_data_start[], port_data_end[], port_bss_start[], port_bss_end[];
typedef void port_handler_fn(void);
extern port_handler_fn *const port_construct_start[], *const port_construct_end[];

int main(void);
port_handler_fn port_reset, port_fault, port_tick_wrapped;

static volatile uint32_t wraps;
static uint32_t tick_hz;

typedef struct {
    uint32_t *stack;
    port_handler_fn *handler[15];
} vectors_t;

/* No device interrupt is ever enabled, so that the table ends with the core's own exceptions. */
__attribute__((section(".vectors"), used)) static const vectors_t vectors = {
    port_stack_top,
    {
        port_reset,
        port_fault,
        port_fault,
        port_fault,
        port_fault,
        port_fault,
        0,
        0,
        0,
        0,
        port_fault,
        port_fault,
        0,
        port_fault,
        port_tick_wrapped,
    },
};

/* Nothing can be said over the line without being taken for an answer: start again, and the host, which repeats its
 * question, finds a fresh session. */
void port_fault(void) {
    *port_register(SCB_AIRCR) = AIRCR_RESET;
    for (;;) {
    }
}

void port_tick_wrapped(void) {
    wraps = wraps + 1;
}

/* volatile: the compiler must not turn these loops into calls of memset and memcpy, whose frames would lie in the
 * stack being painted. */
static inline void fill(volatile uint32_t *from, const volatile uint32_t *to, uint32_t word) {
    while (from < to) {
        *from++ = word;
    }
}

void port_reset(void) {
    uint32_t *stack;
    __asm volatile("mov %0, sp" : "=r"(stack));
    fill(port_stack_low, stack, STACK_PAINT);
    const volatile uint32_t *load = port_data_load;
    for (volatile uint32_t *data = port_data_start; data < port_data_end; data++) {
        *data = *load++;
    }
    fill(port_bss_start, port_bss_end, 0);
#ifdef __ARM_FP
    *port_register(SCB_CPACR) |= CPACR_FPU;
    __asm volatile("dsb\n\tisb" ::: "memory");
#endif
    for (port_handler_fn *const *construct = port_construct_start; construct < port_construct_end; construct++) {
        (*construct)();
    }
    main();
    port_fault();
}

/* SysTick on the core's clock counts the same cycles as DWT_CYCCNT, with an interrupt at each wrap (every 0.1 s to
 * 0.7 s, some 30 cycles each), exists on every Cortex-M and in QEMU, and so is the one counter. */
void port_start_ticks(uint32_t hz) {
    tick_hz = hz;
    *port_register(SCB_DEMCR) |= DEMCR_TRCENA;
    *port_register(DWT_CTRL) |= 1;
    *port_register(SYST_RVR) = TICKS_PER_WRAP - 1;
    *port_register(SYST_CVR) = 0;
    *port_register(SYST_CSR) = 7;
}

uint64_t port_ticks(void) {
    __asm volatile("cpsid i" ::: "memory");
    uint32_t left = *port_register(SYST_CVR);
    uint32_t high = wraps;
    if (*port_register(SCB_ICSR) & ICSR_PENDSTSET) { /* wrapped, perhaps after left was read, not counted yet */
        left = *port_register(SYST_CVR);
        high++;
    }
    __asm volatile("cpsie i" ::: "memory");
    return (uint64_t)high * TICKS_PER_WRAP + (TICKS_PER_WRAP - 1 - left);
}

uint32_t port_tick_hz(void) {
    return tick_hz;
}

/* An emulator's SysTick follows its own time, not the instructions' cycles. None of them has a DWT that counts. */
port_tick_kind_t port_tick_kind(void) {
    uint32_t before = *port_register(DWT_CYCCNT);
    __asm volatile("nop\n\tnop\n\tnop\n\tnop");
    return *port_register(DWT_CYCCNT) != before ? PORT_TICKS_CYCLES : PORT_TICKS_TIMER;
}

uint32_t port_stack_bytes(void) {
    return (uint32_t)((uintptr_t)port_stack_top - (uintptr_t)port_stack_low);
}

uint32_t port_stack_used(void) {
    const volatile uint32_t *deepest = port_stack_low;
    while (deepest < port_stack_top && *deepest == STACK_PAINT) {
        deepest++;
    }
    return (uint32_t)((uintptr_t)port_stack_top - (uintptr_t)deepest);
}
