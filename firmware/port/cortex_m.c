/* SPDX-License-Identifier: Apache-2.0
 *
 * Start-up, ticks, received bytes and stack for every Cortex-M (ARMv7-M Architecture Reference Manual, parts B1.5 and
 * B3; ARMv6-M, the Cortex-M0 and M0+, has a subset of it).
 * Symbols that nothing here defines come from cortex_m.ld. */
#include "cortex_m.h"
#include "fault.h"
#include "port.h"
#include "start.h"

#define SYST_CSR 0xE000E010u /* SysTick control: 1 enable, 2 interrupt at 0, 4 the core's own clock */
#define SYST_RVR 0xE000E014u /* reload value, 24 bits */
#define SYST_CVR 0xE000E018u /* current value, counts down */
#define SCB_ICSR 0xE000ED04u
#define ICSR_PENDSTSET (1u << 26) /* SysTick's interrupt waits */
#define SCB_VTOR 0xE000ED08u
#define SCB_AIRCR 0xE000ED0Cu
#define AIRCR_RESET 0x05FA0004u /* the key, and "reset the system" */
#define SCB_CCR 0xE000ED14u
#define CCR_DATA_CACHE (1u << 16)
#define SCB_DCCMVAC 0xE000EF68u /* writes the cache's line of an address back */
#define SCB_CPACR 0xE000ED88u
#define CPACR_FPU (0xFu << 20)
#define SCB_DEMCR 0xE000EDFCu
#define DEMCR_TRCENA (1u << 24) /* powers the DWT */
#define DWT_CTRL 0xE0001000u
#define DWT_CYCCNT 0xE0001004u
#define DWT_LAR 0xE0001FB0u
#define DWT_UNLOCK 0xC5ACCE55u
#define NVIC_ISER 0xE000E100u /* interrupts: enable, disable, set pending; a bit each */
#define NVIC_ICER 0xE000E180u
#define NVIC_ISPR 0xE000E200u

#define TICKS_PER_WRAP 0x1000000u
#define RING_BYTES 512u /* two of the longest frames; a power of two */

port_handler_fn port_reset, port_fault, port_tick_wrapped;
void port_restart(const uint32_t *frame);

static volatile uint32_t wraps;
static uint32_t tick_hz;

/* Bytes put in by the interrupt alone and taken out by port_read() alone; both counts run on and wrap. */
static volatile uint8_t ring[RING_BYTES];
static volatile uint32_t ring_in, ring_out;
static uint32_t uart_irq;
_Static_assert((RING_BYTES & (RING_BYTES - 1)) == 0, "the counts wrap at 2^32");

typedef struct {
    uint32_t *stack;
    port_handler_fn *handler[15];
} vectors_t;

/* The chip's own interrupts follow, see PORT_UART_INTERRUPT. */
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
__attribute__((naked)) void port_fault(void) {
    __asm volatile("mrs r0, msp\n\t"
                   "ldr r1, =port_stack_top\n\t" /* whatever it was may have been the stack */
                   "msr msp, r1\n\t"
                   "ldr r1, =port_restart\n\t"
                   "bx r1\n\t"
                   ".ltorg");
}

/* frame: what the core has pushed: r0 to r3, r12, lr, pc, xpsr, if it could. */
void port_restart(const uint32_t *frame) {
    int pushed = frame >= port_stack_low && frame + 8 <= port_stack_top;
    fault_note((uint32_t)(uintptr_t)frame, pushed ? frame[6] : 0);
    __asm volatile("dsb" ::: "memory");
    if (*port_register(SCB_CCR) & CCR_DATA_CACHE) { /* of which the reset keeps nothing */
        *port_register(SCB_DCCMVAC) = (uint32_t)(uintptr_t)&fault_record;
        __asm volatile("dsb" ::: "memory");
    }
    *port_register(SCB_AIRCR) = AIRCR_RESET;
    for (;;) {
    }
}

void port_tick_wrapped(void) {
    wraps = wraps + 1;
}

void port_reset(void) {
    uint32_t *stack;
    __asm volatile("mov %0, sp" : "=r"(stack));
    start_paint_stack(stack);
    start_variables();
    *port_register(SCB_VTOR) = (uint32_t)(uintptr_t)&vectors; /* a boot loader may have left its own */
#ifdef __ARM_FP
    *port_register(SCB_CPACR) |= CPACR_FPU;
    __asm volatile("dsb\n\tisb" ::: "memory");
#endif
    start_constructors();
    fault_recall();
    main();
    port_fault();
}

static void nvic_set(uint32_t registers) {
    *port_register(registers + 4 * (uart_irq / 32)) = 1u << (uart_irq % 32);
}

void port_enable_interrupt(uint32_t number) {
    uart_irq = number;
    nvic_set(NVIC_ISER);
}

bool port_has_room(void) {
    return ring_in - ring_out < RING_BYTES;
}

void port_received(uint8_t byte) {
    uint32_t in = ring_in;
    ring[in % RING_BYTES] = byte;
    ring_in = in + 1;
    if (!port_has_room()) {
        nvic_set(NVIC_ICER);
    }
}

int port_read(void) {
    uint32_t out = ring_out;
    if (out == ring_in) {
        return -1;
    }
    int byte = ring[out % RING_BYTES];
    __asm volatile("cpsid i" ::: "memory"); /* else a byte between the two that fills the ring would be the last one */
    bool was_full = !port_has_room();
    ring_out = out + 1;
    __asm volatile("cpsie i" ::: "memory");
    if (was_full) { /* pending, too: the UART may have said so while nobody listened */
        nvic_set(NVIC_ISPR);
        nvic_set(NVIC_ISER);
    }
    return byte;
}

/* SysTick on the core's clock counts the same cycles as DWT_CYCCNT, with an interrupt at each wrap (every 40 ms to 1 s,
 * some 30 cycles each), exists on every Cortex-M here and in QEMU, and so is the one counter. */
void port_start_ticks(uint32_t hz) {
    tick_hz = hz;
#if __ARM_ARCH >= 7
    *port_register(SCB_DEMCR) |= DEMCR_TRCENA;
    *port_register(DWT_LAR) = DWT_UNLOCK; /* the Cortex-M7's is locked, others have no lock */
    *port_register(DWT_CTRL) |= 1;
#endif
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
    return (uint64_t)high * TICKS_PER_WRAP + (TICKS_PER_WRAP - left) % TICKS_PER_WRAP; /* at 0 it has wrapped */
}

uint32_t port_tick_hz(void) {
    return tick_hz;
}

/* An emulator's SysTick follows its own time, not the instructions' cycles. None of them has a DWT that counts; ARMv6-M
 * has no DWT, and there an emulated board's .ini says so. */
port_tick_kind_t port_tick_kind(void) {
#if __ARM_ARCH >= 7
    uint32_t before = *port_register(DWT_CYCCNT);
    __asm volatile("nop\n\tnop\n\tnop\n\tnop");
    return *port_register(DWT_CYCCNT) != before ? PORT_TICKS_CYCLES : PORT_TICKS_TIMER;
#elif defined PORT_EMULATED
    return PORT_TICKS_TIMER;
#else
    return PORT_TICKS_CYCLES;
#endif
}
