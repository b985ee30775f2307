"""gen/model/fixed_point.py against exact arithmetic in Python integers, and nn_math.h against
gen/model/fixed_point.py."""

import math
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gen.model import fixed_point as fp

ROOT = Path(__file__).parents[3]
INT32 = st.one_of(
    st.integers(fp.INT32_MIN, fp.INT32_MAX),
    st.integers(-1000, 1000),
    st.sampled_from([fp.INT32_MIN, fp.INT32_MIN + 1, -(2**30), 2**30, fp.INT32_MAX]),
)
MULTIPLIERS = st.one_of(st.integers(2**30, fp.INT32_MAX), st.just(0))
examples = settings(derandomize=True, deadline=None, max_examples=300)


def array(*values: int) -> NDArray[np.int32]:
    return np.array(values, np.int32)


def nearest(value: Fraction) -> int:
    """Half away from zero."""
    rounded = math.floor(abs(value) + Fraction(1, 2))
    return rounded if value >= 0 else -rounded


def wrapped(value: int) -> int:
    return (value + 2**31) % 2**32 - 2**31


@examples
@given(st.floats(-40, 34).map(lambda exponent: 2.0**exponent))
def test_quantize_multiplier(real: float) -> None:
    multiplier, shift = fp.quantize_multiplier(real)
    if multiplier == 0:
        assert shift == 0 and real < 2.0**-31
    elif (multiplier, shift) == (fp.INT32_MAX, 30):
        assert real >= (fp.INT32_MAX - 0.5) / 2
    else:
        assert 2**30 <= multiplier <= fp.INT32_MAX and -31 <= shift <= 30
        assert multiplier == nearest(Fraction(real) * Fraction(2) ** (31 - shift))


@pytest.mark.parametrize(
    ("real", "expected"),
    [
        (0.0, (0, 0)),
        (1.0, (2**30, 1)),
        (0.5, (2**30, 0)),
        (1 - 2.0**-33, (2**30, 1)),  # rounds up to a power of two
        (2.0**-32, (2**30, -31)),
        (2.0**-33, (0, 0)),
    ],
)
def test_quantize_multiplier_at_its_edges(real: float, expected: tuple[int, int]) -> None:
    assert fp.quantize_multiplier(real) == expected


