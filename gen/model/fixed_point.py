"""TFLite's integer arithmetic in NumPy, exact to the bit: what TFLM computes on a device.

Source: gemmlowp's fixed-point header and TFLite's quantization_util / common.h as TFLM uses them (double rounding:
a rounding doubling high multiply, then a rounding right shift). int32 wraps where C on the device would wrap.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Int32 = NDArray[np.int32]
INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1


def quantize_multiplier(real: float) -> tuple[int, int]:
    """(multiplier, shift) with real ~ multiplier * 2**(shift - 31), multiplier in [2**30, 2**31).

    TFLite's QuantizeMultiplier: rounds half away from zero, returns (0, 0) below 2**-32 and saturates above 2**30."""
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = math.floor(abs(fraction) * 2**31 + 0.5) * (1 if fraction > 0 else -1)
    if abs(multiplier) == 2**31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    if shift > 30:
        return INT32_MAX, 30
    return multiplier, shift


def rounding_doubling_high_mul(a: Int32, b: Any) -> Int32:
    """gemmlowp SaturatingRoundingDoublingHighMul: (a*b + nudge) / 2**31, saturated for INT32_MIN squared."""
    product = a.astype(np.int64) * np.asarray(b, np.int64)
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    # C division truncates towards zero, the shift floors: correct negative values with a remainder.
    high = np.where(nudged >= 0, nudged >> 31, -((-nudged) >> 31))
    return np.minimum(high, INT32_MAX).astype(np.int32)


def rounding_divide_by_pot(x: Int32, exponent: Any) -> Int32:
    """gemmlowp RoundingDivideByPOT: x / 2**exponent, half away from zero; exponent 0..31."""
    exponent = np.asarray(exponent, np.int64)
    wide = x.astype(np.int64)
    mask = (np.int64(1) << exponent) - 1
    remainder = wide & mask
    threshold = (mask >> 1) + (wide < 0)
    rounded: Int32 = ((wide >> exponent) + (remainder > threshold)).astype(np.int32)
    return rounded


def multiply_by_quantized_multiplier(x: Int32, multiplier: Any, shift: Any) -> Int32:
    """TFLite MultiplyByQuantizedMultiplier; multiplier and shift broadcast against x (per channel: last axis)."""
    shift = np.asarray(shift, np.int64)
    shifted = (x.astype(np.int64) << np.maximum(shift, 0)).astype(np.int32)
    return rounding_divide_by_pot(rounding_doubling_high_mul(shifted, multiplier), np.maximum(-shift, 0))


def multiply_by_reduced_multiplier(x: NDArray[np.int64], multiplier: Any, shift: Any) -> Int32:
    """TFLite's MultiplyByQuantizedMultiplier of int64, +-2**47, by a multiplier of 16 bits: one rounding, of halves
    upwards; shift -31..7. What leaves int32 wraps."""
    wide = np.asarray(multiplier, np.int64)
    reduced = np.where(wide >= 0x7FFF0000, 0x7FFF, (wide + (1 << 15)) >> 16)
    total = 15 - np.asarray(shift, np.int64)
    scaled: Int32 = ((x * reduced + (np.int64(1) << (total - 1))) >> total).astype(np.int32)
    return scaled


def activation_range(activation: str, scale: float, zero_point: int, dtype: str = "int8") -> tuple[int, int]:
    """(act_min, act_max) in int8 or int16 for a fused activation "none", "relu", "relu6" or "relu_n1_to_1".

    TFLite CalculateActivationRangeQuantized: float32 division, then round half away from zero."""
    limits = np.iinfo(dtype)
    lowest, highest = int(limits.min), int(limits.max)

    def quantized(real: float) -> int:
        with np.errstate(over="ignore"):  # beyond eight times its limits any zero point leaves it saturated
            ratio = float(np.clip(np.float32(real) / np.float32(scale), 8 * lowest, -8 * lowest))
        return zero_point + math.floor(abs(ratio) + 0.5) * (1 if ratio >= 0 else -1)

    low, high = {"none": (None, None), "relu": (0.0, None), "relu6": (0.0, 6.0), "relu_n1_to_1": (-1.0, 1.0)}[
        activation
    ]
    act_min = lowest if low is None else max(lowest, quantized(low))
    act_max = highest if high is None else min(highest, quantized(high))
    return act_min, act_max


# Fixed-point functions of SOFTMAX and LOGISTIC. Qn is an int32 with n bits before the binary point and 31 - n after it.

# exp(-2**e) in Q0, for e = -2, -1, 0, ...
EXP_OF_MINUS_POT = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)


def exp_on_negative_values(x: Int32, integer_bits: int) -> Int32:
    """gemmlowp exp_on_negative_values: e**x in Q0 of x <= 0 in Q(integer_bits), 1..5 bits.

    A Taylor polynomial on [-1/4, 0) times e**-2**k for every bit k of what is left."""
    quarter = 1 << (29 - integer_bits)
    fraction = (x & (quarter - 1)) - quarter
    a = (fraction << integer_bits) + (1 << 28)  # x + 1/8 in Q0, the center of the interval
    a2 = rounding_doubling_high_mul(a, a)
    a3, a4 = rounding_doubling_high_mul(a2, a), rounding_doubling_high_mul(a2, a2)
    third = rounding_doubling_high_mul(rounding_divide_by_pot(a4, 2) + a3, 715827883)
    exp_minus_eighth = np.int32(1895147668)
    result = exp_minus_eighth + rounding_doubling_high_mul(
        a + rounding_divide_by_pot(third + a2, 1), int(exp_minus_eighth)
    )
    rest = fraction - x
    for bit, factor in enumerate(EXP_OF_MINUS_POT[: integer_bits + 2]):
        result = np.where(rest & (quarter << bit), rounding_doubling_high_mul(result, factor), result)
    return np.where(x == 0, INT32_MAX, result).astype(np.int32)


