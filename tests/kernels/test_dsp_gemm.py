"""CONV_2D and FULLY_CONNECTED of ISA dsp = NumPy reference, byte for byte, on an emulated Cortex-M4."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gen.compiler.kernels.channels import Channels
from gen.compiler.kernels.dsp import gemm
from gen.compiler.kernels.dsp.byte_pairs import LINEAR_SHIFT, first_multiple, linear
from gen.compiler.kernels.select import select, select_all
from gen.model import reference, tflite
from gen.model.graph import Array
from gen.model.ops import KERNELS, lower
from gen.model.ops.operator import Call
from tests import shared
from tests.kernels import convolutions
from tests.kernels.calls import call, convolution, layer, requantization
from tests.kernels.convolutions import GENERATORS
from tests.kernels.harness import harness


def assert_exact(c: Call, x: Array) -> int:
    """Every variant of ISA dsp; how many accept the call."""
    expected = KERNELS[c.kernel].reference(c.params, [x])
    runner = harness("cortex-m4")
    steps = [step for step in runner.steps(c) if step.variant in gemm.VARIANTS]
    for step in steps:
        for in_place in {False, step.variant.in_place}:
            y, _ = runner.run(step, [x], expected, in_place=in_place)
            np.testing.assert_array_equal(y, expected, step.variant.name)
    return len(steps)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(convolution())
def test_convolutions(case: tuple[Call, Array]) -> None:
    assert_exact(*case)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(convolution())
def test_windows_that_are_read_as_they_are_lie_on_the_input(case: tuple[Call, Array]) -> None:
    """With the bytes that fill up a row's last word, which the result does not show."""
    p = case[0].params
    assume(gemm.conv_accepts(case[0]))
    packed = gemm.conv_pack(case[0])
    tops, lefts = (
        range(packed[f"direct_{a}"], packed[f"direct_{b}"]) for a, b in (("top", "bottom"), ("left", "right"))
    )
    for i in tops:
        for j in lefts:
            top, left = i * p["stride_h"] - p["pad_top"], j * p["stride_w"] - p["pad_left"]
            last = (top + (p["k_h"] - 1) * p["dilation_h"]) * packed["in_w"] + left
            assert min(top, left) >= 0
            assert last * p["in_c"] + packed["run"] <= p["in_h"] * p["in_w"] * p["in_c"] * p["batches"]


@settings(derandomize=True, deadline=None, max_examples=60)
@given(layer())
def test_fully_connected(case: tuple[Call, Array]) -> None:
    assert_exact(*case)


@pytest.mark.parametrize("zero", [-128, 3])
@pytest.mark.parametrize("e", [1, 2, 7, 16])
@pytest.mark.parametrize("multiplier", [1 << 30, 3 << 29, (1 << 31) - 1])
def test_sums_around_every_tie(zero: int, e: int, multiplier: int) -> None:
    """Every output, half and both neighbors of the half: one input of 0, so that each channel's sum is its bias."""
    halves = np.arange(-2 * 130, 2 * 130 + 1, 7) / 2 - zero
    sums = np.round(halves * 2.0 ** (31 + e) / multiplier)
    bias = np.unique(np.concatenate([sums + d for d in (-1, 0, 1)])).astype(np.int32)
    bias = bias[np.abs(bias) < 1 << 22]
    n = len(bias)
    params = {
        "weights": np.ones((n, 4), np.int8), "bias": bias, "multiplier": np.array([multiplier], np.int32),
        "shift": np.array([-e], np.int8), "per_channel": 0, "input_offset": 0, "output_offset": zero,
        "act_min": -128, "act_max": 127, "batches": 1,
    }  # fmt: skip
    assert assert_exact(call("fully_connected", params | {"in_n": 4, "out_n": n}), np.zeros((1, 4), np.int8)) >= 2
    pixel = {name: 1 for name in ("in_h", "in_w", "out_h", "out_w", "k_h", "k_w", "stride_h", "stride_w")}
    pixel |= {"dilation_h": 1, "dilation_w": 1, "pad_top": 0, "pad_left": 0, "in_c": 4, "group_c": 4, "out_c": n}
    assert assert_exact(call("conv_2d", params | pixel), np.zeros((1, 1, 1, 4), np.int8)) >= 2


