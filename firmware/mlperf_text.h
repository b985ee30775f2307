/* SPDX-License-Identifier: Apache-2.0
 *
 * Text for mlperf.c: what printf() would write, without a C library. */
#ifndef MLPERF_TEXT_H
#define MLPERF_TEXT_H

#include "port.h"

#include <string.h>

static inline void say(const char *text) {
    while (*text != 0)
        port_write((uint8_t)*text++);
}

/* Bit by bit, since not every target's library divides 64 bits; *number becomes the quotient, the rest is returned. */
static inline uint32_t divide(uint64_t *number, uint32_t divisor) {
    uint64_t rest = 0, quotient = 0;
    for (int bit = 63; bit >= 0; bit--) {
        rest = rest << 1 | (*number >> bit & 1);
        if (rest >= divisor) {
            rest -= divisor;
            quotient |= 1ull << bit;
        }
    }
    *number = quotient;
    return (uint32_t)rest;
}

static inline void say_number(uint64_t number) {
    char digits[21], *first = digits + 20;
    *first = 0;
    do {
        *--first = (char)('0' + divide(&number, 10));
    } while (number > 0);
    say(first);
}

static inline void say_integer(int32_t number) {
    if (number < 0)
        port_write('-');
    say_number((uint64_t)(number < 0 ? -(int64_t)number : number));
}

/* fraction * 2^exponent, too large to have binary places: doubled in decimal. */
static inline void say_large(uint32_t fraction, int exponent) {
    uint8_t digits[39]; /* the last one first; enough for 2^128 */
    unsigned count = 0;
    for (; fraction > 0; fraction /= 10)
        digits[count++] = (uint8_t)(fraction % 10);
    for (; exponent > 0; exponent--) {
        uint8_t carry = 0;
        for (unsigned i = 0; i < count; i++) {
            uint8_t twice = (uint8_t)(2 * digits[i] + carry);
            digits[i] = twice % 10;
            carry = twice / 10;
        }
        if (carry > 0)
            digits[count++] = carry;
    }
    while (count > 0)
        port_write((uint8_t)('0' + digits[--count]));
    say(".000");
}

/* What printf("%.3f") prints: the exact binary value rounded to the nearest thousandth, ties to even. */
static inline void say_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t fraction = bits & 0x7FFFFF, biased = bits >> 23 & 0xFF;
    if (bits >> 31 && !(biased == 0xFF && fraction != 0))
        port_write('-');
    if (biased == 0xFF) {
        say(fraction != 0 ? "nan" : "inf");
        return;
    }
    if (biased > 0)
        fraction |= 0x800000;
    int shift = 150 - (int)(biased > 0 ? biased : 1); /* the value is fraction / 2^shift */
    if (shift <= 0) {
        say_large(fraction, -shift);
        return;
    }
    uint64_t exact = (uint64_t)fraction * 1000, thousandths = 0; /* exact < 2^34 */
    if (shift < 36) {
        uint64_t rest = exact & ((1ull << shift) - 1), half = 1ull << (shift - 1);
        thousandths = exact >> shift;
        thousandths += rest > half || (rest == half && (thousandths & 1));
    }
    uint32_t places = divide(&thousandths, 1000);
    say_number(thousandths);
    port_write('.');
    for (unsigned place = 100; place > 0; place /= 10)
        port_write((uint8_t)('0' + places / place % 10));
}

#endif
