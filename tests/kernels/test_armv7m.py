"""Kernels of ISA armv7m = NumPy reference, byte for byte, on an emulated Cortex-M3: for adversarial parameters, which
no converter writes, and on the shapes of the MLPerf Tiny models within an instruction budget."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compiler.arena import aligned
from gen.compiler.kernels import armv7m
from gen.compiler.kernels.select import select
from gen.model.graph import Array
from gen.model.ops import KERNELS
from gen.model.ops.operator import Call
from tests.kernels.calls import call, conv, converted, convolution, depthwise, inputs, layer, pointwise, requantization
from tests.kernels.convolutions import GENERATORS
from tests.kernels.harness import harness


def assert_exact(c: Call, *x: Array, large: bool = False) -> dict[str, int]:
    """Every variant of ISA armv7m that accepts the call, also in place (only so where large); instructions of each."""
    expected = np.ascontiguousarray(KERNELS[c.kernel].reference(c.params, x))
    runner = harness("cortex-m3")
    counts = {}
    for step in runner.steps(c):
        if step.variant.isa == "armv7m":
            for in_place in ((True,) if large else (False, True)) if step.variant.in_place else (False,):
                y, counts[step.variant.name] = runner.run(step, x, expected, in_place=in_place)
                np.testing.assert_array_equal(y, expected, f"{step.variant.name}{' in place' * in_place}: {c.params}")
    return counts


@settings(derandomize=True, deadline=None, max_examples=80)
@given(st.one_of(convolution(), pointwise()))
def test_convolutions(case: tuple[Call, Array]) -> None:
    assert_exact(*case)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(layer())
def test_fully_connected(case: tuple[Call, Array]) -> None:
    assert list(assert_exact(*case)) == ["fully_connected_columns_armv7m"]


@st.composite
def depthwise_calls(draw: st.DrawFn) -> tuple[Call, Array]:
    """Any window, padding and requantization, stride 1 or 2."""
    rng, same, channels = draw(GENERATORS), draw(st.booleans()), draw(st.integers(1, 5))
    k_h, k_w, stride = draw(st.integers(1, 11)), draw(st.integers(1, 4)), draw(st.integers(1, 2))
    in_h, in_w = (draw(st.integers(1 if same else k, 12)) for k in (k_h, k_w))
    weights = rng.integers(-128, 128, (channels, k_h, k_w), np.int8)
    if draw(st.integers(0, 4)) == 0:
        weights[...] = draw(st.sampled_from([-128, 127]))
    params = requantization(rng, weights)
    batches = draw(st.sampled_from([1, 1, 2]))
    return depthwise(params, (in_h, in_w), stride, same, batches), inputs(rng, batches, in_h, in_w, channels)


@settings(derandomize=True, deadline=None, max_examples=120)
@given(depthwise_calls())
def test_depthwise(case: tuple[Call, Array]) -> None:
    assert_exact(*case)


@pytest.mark.parametrize("zero", [-128, 3])
@pytest.mark.parametrize("e", [1, 2, 7, 14])
@pytest.mark.parametrize("multiplier", [1 << 30, 3 << 29, (1 << 31) - 1])
def test_sums_around_every_tie(zero: int, e: int, multiplier: int) -> None:
    """Every output, half and both neighbors of the half: inputs of 0, so that each channel's sum is its bias."""
    halves = np.arange(-2 * 130, 2 * 130 + 1, 7) / 2 - zero
    sums = np.round(halves * 2.0 ** (31 + e) / multiplier)
    bias = np.unique(np.concatenate([sums + d for d in (-1, 0, 1)])).astype(np.int32)
    n = len(bias)
    params = {
        "bias": bias, "multiplier": np.array([multiplier], np.int32), "shift": np.array([-e], np.int8),
        "per_channel": 0, "input_offset": 0, "output_offset": zero, "act_min": -128, "act_max": 127,
    }  # fmt: skip
    c = conv(params | {"weights": np.ones((n, 1, 1, 4), np.int8)}, in_c=4, in_w=3, out_w=3)
    assert assert_exact(c, np.zeros((1, 1, 3, 4), np.int8))
    c = depthwise(params | {"weights": np.ones((n, 1, 1), np.int8)}, (2, 3))
    assert assert_exact(c, np.zeros((1, 2, 3, n), np.int8))