@settings(derandomize=True, deadline=None, max_examples=60)
@given(GENERATORS, st.sampled_from([1, 256]))
def test_a_linear_requantization_has_the_outputs_of_all_sums(rng: np.random.Generator, scale: int) -> None:
    weights = convolutions.weights(rng, 5, int(rng.integers(1, 40)))
    p = requantization(rng, weights)
    c = Channels.of(p, weights)
    numbers = linear(p, c, scale)
    relu = (p["output_offset"], p["act_min"]) == (-128, -128)
    usable = (c.e > LINEAR_SHIFT) & (c.e <= LINEAR_SHIFT + 6) & (np.abs(c.bias) < 1 << 22)
    assert not relu or numbers[usable, 3].all()
    for n in np.flatnonzero(numbers[:, 3]):
        low, high = (int(np.where((c.weights[n] > 0) == up, 127, -128) @ c.weights[n] + c.bias[n]) for up in (0, 1))
        sums = np.unique(np.r_[low, high, np.arange(low, high, max((high - low) // 50000, 1))])
        offset, multiplier, constant, _ = numbers[n]
        values = constant + ((scale * sums + offset) * multiplier >> 32)
        for whole in (scale * sums + offset, values, numbers[n]):
            assert (whole.astype(np.int32) == whole).all()
        y = np.clip(values >> (LINEAR_SHIFT + scale.bit_length() - 1), -128, 127)
        layer = {
            "weights": np.zeros((len(sums), 1), np.int8), "bias": sums.astype(np.int32), "per_channel": 0,
            "multiplier": c.multiplier[n : n + 1].astype(np.int32), "shift": -c.e[n : n + 1].astype(np.int8),
        }  # fmt: skip
        ends = {"batches": 1, "in_n": 1, "out_n": len(sums)}
        expected = KERNELS["fully_connected"].reference(p | layer | ends, [np.zeros((1, 1), np.int8)])
        np.testing.assert_array_equal(np.clip(y, p["act_min"], p["act_max"]), expected[0])


@pytest.mark.parametrize("modulus", [1, 2, 7, 12, 16])
def test_first_multiple_in_an_interval(modulus: int) -> None:
    for a, low, high in ((a, low, high) for a in range(modulus) for low in range(modulus) for high in range(modulus)):
        if low <= high:
            expected = next((n for n in range(modulus) if low <= n * a % modulus <= high), None)
            assert first_multiple(a, modulus, low, high) == expected


def refused(change: dict[str, Any]) -> bool:
    """Whether a layer of 2 outputs and 200 inputs, all weights 1, goes to the variant without repacking."""
    params = {
        "weights": np.ones((2, 200), np.int8), "bias": np.zeros(2, np.int32), "shift": np.full(2, -7, np.int8),
        "multiplier": np.full(2, 1 << 30, np.int32), "per_channel": 1, "input_offset": 128, "output_offset": -128,
        "act_min": -128, "act_max": 127, "batches": 1, "in_n": 200, "out_n": 2,
    }  # fmt: skip
    c = call("fully_connected", params | change)
    assert_exact(c, np.full((1, 200), 127, np.int8))
    return select(c, "dsp").variant.own_layout


def test_what_the_arithmetic_does_not_cover_goes_to_another_variant() -> None:
    weights = np.ones((2, 200), np.int8)
    weights[:, 7] = -128
    assert not refused({})
    assert not refused({"weights": np.where([[True], [False]], weights, 1).astype(np.int8)})
    assert refused({"weights": weights})  # -128 in the upper byte
    assert refused({"shift": np.array([-7, 0], np.int8)})
    assert refused({"shift": np.array([-7, 3], np.int8)})
    assert refused({"shift": np.array([-7, -17], np.int8), "bias": np.full(2, (33 << 17) - 25000, np.int32)})
    small = {"shift": np.full(2, -16, np.int8), "multiplier": np.full(2, (1 << 31) - 1, np.int32)}
    assert not refused(small | {"bias": np.full(2, (1 << 23) - 1 - 255 * 200, np.int32)})
    assert refused(small | {"bias": np.full(2, (1 << 23) - 255 * 200, np.int32)})
    assert refused(small | {"bias": np.full(2, -(1 << 23), np.int32), "output_offset": 127})


def test_a_channel_with_one_output_for_every_input_needs_no_range() -> None:
    """As vww_96_int8 has them: sums far too large or shifts far too small to matter."""
    for bias, shift in ((1 << 30, -7), (-(1 << 30), -7), (1000, -31)):
        assert not refused({"bias": np.array([bias, 5], np.int32), "shift": np.array([shift, -7], np.int8)})
    assert not refused({"multiplier": np.array([0, 1 << 30], np.int32), "shift": np.array([0, -7], np.int8)})


@shared.needed
@pytest.mark.parametrize("model", shared.NAMES)
def test_layers_of_the_mlperf_tiny_models(model: str) -> None:
    graph = tflite.read(shared.path(model).read_bytes(), model)
    values = reference.run(graph, reference.random_inputs(graph, 2, 0))
    seen = set()
    for c in (lower(graph, op) for op in graph.ops):
        x, expected = values[c.inputs[0]], values[c.output]
        if c.kernel in ("conv_2d", "fully_connected") and (x.shape, expected.shape) not in seen:
            seen.add((x.shape, expected.shape))
            for level in ("size", "speed"):
                step = select_all([c], "dsp", level, 10**9)[0]
                assert step.variant.isa == "dsp" and not step.variant.own_layout, c.op
                for in_place in {False, step.variant.in_place}:
                    y, _ = harness("cortex-m4").run(step, [x], expected, in_place=in_place)
                    np.testing.assert_array_equal(y, expected, f"{c.op}: {step.variant.name}")
