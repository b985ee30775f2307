"""Kernels of ISA riscv = NumPy reference, byte for byte: on an emulated RV32IMC, and on the host with the assembly's
twins in C; for adversarial parameters, which no converter writes, and on the shapes of the MLPerf Tiny models within an
instruction budget."""

import functools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compiler.arena import aligned
from gen.compiler.kernels import riscv
from gen.compiler.kernels.select import select
from gen.model.graph import Array
from gen.model.ops import KERNELS
from gen.model.ops.operator import Call
from tests.kernels.calls import (
    call,
    conv,
    converted,
    convolution,
    depthwise,
    inputs,
    layer,
    pointwise,
    requantization,
)
from tests.kernels.convolutions import GENERATORS
from tests.kernels.harness import Harness, harness
from tests.kernels.targets import TARGETS

TWINS = "../../tests/kernels/riscv_twins.c"  # as a file below firmware/kernels


@functools.cache
def host() -> Harness:
    """The variants of this ISA with C in place of assembly."""

    def in_c(files: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(TWINS if file.endswith(".S") else file for file in files))

    return Harness(TARGETS["host"], [replace(row, files=in_c(row.files)) for row in riscv.VARIANTS])


def assert_exact(c: Call, *x: Array, large: bool = False) -> dict[str, int]:
    """Every variant of ISA riscv that accepts the call, also in place, on both machines; where large only the best one,
    on the emulated machine. Instructions of each."""
    expected = np.ascontiguousarray(KERNELS[c.kernel].reference(c.params, x))
    counts = {}
    for runner in (harness("riscv"),) if large else (host(), harness("riscv")):
        for step in (select(c, "riscv"),) if large else runner.steps(c):
            if step.variant.isa == "riscv":
                for in_place in ((True,) if large else (False, True)) if step.variant.in_place else (False,):
                    y, counts[step.variant.name] = runner.run(step, x, expected, in_place=in_place)
                    where = f"{step.variant.name} on {runner.target.name}{' in place' * in_place}: {c.params}"
                    np.testing.assert_array_equal(y, expected, where)
    return counts


@st.composite
def long_convolution(draw: st.DrawFn) -> tuple[Call, Array]:
    """Too many taps for one segment, 1x1 or 3x1."""
    rng, in_c, rows, pixels = draw(GENERATORS), draw(st.integers(65, 300)), draw(st.sampled_from([1, 3])), 4
    weights = rng.choice(np.array([-128, -127, 127, 100], np.int8), (draw(st.integers(4, 9)), rows, 1, in_c))
    sizes = {"in_h": pixels, "out_h": pixels, "k_h": rows, "pad_top": rows // 2, "in_c": in_c, "in_w": 2, "out_w": 2}
    return conv(requantization(rng, weights), **sizes), inputs(rng, 1, pixels, 2, in_c)


@settings(derandomize=True, deadline=None, max_examples=70)
@given(st.one_of(convolution(), pointwise(), long_convolution()))
def test_convolutions(case: tuple[Call, Array]) -> None:
    assert assert_exact(*case)


@st.composite
def wide_layer(draw: st.DrawFn) -> tuple[Call, Array]:
    """A FULLY_CONNECTED of 10 to 24 outputs, in one segment or more."""
    rng, in_n, out_n = draw(GENERATORS), draw(st.integers(1, 150)), draw(st.sampled_from([10, 12, 20, 24]))
    weights = rng.choice(np.array([-128, -100, 0, 127], np.int8), (out_n, in_n))
    params = requantization(rng, weights) | {"batches": draw(st.integers(1, 2)), "in_n": in_n, "out_n": out_n}
    return call("fully_connected", params), inputs(rng, params["batches"], in_n)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.one_of(layer(), wide_layer()))
def test_fully_connected(case: tuple[Call, Array]) -> None:
    names = {f"fully_connected_{layout}riscv" for layout in ("triples_", "columns_", "")}
    packed = riscv.fc_triples_accepts(case[0])
    assert set(assert_exact(*case)) == (names if packed else names - {"fully_connected_triples_riscv"})


@st.composite
def depthwise_calls(draw: st.DrawFn) -> tuple[Call, Array]:
    """Mostly 3x3, any image and requantization, stride 1 or 2."""
    rng, same, channels, stride = (
        draw(GENERATORS), draw(st.booleans()), draw(st.sampled_from([4, 8])), draw(st.integers(1, 2)))  # fmt: skip
    window = draw(st.one_of(st.just((3, 3)), st.just((3, 3)), st.tuples(st.integers(1, 10), st.integers(1, 4))))
    shape = tuple(draw(st.integers(1 if same else k, 12)) for k in window)
    weights = rng.integers(-128, 128, (channels, *window), np.int8)
    if draw(st.integers(0, 4)) == 0:
        weights[...] = draw(st.sampled_from([-128, 127]))
    batches = draw(st.sampled_from([1, 1, 2]))
    c = depthwise(requantization(rng, weights), shape, stride, same, batches)
    return c, inputs(rng, batches, *shape, channels)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(depthwise_calls())