@pytest.mark.parametrize("pair", [(127, -128), (-128, -127), (127, 127), (-127, -128)])
@pytest.mark.parametrize("ends", [(-128, -128), (-128, 127), (127, -128), (127, 127)])
def test_two_pixels_in_a_word_at_the_extremes(pair: tuple[int, int], ends: tuple[int, int]) -> None:
    """The largest sums of a step, of both signs in both halves of the word."""
    params = converted(np.random.default_rng(1), 4, 1, 1, 20) | {
        "weights": np.tile(np.array(pair, np.int8), (4, 1, 1, 10))
    }
    x = np.empty((1, 1, 7, 20), np.int8)
    x[:, :, ::2], x[:, :, 1::2] = ends
    assert len(assert_exact(conv(params, in_c=20, in_w=7, out_w=7), x)) == 2


def accepted(**change: Any) -> bool:
    """Whether a convolution of 800 inputs and two outputs, weights 127 and -127 in turn, goes to this ISA."""
    params = {
        "weights": np.tile(np.array([127, -127], np.int8), (2, 1, 1, 400)), "bias": np.zeros(2, np.int32),
        "shift": np.full(2, -12, np.int8), "multiplier": np.full(2, 1 << 30, np.int32), "per_channel": 1,
        "input_offset": 128, "output_offset": -128, "act_min": -128, "act_max": 127,
    }  # fmt: skip
    sizes = {"in_c": 800, "in_w": 3, "out_w": 3}
    c = conv(
        params | {k: v for k, v in change.items() if k in params},
        **sizes | {k: v for k, v in change.items() if k in sizes},
    )
    pixels = np.sign(c.params["weights"][0]).astype(np.int8) * np.array([[127], [-127], [1]], np.int8)
    assert_exact(c, np.ascontiguousarray(pixels[None, :, : c.params["in_w"]]))
    return select(c, "armv7m").variant.isa == "armv7m"


def test_what_the_arithmetic_does_not_cover_goes_to_another_variant() -> None:
    weights = np.tile(np.array([127, -127], np.int8), (2, 1, 1, 400))
    weights[1, :, :, 6:8] = -128
    assert accepted()
    assert not accepted(weights=weights)
    assert not accepted(in_w=2, out_w=2)
    assert not accepted(shift=np.array([-12, 0], np.int8))
    assert not accepted(shift=np.array([-12, 3], np.int8))
    assert accepted(shift=np.array([-12, -14], np.int8))
    assert not accepted(shift=np.array([-12, -15], np.int8))


def test_sums_that_are_too_large_go_to_another_variant() -> None:
    """800 * 127 * 128 is between 2**23 and 2**24; the bias has 24 bits."""
    assert accepted(shift=np.full(2, -9, np.int8))
    assert not accepted(shift=np.full(2, -8, np.int8))
    assert accepted(shift=np.full(2, -12, np.int8), bias=np.array([(1 << 23) - 1, 1 - (1 << 23)], np.int32))
    assert not accepted(shift=np.full(2, -12, np.int8), bias=np.array([1 << 23, 0], np.int32))


def test_a_channel_with_one_output_for_every_input_needs_no_range() -> None:
    for bias, shift in ((1 << 30, -12), (-(1 << 30), -12), (1000, -31)):
        assert accepted(bias=np.array([bias, 5], np.int32), shift=np.array([shift, -12], np.int8))


@pytest.mark.parametrize(
    ("sizes", "out_c", "per_mac"),
    [
        ({"in_h": 49, "in_w": 10, "in_c": 1, "out_h": 25, "out_w": 5, "k_h": 10, "k_w": 4, "stride_h": 2, "stride_w": 2,
          "pad_top": 4, "pad_left": 1}, 64, 2.1),
        ({"in_h": 25, "in_w": 5, "in_c": 64, "out_h": 25, "out_w": 5}, 64, 1.70),
        ({"in_h": 32, "in_w": 32, "in_c": 3, "out_h": 32, "out_w": 32, "k_h": 3, "k_w": 3, "pad_top": 1,
          "pad_left": 1}, 16, 2.5),
        ({"in_h": 16, "in_w": 16, "in_c": 32, "out_h": 16, "out_w": 16, "k_h": 3, "k_w": 3, "pad_top": 1,
          "pad_left": 1}, 32, 1.62),
        ({"in_h": 16, "in_w": 16, "in_c": 32, "out_h": 8, "out_w": 8, "stride_h": 2, "stride_w": 2}, 64, 2.05),
        ({"in_w": 28, "in_c": 40, "out_w": 28}, 128, 2.0),
        ({"in_h": 48, "in_w": 48, "in_c": 8, "out_h": 48, "out_w": 48}, 16, 3.6),
        ({"in_h": 6, "in_w": 6, "in_c": 128, "out_h": 6, "out_w": 6}, 128, 1.6),
    ],
)  # fmt: skip
def test_convolutions_of_the_mlperf_tiny_models(sizes: dict[str, int], out_c: int, per_mac: float) -> None:
    rng = np.random.default_rng(7)
    shape = (out_c, sizes.get("k_h", 1), sizes.get("k_w", 1), sizes["in_c"])
    c = conv(converted(rng, *shape), **sizes)
    x = inputs(rng, 1, c.params["in_h"], c.params["in_w"], sizes["in_c"])
    macs = c.params["out_h"] * c.params["out_w"] * int(np.prod(shape))
    counts = assert_exact(c, x, large=True)
    assert counts["conv_2d_lanes_armv7m"] < per_mac * macs


