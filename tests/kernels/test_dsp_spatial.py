"""DEPTHWISE_CONV_2D, ADD and pools with the DSP extension, on an emulated Cortex-M4: equal to the NumPy reference for
adversarial parameters, which no converter writes, and on the shapes of kws, vww and ic within an instruction budget."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compiler.kernels import add_linear
from gen.compiler.kernels.add_linear import LOWER_WORD, UPPER_WORD, Form
from gen.compiler.kernels.common import is_average_in_fours, is_depthwise_in_fours, is_pool_in_fours
from gen.compiler.kernels.dsp import spatial
from gen.model.graph import Array, Op
from gen.model.ops import KERNELS
from gen.model.ops.operator import Call
from tests.kernels.convolutions import GENERATORS
from tests.kernels.harness import Harness, harness

M4 = "cortex-m4"
ACT_RANGES = st.sampled_from([(-128, 127), (-128, 127), (-128, 100), (-20, 127), (3, 90), (-100, -7), (5, 5)])


def call_of(kernel: str, params: dict[str, Any]) -> Call:
    return Call(Op(0, kernel, (), (), {}), kernel, params, (0,), (1,))


def check(call: Call, inputs: list[Array], large: bool = False) -> dict[str, int]:
    """Hold every DSP variant that accepts the call against the reference, also in place (only so where large);
    instructions of each."""
    runner: Harness = harness(M4)
    expected = np.ascontiguousarray(KERNELS[call.kernel].reference(call.params, inputs))
    counts = {}
    for step in runner.steps(call):
        if step.variant.isa != "dsp":
            continue
        for in_place in ((True,) if large else (False, True)) if step.variant.in_place else (False,):
            y, counts[step.variant.name] = runner.run(step, inputs, expected, in_place=in_place)
            where = f"{step.variant.name}{' in place' * in_place}: {call.params}"
            np.testing.assert_array_equal(y, expected, where)
    return counts


@dataclass(frozen=True)
class Window:
    """A depthwise window and what it lies on."""

    in_h: int
    in_w: int
    channels: int
    stride: int = 1
    k_h: int = 3
    k_w: int = 3
    same: bool = True
    dilation: int = 1

    def axis(self, size: int, taps: int) -> tuple[int, int]:
        """(output size, padding before)."""
        span = (taps - 1) * self.dilation + 1
        out = -(-size // self.stride) if self.same else (size - span) // self.stride + 1
        return out, max((out - 1) * self.stride + span - size, 0) // 2 if self.same else 0


def depthwise(rng: np.random.Generator, window: Window, **others: Any) -> Call:
    """A call as converters make them: ReLU, fitting multipliers. others replaces any of its parameters."""
    (out_h, pad_top), (out_w, pad_left) = window.axis(window.in_h, window.k_h), window.axis(window.in_w, window.k_w)
    channels, stride = window.channels, window.stride
    params = {
        "weights": rng.integers(-127, 128, (1, window.k_h, window.k_w, channels)).astype(np.int8),
        "bias": rng.integers(-8000, 8000, channels).astype(np.int32),
        "multiplier": rng.integers(2**30, 2**31, channels).astype(np.int32),
        "shift": rng.integers(-9, -4, channels).astype(np.int8),
        "input_offset": 128, "output_offset": -128, "act_min": -128, "act_max": 127, "batches": 1,
        "in_h": window.in_h, "in_w": window.in_w, "in_c": channels, "out_h": out_h, "out_w": out_w, "out_c": channels,
        "k_h": window.k_h, "k_w": window.k_w, "depth_multiplier": 1, "stride_h": stride, "stride_w": stride,
        "dilation_h": window.dilation, "dilation_w": window.dilation, "pad_top": pad_top, "pad_left": pad_left,
        "per_channel": 1,
    }  # fmt: skip
    return call_of("depthwise_conv_2d", params | others)


def image(rng: np.random.Generator, call: Call) -> Array:
    p = call.params
    channels = p.get("in_c", p.get("channels"))
    values: Array = np.clip(rng.integers(-140, 141, (p["batches"], p["in_h"], p["in_w"], channels)), -128, 127)
    return values.astype(np.int8)


@st.composite
def adversarial(draw_: st.DrawFn, window: Window, clamps: st.SearchStrategy[tuple[int, int]]) -> tuple[Call, Array]:
    """Any requantization that shifts right, sums up to nearly 2**29, weights and multipliers at their extremes."""
    rng, channels = draw_(GENERATORS), window.channels
    magnitude, scales = draw_(st.sampled_from([10, 20, 28])), draw_(st.sampled_from([channels, channels, 1]))
    lowest, highest = draw_(st.sampled_from([(-9, -3), (-9, -3), (-20, -1), (-30, -1)]))
    zero_point = draw_(st.sampled_from([-128, -128, 0, 127, -5]))
    clamp = draw_(st.sampled_from([(-128, 127), (zero_point, 127)])) if draw_(st.booleans()) else draw_(clamps)
    weights = rng.integers(-128, 128, (1, window.k_h, window.k_w, channels))
    if draw_(st.integers(0, 4)) == 0:
        weights[...] = draw_(st.sampled_from([-128, 127]))
    multiplier = rng.integers(2**30, 2**31, scales)
    multiplier[rng.random(scales) < 0.3] = draw_(st.sampled_from([2**30, 2**31 - 1, 0, 3 << 29]))
    bias = rng.integers(-(2**magnitude), 2**magnitude, channels) // 16 * 16
    call = depthwise(
        rng, window, batches=draw_(st.sampled_from([1, 1, 2])), weights=weights.astype(np.int8),
        bias=None if draw_(st.integers(0, 5)) == 0 else bias.astype(np.int32), multiplier=multiplier.astype(np.int32),
        shift=np.where(multiplier == 0, 0, rng.integers(lowest, highest + 1, scales)).astype(np.int8),
        input_offset=draw_(st.integers(-127, 128)), output_offset=zero_point, act_min=clamp[0], act_max=clamp[1],
        per_channel=int(scales > 1),
    )  # fmt: skip
    return call, image(rng, call)


@st.composite
def windows_3x3(draw_: st.DrawFn) -> Window:
    same, k_h, k_w = draw_(st.booleans()), draw_(st.integers(1, 3)), draw_(st.integers(1, 3))
    in_h, in_w = (draw_(st.integers(1 if same else k, 11)) for k in (k_h, k_w))
    return Window(in_h, in_w, draw_(st.sampled_from([4, 8])), draw_(st.integers(1, 2)), k_h, k_w, same)


@st.composite
def windows_line(draw_: st.DrawFn) -> Window:
    """One axis of a window is 1; at least three outputs along the other."""
    taps = draw_(st.integers(2, 17))
    along, across = draw_(st.integers(taps + 2, taps + 12)), draw_(st.integers(1, 3))
    if draw_(st.booleans()):
        return Window(along, across, draw_(st.sampled_from([8, 16])), 1, taps, 1, same=False)
    return Window(across, along, draw_(st.sampled_from([8, 16])), 1, 1, taps, same=False)


@st.composite
def windows(draw_: st.DrawFn) -> Window:
    same, k_h, k_w = draw_(st.booleans()), draw_(st.integers(1, 6)), draw_(st.integers(1, 6))
    dilation = draw_(st.sampled_from([1, 1, 2]))
    in_h, in_w = (draw_(st.integers(1 if same else (k - 1) * dilation + 1, 11)) for k in (k_h, k_w))
    return Window(in_h, in_w, draw_(st.sampled_from([4, 8])), draw_(st.integers(1, 3)), k_h, k_w, same, dilation)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(windows_3x3().flatmap(lambda window: adversarial(window, ACT_RANGES)))
def test_depthwise(case: tuple[Call, Array]) -> None:
    call, x = case
    counts = check(call, [x])
    assert {"depthwise_conv_2d_dsp", "depthwise_conv_2d_planes_dsp", "depthwise_conv_2d_window_dsp"} <= set(counts)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(windows_line().flatmap(lambda window: adversarial(window, st.just((-128, 127)))))
def test_depthwise_line(case: tuple[Call, Array]) -> None:
    call, x = case
    counts = check(call, [x])
    p = call.params
    clamped, flat = (p["act_min"], p["act_max"]) != (-128, 127), np.min(p["shift"]) < -20
    assert clamped or flat or "depthwise_conv_2d_line_dsp" in counts


@settings(derandomize=True, deadline=None, max_examples=60)
@given(windows().flatmap(lambda window: adversarial(window, ACT_RANGES)))
def test_depthwise_window(case: tuple[Call, Array]) -> None:
    call, x = case
    assert "depthwise_conv_2d_window_dsp" in check(call, [x])


@pytest.mark.parametrize("e", range(1, 12))
def test_depthwise_ties(e: int) -> None:
    """Sums around every tie of the second rounding, on both sides of the zero point."""
    rng = np.random.default_rng(e)
    for zero_point, multiplier in ((-128, 2**30), (-128, 2**31 - 1), (-3, 2**30), (-128, 3 << 29)):
        bias = np.arange(-32, 32) * (1 << max(e - 1, 0)) + rng.integers(-1, 2, 64)
        call = depthwise(
            rng, Window(4, 3, 64, 1, 1, 1), weights=rng.integers(-1, 2, (1, 1, 1, 64)).astype(np.int8),
            bias=bias.astype(np.int32), multiplier=np.full(64, multiplier, np.int32), shift=np.full(64, -e, np.int8),
            output_offset=zero_point,
        )  # fmt: skip
        assert check(call, [image(rng, call)])


@pytest.mark.parametrize(
    ("window", "per_output", "own_layout"),
    [
        (Window(25, 5, 64), 15.7, 22.1),  # kws
        (Window(48, 48, 8), 13.7, 19.9),  # vww from here on
        (Window(48, 48, 16, 2), 24.8, 47.9),
        (Window(12, 12, 64), 15.9, 21.8),
        (Window(6, 6, 128), 20.1, 25.0),
        (Window(6, 6, 128, 2), 46.3, 67.0),
        (Window(3, 3, 256), 33.2, 47.6),
    ],
)
def test_instructions_of_depthwise(window: Window, per_output: float, own_layout: float) -> None:
    rng = np.random.default_rng(7)
    call = depthwise(rng, window)
    outputs = call.params["out_h"] * call.params["out_w"] * window.channels
    counts = check(call, [image(rng, call)], large=True)
    best = "depthwise_conv_2d_in_place_dsp" if window.stride == 1 else "depthwise_conv_2d_planes_dsp"
    assert counts[best] <= per_output * outputs
    assert counts["depthwise_conv_2d_dsp"] <= own_layout * outputs


@pytest.mark.parametrize(
    ("window", "per_output"),
    [
        (Window(30, 1, 40, 1, 3, 1, same=False), 20.0),
        (Window(28, 1, 128, 1, 5, 1, same=False), 23.7),
        (Window(24, 1, 128, 1, 10, 1, same=False), 34.7),
    ],
)
def test_instructions_of_depthwise_in_sww(window: Window, per_output: float) -> None:
    rng = np.random.default_rng(7)
    call = depthwise(rng, window, output_offset=3)
    outputs = call.params["out_h"] * window.channels
    assert check(call, [image(rng, call)], large=True)["depthwise_conv_2d_line_in_place_dsp"] <= per_output * outputs


@pytest.mark.parametrize(
    "others",
    [
        {"shift": np.full(8, 1, np.int8)},
        {"shift": np.full(8, 0, np.int8)},
        {"bias": np.full(8, 2**29, np.int32)},
        {"depth_multiplier": 2, "in_c": 4},
    ],
)
def test_depthwise_refused(others: dict[str, Any]) -> None:
    call = depthwise(np.random.default_rng(1), Window(6, 6, 8), **others)
    assert not spatial.depthwise_3x3(call) and not is_depthwise_in_fours(call.params)


@pytest.mark.parametrize("others", [{"dilation_h": 2}, {"stride_h": 2}, {"k_h": 4}])
def test_depthwise_that_only_the_window_kernel_takes(others: dict[str, Any]) -> None:
    call = depthwise(np.random.default_rng(1), Window(6, 6, 8))
    other = call_of("depthwise_conv_2d", dict(call.params) | others)
    assert not spatial.depthwise_3x3(other) and not spatial.depthwise_line(other)


@pytest.mark.parametrize(
    ("pad", "out_h", "accepted"), [(0, 5, True), (1, 6, True), (2, 6, False), (1, 8, True), (1, 9, False)]
)
def test_depthwise_with_a_merged_pad(pad: int, out_h: int, accepted: bool) -> None:
    """A PAD that a pass has merged may pad more than SAME does, and more on one side."""
    rng = np.random.default_rng(pad)
    call = depthwise(rng, Window(6, 5, 8), pad_top=pad, out_h=out_h)
    assert spatial.depthwise_3x3(call) == accepted
    turned = depthwise(rng, Window(5, 6, 8), pad_left=pad, out_w=out_h)
    for each in (call, turned):
        assert check(each, [image(rng, each)])


def add_call(count: int, others: dict[str, int]) -> Call:
    line = {"dims": (1, 1, 1, count), "stride1": (0, 0, 0, int(count > 1)), "stride2": (0, 0, 0, int(count > 1))}
    params = {"act_min": -128, "act_max": 127, "shift1": 0, "shift2": 0, "left_shift": 20} | line
    return call_of("add", params | others)


IC_ADDS = [  # of the published ResNet
    (16384, (1623821475, -2, 128), (1073741824, 0, -4), (1098017566, -17, -128)),
    (8192, (1699529983, -2, 17), (1073741824, 0, -4), (1140768826, -17, -128)),
    (4096, (1657902019, -2, -38), (1073741824, 0, 2), (1835721671, -18, -128)),
]


def add_params(*operands: tuple[int, int, int]) -> dict[str, int]:
    """From (multiplier, shift, offset) of both inputs and the output."""
    names = ("multiplier1 shift1 offset1", "multiplier2 shift2 offset2", "output_multiplier output_shift output_offset")
    params: dict[str, int] = {}
    for keys, values in zip(names, operands, strict=True):
        params |= dict(zip(keys.split(), values, strict=True))
    return params


@pytest.mark.parametrize(("count", "x1", "x2", "y"), IC_ADDS)
def test_add_of_ic(count: int, x1: tuple[int, int, int], x2: tuple[int, int, int], y: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(count)
    call = add_call(count, add_params(x1, x2, y))
    inputs = [rng.integers(-128, 128, count).astype(np.int8) for _ in range(2)]
    assert check(call, inputs, large=True)["add_linear_dsp"] <= 6.1 * count


@st.composite
def adds(draw_: st.DrawFn) -> Call:
    """Scales, zero points and lengths that need not have a linear function."""
    real = [draw_(st.floats(-3, 0)), draw_(st.floats(-3, 0)), draw_(st.floats(-2, 2))]
    if draw_(st.booleans()):
        real[draw_(st.integers(0, 1))] = 0.0
    multipliers = [(min(int(2.0 ** (value % 1 + 30)), 2**31 - 1), int(value // 1)) for value in real]
    offsets = [draw_(st.integers(-127, 128)), draw_(st.integers(-127, 128)), draw_(st.integers(-128, 127))]
    operands = [(m, s, o) for (m, s), o in zip(multipliers, offsets, strict=True)]
    operands[2] = (operands[2][0], operands[2][1] - 18, operands[2][2])
    return add_call(draw_(st.integers(1, 9)), add_params(*operands))


@settings(derandomize=True, deadline=None, max_examples=40)
@given(adds(), GENERATORS)
def test_add(call: Call, rng: np.random.Generator) -> None:
    check(call, [rng.integers(-128, 128, call.params["dims"][3]).astype(np.int8) for _ in range(2)])


@pytest.mark.parametrize("form", [UPPER_WORD, LOWER_WORD])
@settings(derandomize=True, deadline=None, max_examples=40)
@given(call=adds())
def test_add_linear_is_add_for_every_pair(form: Form, call: Call) -> None:
    linear = add_linear.find(call, form)
    if linear is None:
        return
    x1, x2 = np.mgrid[-128:128, -128:128].reshape(2, -1)
    row = {"dims": (1, 1, 1, 65536), "stride1": (0, 0, 0, 1), "stride2": (0, 0, 0, 1)}
    expected = KERNELS["add"].reference(dict(call.params) | row, (x1.astype(np.int8), x2.astype(np.int8)))
    terms = (linear[f"multiplier{n}"] * (x - form.origin) // 2**form.dropped for n, x in ((1, x1), (2, x2)))
    total = linear["sum"] + sum(terms)
    assert np.abs(total).max() < 2**31
    y = total // 2 ** linear["shift"] + form.origin
    np.testing.assert_array_equal(np.clip(y, -128, 127), expected.reshape(-1))


def test_most_adds_are_linear() -> None:
    rng, found = np.random.default_rng(5), 0
    for _ in range(20):
        scales = [(int(rng.integers(2**30, 2**31)), int(rng.integers(-3, 0)), int(rng.integers(-100, 100)))]
        operands = [*scales, (2**30, 0, 7), (int(rng.integers(2**30, 2**31)), -18, -128)]
        found += add_linear.find(add_call(8, add_params(*operands)), UPPER_WORD) is not None
    assert found >= 18


def test_add_that_breaks_ties_away_from_zero_is_not_linear() -> None:
    half = (2**30, 0, 0)
    assert add_linear.find(add_call(8, add_params(half, half, (2**30, -19, 0))), UPPER_WORD) is None


POOLS: dict[str, Callable[[Call], bool]] = {
    "average_pool_2d": lambda call: is_average_in_fours(call.params),
    "max_pool_2d": lambda call: is_pool_in_fours(call.params),
}


@st.composite
def pools(draw_: st.DrawFn) -> tuple[Call, Array]:
    rng, size = draw_(GENERATORS), st.integers(1, 4)
    k_h, k_w, stride_h, stride_w, out_h, out_w = (draw_(size) for _ in range(6))
    in_h, in_w = (out_h - 1) * stride_h + k_h + draw_(size) - 1, (out_w - 1) * stride_w + k_w + draw_(size) - 1
    act_min, act_max = draw_(ACT_RANGES)
    params = {
        "act_min": act_min, "act_max": act_max, "batches": draw_(st.integers(1, 2)), "in_h": in_h, "in_w": in_w,
        "channels": draw_(st.sampled_from([4, 8, 12])), "out_h": out_h, "out_w": out_w, "k_h": k_h, "k_w": k_w,
        "stride_h": stride_h, "stride_w": stride_w, "pad_top": 0, "pad_left": 0,
    }  # fmt: skip
    call = call_of(draw_(st.sampled_from(list(POOLS))), params)
    return call, image(rng, call)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(pools())
def test_pools(case: tuple[Call, Array]) -> None:
    call, x = case
    assert POOLS[call.kernel](call) and f"{call.kernel}_dsp" in check(call, [x])


@pytest.mark.parametrize("value", [-128, 127])
def test_average_pool_at_the_extremes_of_its_sums(value: int) -> None:
    params = {
        "act_min": -128, "act_max": 127, "batches": 1, "in_h": 16, "in_w": 16, "channels": 4, "out_h": 1, "out_w": 1,
        "k_h": 16, "k_w": 16, "stride_h": 16, "stride_w": 16, "pad_top": 0, "pad_left": 0,
    }  # fmt: skip
    call = call_of("average_pool_2d", params)
    assert check(call, [np.full((1, 16, 16, 4), value, np.int8)])
    wider = {"in_w": 17, "k_w": 17}
    assert not POOLS["average_pool_2d"](call_of("average_pool_2d", params | wider))
    assert not POOLS["max_pool_2d"](call_of("max_pool_2d", params | {"pad_left": 1}))