def test_depthwise(case: tuple[Call, Array]) -> None:
    assert_exact(*case)


@pytest.mark.parametrize("zero", [-128, 3])
@pytest.mark.parametrize("e", [1, 2, 7, 14])
@pytest.mark.parametrize("multiplier", [1 << 30, (1 << 31) - 1])
def test_sums_around_every_tie(zero: int, e: int, multiplier: int) -> None:
    """Every output, half and both neighbors of the half: inputs of 0, so that each channel's sum is its bias."""
    halves = np.arange(-2 * 130, 2 * 130 + 1, 7) / 2 - zero
    sums = np.round(halves * 2.0 ** (31 + e) / multiplier)
    bias = np.unique(np.concatenate([sums + d for d in (-1, 0, 1)])).astype(np.int32)
    bias = np.resize(bias, -(-len(bias) // 4) * 4)
    n = len(bias)
    params = {
        "bias": bias, "multiplier": np.array([multiplier], np.int32), "shift": np.array([-e], np.int8),
        "per_channel": 0, "input_offset": 0, "output_offset": zero, "act_min": -128, "act_max": 127,
    }  # fmt: skip
    c = conv(params | {"weights": np.ones((n, 1, 1, 4), np.int8)}, in_c=4, in_w=3, out_w=3)
    assert assert_exact(c, np.zeros((1, 1, 3, 4), np.int8))
    if e == 7:  # and in two segments
        few = {"weights": np.full((16, 1, 1, 80), 127, np.int8), "bias": bias[n // 3 :][:16]}
        c = conv(params | few, in_c=80, in_w=3, out_w=3)
        assert "conv_2d_long_riscv" in assert_exact(c, np.zeros((1, 1, 3, 80), np.int8))
    c = depthwise(params | {"weights": np.ones((n, 3, 3), np.int8)}, (2, 3))
    assert_exact(c, np.zeros((1, 2, 3, n), np.int8))
    assert (select(c, "riscv").variant.name == "depthwise_conv_2d_3x3_riscv") == (zero == -128)
    per_channel = {"shift": np.full(n, -e, np.int8), "multiplier": np.full(n, multiplier, np.int32), "per_channel": 1}
    c = depthwise(params | per_channel | {"weights": np.ones((n, 3, 3), np.int8)}, (2, 3))
    assert "depthwise_conv_2d_riscv" in assert_exact(c, np.zeros((1, 2, 3, n), np.int8))


def ends(weight: int, taps: int, x: tuple[int, ...]) -> set[str]:
    """The variants that took a 1x1 convolution whose sums are as large as those of so many equal weights."""
    params = converted(np.random.default_rng(1), 4, 1, 1, taps) | {"weights": np.full((4, 1, 1, taps), weight, np.int8)}
    params |= {"bias": np.array([0, 1 << 20, -1 << 20, 77], np.int32), "shift": np.full(4, -13, np.int8)}
    pixels = np.resize(np.array(x, np.int8), 7)
    return set(assert_exact(conv(params, in_c=taps, in_w=7, out_w=7), np.tile(pixels[None, None, :, None], taps)))


@pytest.mark.parametrize("x", [(-128,), (127,), (-128, 127), (127, -128, -128), (-128, -128, 127), (0, 127, -128)])
@pytest.mark.parametrize("weight", [127, -128])
def test_three_pixels_in_two_words_at_the_extremes(weight: int, x: tuple[int, ...]) -> None:
    """The largest sums that one segment takes, of both signs in all three places, and one tap more."""
    most = (riscv.LANE_SUM - 1) // (128 * abs(weight))
    assert "conv_2d_triples_riscv" in ends(weight, most, x)
    assert "conv_2d_long_riscv" in ends(weight, most + 1, x)


def accepted(**change: Any) -> bool:
    """Whether a convolution of 20 inputs, by default to four outputs and three pixels, goes to the packed kernels."""
    pixels, channels = change.pop("pixels", 3), change.pop("channels", 4)
    params = converted(np.random.default_rng(1), channels, 1, 1, 20) | change
    c = conv(params, in_c=20, in_w=pixels, out_w=pixels)
    assert_exact(c, inputs(np.random.default_rng(2), 1, 1, pixels, 20))
    return select(c, "riscv").variant.name != "conv_2d_riscv"


def test_what_the_arithmetic_does_not_cover_goes_to_another_variant() -> None:
    assert accepted()
    assert accepted(output_offset=5)
    assert not accepted(pixels=2)
    assert not accepted(channels=3)
    for shift, weight, fits in ((0, 1, False), (3, 1, False), (-1, 1, True), (-14, 99, True), (-15, 99, False)):
        weights = np.full((4, 1, 1, 20), weight, np.int8)
        shifts = np.array([-12, -12, -12, shift], np.int8)
        assert accepted(shift=shifts, weights=weights, bias=np.zeros(4, np.int32)) == fits
    for weight, fits in ((20, True), (40, False)):  # of sums up to 20 * 255 times that, which are to be below 2**17
        weights = np.full((4, 1, 1, 20), weight, np.int8)
        assert accepted(shift=np.full(4, -1, np.int8), weights=weights, bias=np.zeros(4, np.int32)) == fits


@pytest.mark.parametrize(
    ("sizes", "out_c", "per_mac"),
    [
        ({"in_h": 49, "in_w": 10, "in_c": 1, "out_h": 25, "out_w": 5, "k_h": 10, "k_w": 4, "stride_h": 2, "stride_w": 2,
          "pad_top": 4, "pad_left": 1}, 64, 2.45),
        ({"in_h": 25, "in_w": 5, "in_c": 64, "out_h": 25, "out_w": 5}, 64, 2.05),
        ({"in_h": 32, "in_w": 32, "in_c": 3, "out_h": 32, "out_w": 32, "k_h": 3, "k_w": 3, "pad_top": 1,
          "pad_left": 1}, 16, 2.75),
        ({"in_h": 16, "in_w": 16, "in_c": 32, "out_h": 16, "out_w": 16, "k_h": 3, "k_w": 3, "pad_top": 1,
          "pad_left": 1}, 32, 2.1),
        ({"in_w": 28, "in_c": 40, "out_w": 28}, 128, 2.4),
        ({"in_h": 48, "in_w": 48, "in_c": 8, "out_h": 48, "out_w": 48}, 16, 4.05),
    ],
)  # fmt: skip
def test_convolutions_of_the_mlperf_tiny_models(sizes: dict[str, int], out_c: int, per_mac: float) -> None:
    rng = np.random.default_rng(7)
    shape = (out_c, sizes.get("k_h", 1), sizes.get("k_w", 1), sizes["in_c"])
    c = conv(converted(rng, *shape), **sizes)
    x = inputs(rng, 1, c.params["in_h"], c.params["in_w"], sizes["in_c"])
    macs = c.params["out_h"] * c.params["out_w"] * int(np.prod(shape))
    (instructions,) = assert_exact(c, x, large=True).values()
    assert instructions < per_mac * macs


@pytest.mark.parametrize(
    ("shape", "stride", "per_mac"),
    [((25, 5, 64), 1, 3.6), ((48, 48, 8), 1, 3.5), ((24, 24, 32), 2, 4.7), ((6, 6, 128), 1, 4.1)],
)
def test_depthwise_of_the_mlperf_tiny_models(shape: tuple[int, int, int], stride: int, per_mac: float) -> None:
    rng = np.random.default_rng(7)
    c = depthwise(converted(rng, shape[2], 3, 3), shape[:2], stride)
    macs = c.params["out_h"] * c.params["out_w"] * shape[2] * 9
    assert assert_exact(c, inputs(rng, 1, *shape), large=True)["depthwise_conv_2d_3x3_riscv"] < per_mac * macs


def test_fully_connected_with_the_inputs_of_ad() -> None:
    rng = np.random.default_rng(7)
    c = call("fully_connected", converted(rng, 24, 640) | {"batches": 1, "in_n": 640, "out_n": 24})
    counts = assert_exact(c, inputs(rng, 1, 640))
    assert counts["fully_connected_triples_riscv"] < 2.5 * 24 * 640
    assert counts["fully_connected_columns_riscv"] < 3.4 * 24 * 640
    assert counts["fully_connected_riscv"] < 4.1 * 24 * 640


def test_add() -> None:
    """Of numbers that a linear function reproduces."""
    params = {
        "multiplier1": 1 << 30, "multiplier2": 1518500250, "output_multiplier": 1340000000, "shift1": 0, "shift2": -1,
        "output_shift": -18, "left_shift": 20, "offset1": 128, "offset2": 3, "output_offset": -128, "act_min": -128,
        "act_max": 127, "dims": (1, 1, 1, 2048), "stride1": (0, 0, 0, 1), "stride2": (0, 0, 0, 1),
    }  # fmt: skip
    rng = np.random.default_rng(7)
    x = (rng.integers(-128, 128, 2048, np.int8), rng.integers(-128, 128, 2048, np.int8))
    assert assert_exact(call("add", params), *x)["add_linear_riscv"] < 20 * 2048


def test_scratch_is_what_the_variants_say() -> None:
    """kws: six pixels of 64 inputs as words of three; four planes of 27 x 7."""
    c = conv(converted(np.random.default_rng(0), 64, 1, 1, 64), in_c=64, in_h=25, in_w=5, out_h=25, out_w=5)
    assert riscv.conv_scratch_bytes(c) == 64 * 16
    d = depthwise(converted(np.random.default_rng(0), 64, 3, 3), (25, 5))
    assert riscv.depthwise_scratch_bytes(d) == aligned(4 * 27 * 7)