@pytest.mark.parametrize(
    ("shape", "window", "stride", "per_mac"),
    [
        ((25, 5, 64), (3, 3), 1, 3.9),
        ((48, 48, 8), (3, 3), 1, 3.7),
        ((24, 24, 32), (3, 3), 2, 5.6),
        ((6, 6, 128), (3, 3), 1, 6.0),
        ((3, 3, 256), (3, 3), 1, 8.9),
        ((28, 1, 128), (5, 1), 1, 7.3),
        ((24, 1, 128), (10, 1), 1, 6.3),
    ],
)
def test_depthwise_of_the_mlperf_tiny_models(
    shape: tuple[int, int, int], window: tuple[int, int], stride: int, per_mac: float
) -> None:
    rng = np.random.default_rng(7)
    c = depthwise(converted(rng, shape[2], *window), shape[:2], stride, same=shape[1] > 1)
    macs = c.params["out_h"] * c.params["out_w"] * shape[2] * window[0] * window[1]
    counts = assert_exact(c, inputs(rng, 1, *shape), large=True)
    assert counts["depthwise_conv_2d_plane_armv7m"] < per_mac * macs


def test_fully_connected_with_the_inputs_of_ad() -> None:
    rng = np.random.default_rng(7)
    c = call("fully_connected", converted(rng, 32, 640) | {"batches": 1, "in_n": 640, "out_n": 32})
    assert assert_exact(c, inputs(rng, 1, 640))["fully_connected_columns_armv7m"] < 2.3 * 32 * 640


def test_a_fully_connected_sum_wraps_as_an_int32() -> None:
    params = converted(np.random.default_rng(7), 9, 30) | {
        "bias": np.full(9, (1 << 31) - 100, np.int32),
        "input_offset": 128,
    }
    params["weights"] = np.full((9, 30), 127, np.int8)
    c = call("fully_connected", params | {"batches": 1, "in_n": 30, "out_n": 9})
    assert assert_exact(c, np.full((1, 30), -128, np.int8))


def test_add() -> None:
    """Of numbers that a linear function reproduces."""
    params = {
        "multiplier1": 1 << 30, "multiplier2": 1518500250, "output_multiplier": 1340000000, "shift1": 0, "shift2": -1,
        "output_shift": -18, "left_shift": 20, "offset1": 128, "offset2": 3, "output_offset": -128, "act_min": -128,
        "act_max": 127, "dims": (1, 1, 1, 4096), "stride1": (0, 0, 0, 1), "stride2": (0, 0, 0, 1),
    }  # fmt: skip
    rng = np.random.default_rng(7)
    x = (rng.integers(-128, 128, 4096, np.int8), rng.integers(-128, 128, 4096, np.int8))
    assert assert_exact(call("add", params), *x)["add_linear_armv7m"] < 13 * 4096


def test_scratch_is_what_the_variants_say() -> None:
    """kws: six pixels of 64 inputs as words of two; four words and 3 x 4 of weights, and 5 + 2 lines of 28 + 2."""
    c = conv(converted(np.random.default_rng(0), 64, 1, 1, 64), in_c=64, in_h=25, in_w=5, out_h=25, out_w=5)
    assert armv7m.conv_scratch_bytes(c) == 64 // 2 * 24
    d = depthwise(converted(np.random.default_rng(0), 64, 3, 3), (25, 5))
    assert armv7m.depthwise_scratch_bytes(d) == aligned(16 + 9 * 16 // 3 + 7 * 30)