def saturating_shift_left(x: Int32, bits: int) -> Int32:
    shifted: Int32 = np.clip(x.astype(np.int64) << bits, INT32_MIN, INT32_MAX).astype(np.int32)
    return shifted


def one_over_one_plus_x(x: Int32) -> Int32:
    """gemmlowp one_over_one_plus_x_for_x_in_0_1: 1 / (1 + x) in Q0 of 0 <= x < 1 in Q0."""
    return saturating_shift_left(_two_over_one_plus_x(x), 1)


def one_minus_x_over_one_plus_x(x: Int32) -> Int32:
    """gemmlowp one_minus_x_over_one_plus_x_for_x_in_0_1: (1 - x) / (1 + x) in Q0 of 0 <= x < 1 in Q0."""
    return saturating_shift_left(_two_over_one_plus_x(x) - np.int32(1 << 29), 2)


def _two_over_one_plus_x(x: Int32) -> Int32:
    """2 / (1 + x) in Q2, by three Newton steps."""
    half = ((x.astype(np.int64) + INT32_MAX + 1) >> 1).astype(np.int32)
    result: Int32 = rounding_doubling_high_mul(half, -1010580540) + np.int32(1515870810)  # 48/17 - 32/17 * half
    for _ in range(3):
        error = np.int32(1 << 29) - rounding_doubling_high_mul(half, result)
        result = result + saturating_shift_left(rounding_doubling_high_mul(result, error), 2)
    return result


def input_radius(integer_bits: int, real: float) -> int:
    """TFLite's CalculateInputRadius: how many steps of the input reach the end of Q(integer_bits); real: that of the
    multiplier that brings steps there."""
    highest = (2**integer_bits - 1) * 2.0 ** (31 - integer_bits)
    return math.floor(math.ldexp(highest, -math.frexp(real)[1]))


def log_of_at_least_one(x: Int32, output_bits: int, input_bits: int) -> Int32:
    """TFLite's log_x_for_x_greater_than_or_equal_to_1: the logarithm in Q(output_bits) of x >= 1 in Q(input_bits).

    log(x) = p * log(2) + log(r), where r is x halved p times, once to [0.5, 1) and once to [sqrt(0.5), sqrt(2)); of
    the two the smaller r counts, whose logarithm is a rational function."""
    sqrt_half, sqrt_sqrt_half, quarter = np.int32(1518500250), np.int32(1805811301), np.int32(1 << (28 - output_bits))
    zeros = _leading_zeros(x)
    r_a = saturating_shift_left(rounding_doubling_high_mul(_shifted_left(x, zeros - 1), sqrt_half), 1)
    zeros_b = _leading_zeros(rounding_doubling_high_mul(x, sqrt_half)) - 1
    r_b = np.clip(x.astype(np.int64) << np.maximum(zeros_b, 0), INT32_MIN, INT32_MAX).astype(np.int32)
    unit = 1 << (30 - output_bits)
    pot_a = ((input_bits - zeros) * unit).astype(np.int32) + quarter
    pot_b = ((input_bits - zeros_b) * unit).astype(np.int32) - quarter
    r, pot = np.minimum(r_a, r_b), np.maximum(pot_a, pot_b)
    both = r.astype(np.int64) + sqrt_sqrt_half
    half_sum = ((both + np.where(both >= 0, 1, -1)) / 2).astype(np.int64).astype(np.int32)
    q = ((r - sqrt_sqrt_half).astype(np.int64) << 1).astype(np.int32)
    mul = rounding_doubling_high_mul
    q2 = mul(q, q)
    numerator = mul(q, r) + mul(mul(q, q2), 117049297)
    denominator = mul(half_sum, 1057819769 + q + mul(q2, 127690142)) + mul(q, 638450708)
    log_r = mul(rounding_divide_by_pot(numerator, output_bits + 1), one_over_one_plus_x(denominator))
    return saturating_shift_left(mul(pot, 1488522236) + log_r, 1)


def _shifted_left(x: Int32, bits: Any) -> Int32:
    shifted: Int32 = (x.astype(np.int64) << bits).astype(np.int32)
    return shifted


def _leading_zeros(x: Int32) -> Int32:
    """Of positive values."""
    return np.array([32 - int(value).bit_length() for value in x.ravel()], np.int32).reshape(x.shape)


def inverse_square_root(value: int) -> tuple[int, int]:
    """TFLite's GetInvSqrtQuantizedMultiplierExp: (multiplier, shift) of 1 / sqrt(value), value >= 0."""
    if value <= 1:
        return INT32_MAX, 0
    right = 11
    while value >= 1 << 29:
        value, right = value // 4, right + 1
    pairs = (32 - value.bit_length() - 1) // 2 - 1
    right -= pairs
    half = rounding_divide_by_pot(np.array(value << 2 * pairs >> 1, np.int32), 1)
    mul, x = rounding_doubling_high_mul, np.array(1 << 28, np.int32)
    for _ in range(5):
        cube = saturating_shift_left(mul(mul(x, x), x), 6)
        x = saturating_shift_left(mul(x, 3 << 27) - mul(half, cube), 3)
    multiplier = int(mul(x, 1518500250))
    return (multiplier << -right, 0) if right < 0 else (multiplier, -right)
