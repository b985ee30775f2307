/* SPDX-License-Identifier: Apache-2.0
 *
 * What is around main() on QEMU's mps2-an386: printf and exit by semihosting, no static constructors. */
#include <stdint.h>
#include <stdlib.h>

extern uint32_t stack_top[];
int main(void);
void initialise_monitor_handles(void);

static void reset(void) {
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20; /* CPACR: the FPU */
    initialise_monitor_handles();
    exit(main());
}

static void fault(void) {
    exit(99);
}

__attribute__((section(".vectors"), used)) static void *const vectors[] = {
    stack_top, reset, fault, fault, fault, fault, fault,
};
