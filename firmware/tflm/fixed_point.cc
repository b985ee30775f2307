// SPDX-License-Identifier: Apache-2.0
#include "tflm/fixed_point.h"

namespace tflm {
namespace {

constexpr int kDoubleBits = 53, kFloatBits = 24;

// mantissa * 2^exponent, 2^(bits-1) <= mantissa <= 2^bits.
struct Real {
    uint64_t mantissa;
    int exponent;
};

uint32_t mantissa(uint32_t real) {
    return (real & 0x7FFFFF) | 0x800000;
}

int exponent(uint32_t real) {
    return static_cast<int>(real >> 23) - 150;
}

// a * b / c rounded once to so many bits, half to even. A product of two float32 is exact in double, so that only
// the division rounds there too.
Real ratio(uint32_t a, uint32_t b, uint32_t c, int bits) {
    uint32_t rest = 0;
    const uint64_t product = static_cast<uint64_t>(mantissa(a)) * mantissa(b);
    const uint64_t quotient = divide(product << 16, mantissa(c), 10, &rest); // product * 2^32 / c, 55 to 57 bits
    const int drop = 64 - __builtin_clzll(quotient) - bits;
    const uint64_t half = 1ull << (drop - 1), tail = quotient & (2 * half - 1);
    Real real = {quotient >> drop, exponent(a) + exponent(b) - exponent(c) - 32 + drop};
    if (tail > half || (tail == half && (rest != 0 || (real.mantissa & 1) != 0))) {
        real.mantissa++;
    }
    return real;
}

} // namespace

uint64_t divide(uint64_t dividend, uint32_t divisor, int digits, uint32_t *rest) {
    uint64_t quotient = 0;
    uint32_t left = 0;
    for (int digit = 0; digit < digits; digit++) {
        left = left << 8 | static_cast<uint32_t>(dividend >> 56);
        dividend <<= 8;
        quotient = quotient << 8 | left / divisor;
        left %= divisor;
    }
    *rest = left;
    return quotient;
}

Multiplier quantize(uint32_t a, uint32_t b, uint32_t c) {
    const Real real = ratio(a, b, c, kDoubleBits);
    uint32_t value = static_cast<uint32_t>((real.mantissa + (1u << 21)) >> 22);
    int shift = real.exponent + kDoubleBits;
    if (value == 1u << 31) {
        value >>= 1;
        shift++;
    }
    if (shift < -31) {
        return {0, 0};
    }
    if (shift > 30) {
        return {INT32_MAX, 30};
    }
    return {static_cast<int32_t>(value), static_cast<int8_t>(shift)};
}

int32_t quotient(uint32_t real, uint32_t scale) {
    const Real result = ratio(real, kOne, scale, kFloatBits);
    const int down = -result.exponent;
    if (down > kFloatBits + 1) {
        return 0;
    }
    if (down < kFloatBits - 9) {
        return 512;
    }
    return static_cast<int32_t>((static_cast<uint32_t>(result.mantissa) + (1u << (down - 1))) >> down);
}

int32_t input_radius(int integer_bits, Multiplier m) {
    // INT32_MAX is saturated: the true shift is larger than any radius.
    return m.value == INT32_MAX ? 0 : (((1 << integer_bits) - 1) << (31 - integer_bits)) >> m.shift;
}

} // namespace tflm
