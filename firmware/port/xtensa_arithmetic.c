/* SPDX-License-Identifier: Apache-2.0
 *
 * What GCC calls for arithmetic that the lx106 has no instructions for and Debian's libgcc for it lacks, by libgcc's
 * names ("Integer library routines" and "Routines for floating point emulation" in GCC's internals manual). */
#include <stdint.h>

#define SIGN 0x80000000u
#define INFINITE 0x7F800000u
#define QUIET 0x00400000u
#define HIDDEN 0x00800000u /* the one before a significand's point */

uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);
int32_t __divsi3(int32_t a, int32_t b);
uint64_t __umulsidi3(uint32_t a, uint32_t b);
uint64_t __muldi3(uint64_t a, uint64_t b);
/* floats by their bit patterns, which are passed and returned as floats are */
uint32_t __addsf3(uint32_t a, uint32_t b);
uint32_t __subsf3(uint32_t a, uint32_t b);
uint32_t __mulsf3(uint32_t a, uint32_t b);
uint32_t __floatsisf(int32_t a);

typedef struct {
    uint32_t quotient, rest;
} divided_t;

/* Bit by bit, from the first that can be 1. Division by zero: all ones, as the quotient has no meaning. */
static inline divided_t divide(uint32_t a, uint32_t b) {
    divided_t result = {0, a};
    if (b == 0)
        return (divided_t){UINT32_MAX, a};
    if (a < b)
        return result;
    for (int shift = __builtin_clz(b) - __builtin_clz(a); shift >= 0; shift--) {
        result.quotient <<= 1;
        if (result.rest >= b << shift) {
            result.rest -= b << shift;
            result.quotient |= 1;
        }
    }
    return result;
}

uint32_t __udivsi3(uint32_t a, uint32_t b) {
    return divide(a, b).quotient;
}

uint32_t __umodsi3(uint32_t a, uint32_t b) {
    return divide(a, b).rest;
}

int32_t __divsi3(int32_t a, int32_t b) {
    uint32_t quotient = divide(a < 0 ? -(uint32_t)a : (uint32_t)a, b < 0 ? -(uint32_t)b : (uint32_t)b).quotient;
    return (int32_t)((a ^ b) < 0 ? -quotient : quotient);
}

static inline uint64_t join(uint32_t high, uint32_t low) {
    return (uint64_t)high << 32 | low;
}

/* Four products of halves. */
static inline uint64_t product(uint32_t a, uint32_t b) {
    uint32_t a0 = a & 0xFFFF, a1 = a >> 16, b0 = b & 0xFFFF, b1 = b >> 16;
    uint32_t low = a0 * b0, middle = a1 * b0 + (low >> 16);
    uint32_t other = a0 * b1 + (middle & 0xFFFF);
    return join(a1 * b1 + (middle >> 16) + (other >> 16), other << 16 | (low & 0xFFFF));
}

uint64_t __umulsidi3(uint32_t a, uint32_t b) {
    return product(a, b);
}

uint64_t __muldi3(uint64_t a, uint64_t b) {
    uint32_t a0 = (uint32_t)a, b0 = (uint32_t)b;
    uint64_t low = product(a0, b0);
    return join((uint32_t)(low >> 32) + (uint32_t)(a >> 32) * b0 + a0 * (uint32_t)(b >> 32), (uint32_t)low);
}

/* value >> bits, with the lowest bit set where anything was lost. */
static inline uint32_t shift_right(uint32_t value, uint32_t bits) {
    return bits > 31 ? value != 0 : value >> bits | ((value & ((1u << bits) - 1)) != 0);
}

/* The float of significand * 2^(exponent - 158), rounded to nearest, ties to even; the significand's lowest bit may
 * stand for everything below. */
static uint32_t pack(uint32_t sign, int exponent, uint32_t significand) {
    enum { DROPPED = 8, HALF = 1 << (DROPPED - 1) };
    if (significand == 0)
        return sign;
    int left = __builtin_clz(significand);
    significand <<= left;
    exponent -= left; /* what the float's is, unless it is subnormal or infinite */
    if (exponent >= 0xFF)
        return sign | INFINITE;
    if (exponent < 1) {
        significand = shift_right(significand, (uint32_t)(1 - exponent));
        exponent = 1;
    }
    uint32_t kept = significand >> DROPPED, rest = significand & (2 * HALF - 1);
    kept += rest > HALF || (rest == HALF && (kept & 1));
    /* The hidden one, where there is one, adds 1 to the exponent; so may the rounding. */
    return sign | (((uint32_t)(exponent - 1) << 23) + kept);
}

static inline int exponent_of(uint32_t a) {
    int exponent = (int)(a >> 23 & 0xFF);
    return exponent == 0 ? 1 : exponent;
}

static inline uint32_t significand_of(uint32_t a) {
    return (a & (HIDDEN - 1)) | ((a & INFINITE) != 0 ? HIDDEN : 0);
}

static inline int is_nan(uint32_t a) {
    return (a & ~SIGN) > INFINITE;
}

uint32_t __floatsisf(int32_t a) {
    return pack(a < 0 ? SIGN : 0, 158, a < 0 ? -(uint32_t)a : (uint32_t)a);
}

uint32_t __mulsf3(uint32_t a, uint32_t b) {
    uint32_t sign = (a ^ b) & SIGN;
    if (is_nan(a))
        return a | QUIET;
    if (is_nan(b))
        return b | QUIET;
    if ((a & ~SIGN) == INFINITE || (b & ~SIGN) == INFINITE) {
        int zero = (a & ~SIGN) == 0 || (b & ~SIGN) == 0;
        return zero ? INFINITE | QUIET : sign | INFINITE;
    }
    uint32_t x = significand_of(a), y = significand_of(b);
    int exponent = exponent_of(a) + exponent_of(b) - 127;
    if (x == 0 || y == 0)
        return sign;
    int left = __builtin_clz(x) - 8, more = __builtin_clz(y) - 8; /* of subnormals */
    uint64_t wide = product(x << left, y << more);                /* 47 or 48 bits */
    uint32_t high = (uint32_t)(wide >> 16);
    return pack(sign, exponent - left - more + 1, high | ((wide & 0xFFFF) != 0));
}

uint32_t __addsf3(uint32_t a, uint32_t b) {
    if (is_nan(a))
        return a | QUIET;
    if (is_nan(b))
        return b | QUIET;
    if ((a & ~SIGN) < (b & ~SIGN)) { /* the larger one first */
        uint32_t other = a;
        a = b;
        b = other;
    }
    if ((a & ~SIGN) == INFINITE)
        return (a ^ b) == SIGN ? INFINITE | QUIET : a;
    uint32_t x = significand_of(a) << 7, y = significand_of(b) << 7;
    y = shift_right(y, (uint32_t)(exponent_of(a) - exponent_of(b)));
    uint32_t sum = (a ^ b) & SIGN ? x - y : x + y;
    if (sum == 0)
        return a & b & SIGN; /* of opposite zeros and numbers: +0 */
    return pack(a & SIGN, exponent_of(a) + 1, sum);
}

uint32_t __subsf3(uint32_t a, uint32_t b) {
    return __addsf3(a, is_nan(b) ? b : b ^ SIGN);
}
