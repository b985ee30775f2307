// SPDX-License-Identifier: Apache-2.0
//
// Quantization parameters from scales, exactly as TFLite's double arithmetic followed by QuantizeMultiplier gives
// them, in integers: a soft-float library would cost more flash than the interpreter's core.
// Scales are float32 bit patterns of positive normal numbers.
#ifndef TFLM_FIXED_POINT_H
#define TFLM_FIXED_POINT_H

#include <stdint.h>

namespace tflm {

// real ~ value * 2^(shift - 31), value in [2^30, 2^31) or 0.
struct Multiplier {
    int32_t value;
    int8_t shift;
};

constexpr uint32_t kOne = 0x3F800000;
constexpr int kMaxRescale = 22; // left shift by which a 9-bit difference stays in int32_t

// 2^exponent as a scale.
constexpr uint32_t power_of_two(int exponent) {
    return static_cast<uint32_t>(127 + exponent) << 23;
}

// floor(dividend * 256^(digits - 8) / divisor) of a divisor below 2^24 by long division in base 256: every step is one
// 32-bit division. *rest: what is left, not 0 where the quotient was rounded down.
uint64_t divide(uint64_t dividend, uint32_t divisor, int digits, uint32_t *rest);

// QuantizeMultiplier(double(a) * double(b) / double(c)).
Multiplier quantize(uint32_t a, uint32_t b, uint32_t c);

// round(real / scale) in float32 arithmetic, half away from zero; at most 512 where it is larger.
int32_t quotient(uint32_t real, uint32_t scale);

// CalculateInputRadius: the largest difference from zero, in input steps, that m leaves within integer_bits before the
// binary point. m is not negative.
int32_t input_radius(int integer_bits, Multiplier m);

} // namespace tflm
#endif
