/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"

#define PATTERN(i) (0xA5C35A3Cu + 0x01030507u * (i))

/* Written and read by <isa>.inc. saved: the caller's, then its return address where the ABI has that in a register. */
uint32_t harness_abi_saved[HARNESS_ABI_WORDS + 1], harness_abi_after[HARNESS_ABI_WORDS];
const uint32_t harness_abi_patterns[] = {PATTERN(0),  PATTERN(1),  PATTERN(2),  PATTERN(3),  PATTERN(4),  PATTERN(5),
                                         PATTERN(6),  PATTERN(7),  PATTERN(8),  PATTERN(9),  PATTERN(10), PATTERN(11),
                                         PATTERN(12), PATTERN(13), PATTERN(14), PATTERN(15), PATTERN(16), PATTERN(17),
                                         PATTERN(18), PATTERN(19), PATTERN(20), PATTERN(21), PATTERN(22), PATTERN(23)};
_Static_assert(sizeof harness_abi_patterns / sizeof *harness_abi_patterns >= HARNESS_ABI_FILLED, "too few patterns");

uint32_t harness_abi_calls, harness_abi_violation;

static uint32_t expected(uint32_t i) {
    return i < HARNESS_ABI_FILLED ? harness_abi_patterns[i] : harness_abi_saved[i];
}

void harness_abi_check(uint32_t function) {
    uint32_t different = 0;
    harness_abi_calls++;
    for (uint32_t i = 0; i < HARNESS_ABI_FILLED; i++)
        different |= harness_abi_after[i] ^ harness_abi_patterns[i];
    for (uint32_t i = HARNESS_ABI_FILLED; i < HARNESS_ABI_WORDS; i++)
        different |= harness_abi_after[i] ^ harness_abi_saved[i];
    for (uint32_t i = 0; different != 0 && harness_abi_violation == 0 && i < HARNESS_ABI_WORDS; i++)
        if (harness_abi_after[i] != expected(i))
            harness_abi_violation = 1 + 256 * function + i;
}