@examples
@given(INT32, INT32)
def test_rounding_doubling_high_mul(a: int, b: int) -> None:
    """gemmlowp's definition, and the shorter form that the kernels use."""
    nudged = a * b + (2**30 if a * b >= 0 else 1 - 2**30)
    truncated = nudged // 2**31 if nudged >= 0 else -(-nudged // 2**31)
    result = int(fp.rounding_doubling_high_mul(array(a), b)[0])
    assert result == min(truncated, fp.INT32_MAX) == min((a * b + 2**30) // 2**31, fp.INT32_MAX)


@examples
@given(INT32, st.integers(0, 31))
def test_rounding_divide_by_pot(x: int, exponent: int) -> None:
    assert int(fp.rounding_divide_by_pot(array(x), exponent)[0]) == nearest(Fraction(x, 2**exponent))


@examples
@given(INT32, MULTIPLIERS, st.integers(-31, 30))
def test_multiply_by_quantized_multiplier(x: int, multiplier: int, shift: int) -> None:
    high = (wrapped(x << max(shift, 0)) * multiplier + 2**30) // 2**31
    expected = nearest(Fraction(high, 2 ** max(-shift, 0)))
    assert int(fp.multiply_by_quantized_multiplier(array(x), multiplier, shift)[0]) == expected


@examples
@given(
    st.sampled_from([("none", None, None), ("relu", 0, None), ("relu6", 0, 6), ("relu_n1_to_1", -1, 1)]),
    st.floats(-20, 5).map(lambda exponent: float(np.float32(2.0**exponent))),
    st.integers(-128, 127),
)
def test_activation_range(activation: tuple[str, int | None, int | None], scale: float, zero_point: int) -> None:
    """Bounds are where the real bound falls, give or take float32's division, and within int8."""
    name, low, high = activation
    act_min, act_max = fp.activation_range(name, scale, zero_point)
    exact = [math.inf if bound is None else zero_point + bound / scale for bound in (low, high)]
    assert act_min == -128 if low is None else abs(act_min - max(exact[0], -128)) <= 0.501
    assert act_max == 127 if high is None else abs(act_max - min(exact[1], 127)) <= 0.501


@pytest.mark.parametrize("bits", range(1, 6))
def test_exp_on_negative_values(bits: int) -> None:
    lowest = max(-(2**31) + 1, -(32 << (31 - bits)))
    x = np.append(np.linspace(lowest, 0, 5001), [-1, -(2 ** (29 - bits)), 1 - 2 ** (29 - bits)]).astype(np.int32)
    exact = np.exp(x / 2.0 ** (31 - bits))
    np.testing.assert_allclose(fp.exp_on_negative_values(x, bits) / 2.0**31, exact, atol=3e-7)
    assert fp.exp_on_negative_values(array(0), bits) == fp.INT32_MAX


def test_one_over_one_plus_x() -> None:
    x = np.linspace(0, fp.INT32_MAX, 5001).astype(np.int32)
    np.testing.assert_allclose(fp.one_over_one_plus_x(x) / 2.0**31, 1 / (1 + x / 2.0**31), atol=2e-8)


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("nn_math") / "probe"
    flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    sources = [f"-I{ROOT / 'firmware/kernels'}", str(ROOT / "tests/probes/nn_math_probe.c")]
    subprocess.run(["gcc", *flags, *sources, "-o", str(path)], check=True)
    return path


def run(probe: Path, function: int, *columns: Any) -> NDArray[np.int32]:
    """The C function of each row of columns."""
    rows: Sequence[Any] = np.broadcast_arrays(function, *columns, *(0,) * (3 - len(columns)))
    records = np.stack(rows, axis=1).astype(np.int32).tobytes()
    done = subprocess.run([probe], input=records, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return np.frombuffer(done.stdout, np.int32)


def int32_samples(seed: int, count: int = 20000) -> NDArray[np.int32]:
    """Of every magnitude, with the extremes and the neighbors of powers of two."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(fp.INT32_MIN, fp.INT32_MAX + 1, count) >> rng.integers(0, 31, count)
    edges = [s * 2**e + d for e in range(31) for s in (-1, 1) for d in (-1, 0, 1)] + [fp.INT32_MIN, fp.INT32_MAX]
    return np.append(drawn, edges).astype(np.int32)


def multiplier_samples(count: int) -> NDArray[np.int32]:
    drawn = np.random.default_rng(1).integers(2**30, 2**31, count)
    drawn[::50], drawn[1::50], drawn[2::50] = fp.INT32_MAX, 2**30, 0
    return drawn.astype(np.int32)


def test_c_multiplication_equals_numpy(probe: Path) -> None:
    a = int32_samples(2)
    b = np.roll(a, 77)
    defined = (a != fp.INT32_MIN) | (b != fp.INT32_MIN)
    expected = fp.rounding_doubling_high_mul(a[defined], b[defined])
    np.testing.assert_array_equal(run(probe, 0, a[defined], b[defined]), expected)


def test_c_rounding_shift_equals_numpy(probe: Path) -> None:
    x = int32_samples(3)
    for exponent in range(32):
        np.testing.assert_array_equal(run(probe, 1, x, exponent), fp.rounding_divide_by_pot(x, exponent))


def test_c_requantize_equals_numpy(probe: Path) -> None:
    x = int32_samples(4)
    multiplier = multiplier_samples(x.size)
    for shift in range(-31, 32):
        expected = fp.multiply_by_quantized_multiplier(x, multiplier, shift)
        np.testing.assert_array_equal(run(probe, 2, x, multiplier, shift), expected, f"shift {shift}")


def test_c_requantize_rounds_ties_away_from_zero(probe: Path) -> None:
    """With a multiplier of 2**30 every second sum is a tie of the second rounding."""
    x = np.arange(-5000, 5000, dtype=np.int32)
    for shift in range(-12, 0):
        expected = fp.multiply_by_quantized_multiplier(x, 2**30, shift)
        np.testing.assert_array_equal(run(probe, 2, x, 2**30, shift), expected)


@pytest.mark.parametrize("bits", range(1, 6))
def test_c_exp_equals_numpy(probe: Path, bits: int) -> None:
    x = -np.abs(int32_samples(5).astype(np.int64))
    x = x[x >= max(-(2**31) + 1, -(32 << (31 - bits)))].astype(np.int32)
    np.testing.assert_array_equal(run(probe, 3, x, bits), fp.exp_on_negative_values(x, bits))


def test_c_reciprocal_equals_numpy(probe: Path) -> None:
    x = int32_samples(6) & fp.INT32_MAX
    np.testing.assert_array_equal(run(probe, 4, x), fp.one_over_one_plus_x(x))


def test_c_saturating_shift_equals_numpy(probe: Path) -> None:
    x = int32_samples(7)
    for bits in range(1, 9):
        np.testing.assert_array_equal(run(probe, 5, x, bits), fp.saturating_shift_left(x, bits))
