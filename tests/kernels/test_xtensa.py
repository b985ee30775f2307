"""Kernels of ISA xtensa = NumPy reference, byte for byte: in an emulated lx106 (CALL0), in a core with register windows
whose interrupts spill them, and with their assembly's C twins under the host's sanitizers; for adversarial parameters
and on the shapes of the MLPerf Tiny models within an instruction budget."""

import functools
import re
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compiler.arena import aligned
from gen.compiler.kernels.channels import outputs
from gen.compiler.kernels.select import VARIANTS, select
from gen.compiler.kernels.xtensa import depthwise as xtensa_depthwise
from gen.compiler.kernels.xtensa import gemm
from gen.compiler.kernels.xtensa.lines import CLAMPED, GENERAL, SIGNED, Sums, find_lines
from gen.model.graph import Array
from gen.model.ops import KERNELS
from gen.model.ops.operator import Call
from tests import windowed
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
from tests.kernels.harness import KERNEL_DIR, Harness, harness
from tests.kernels.targets import SEMIHOSTING, TARGETS, Target

TWINS = "tests/kernels/xtensa_twins.c"


def is_assembly(file: str) -> bool:
    return file.endswith(".S")


@functools.cache
def twins() -> Harness:
    """The variants on the host, their assembly replaced."""
    rows = [
        replace(row, files=tuple(file for file in row.files if not is_assembly(file)))
        for row in VARIANTS
        if row.isa == "xtensa"
    ]
    return Harness(replace(TARGETS["host"], sources=(*TARGETS["host"].sources, TWINS)), rows)


@functools.cache
def with_windows() -> Harness:
    """Those with assembly under the ESP32's ABI. What it counts are interrupts."""
    flags = (*windowed.FLAGS, "-DHARNESS_POOL_BYTES=0x100000")
    machine = (*windowed.MACHINE, *SEMIHOSTING, "-kernel", "{elf}")
    target = Target("xtensa with windows", f"{windowed.TOOLCHAIN}gcc", flags, windowed.SOURCES, machine, isa="xtensa")
    return Harness(target, [row for row in VARIANTS if row.isa == "xtensa" and any(map(is_assembly, row.files))])


def assert_exact(c: Call, *x: Array) -> dict[str, int]:
    """Every variant of ISA xtensa that accepts the call, also in place; instructions of each."""
    expected = np.ascontiguousarray(KERNELS[c.kernel].reference(c.params, x))
    counts = {}
    for runner in (twins(), with_windows(), harness("xtensa")):
        for step in runner.steps(c):
            if step.variant.isa == "xtensa":
                for in_place in (False, True) if step.variant.in_place else (False,):
                    y, counts[step.variant.name] = runner.run(step, x, expected, in_place=in_place)
                    where = f"{step.variant.name} on {runner.target.name}{' in place' * in_place}: {c.params}"
                    np.testing.assert_array_equal(y, expected, where)
    return counts


def instructions(c: Call, *x: Array) -> int:
    """Of the variant that is taken, in place where it can be, and exact."""
    expected = np.ascontiguousarray(KERNELS[c.kernel].reference(c.params, x))
    step = select(c, "xtensa")
    assert step.variant.isa == "xtensa"
    y, count = harness("xtensa").run(step, x, expected, in_place=step.variant.in_place)
    np.testing.assert_array_equal(y, expected, step.variant.name)
    return count


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.one_of(convolution(), pointwise()))
def test_convolutions(case: tuple[Call, Array]) -> None:
    assert_exact(*case)


@settings(derandomize=True, deadline=None, max_examples=30)
@given(layer())
def test_fully_connected(case: tuple[Call, Array]) -> None:
    assert "fully_connected_columns_xtensa" in assert_exact(*case)


@st.composite
def depthwise_calls(draw: st.DrawFn) -> tuple[Call, Array]:
    """Any window, mostly of up to 3x3, padding and requantization, stride 1 or 2."""
    rng, same, channels = draw(GENERATORS), draw(st.booleans()), draw(st.integers(1, 5))
    k_h, k_w = draw(st.one_of(st.tuples(*[st.integers(1, 3)] * 2), st.tuples(st.integers(1, 11), st.integers(1, 4))))
    in_h, in_w = (draw(st.integers(1 if same else k, 12)) for k in (k_h, k_w))
    weights = rng.integers(-128, 128, (channels, k_h, k_w), np.int8)
    if draw(st.integers(0, 4)) == 0:
        weights[...] = draw(st.sampled_from([-128, 127]))
    params = requantization(rng, weights)
    batches = draw(st.sampled_from([1, 1, 2]))
    c = depthwise(params, (in_h, in_w), draw(st.integers(1, 2)), same, batches)
    return c, inputs(rng, batches, in_h, in_w, channels)


@settings(derandomize=True, deadline=None, max_examples=80)
@given(depthwise_calls())
def test_depthwise(case: tuple[Call, Array]) -> None:
    assert_exact(*case)


def test_depthwise_lines_as_long_as_the_plane() -> None:
    """64 words hold 62 outputs and two columns of padding; with stride 2, 31 outputs."""
    rng = np.random.default_rng(7)
    for width, stride, variants in ((62, 1, 2), (63, 1, 1), (62, 2, 2), (63, 2, 1)):
        c = depthwise(converted(rng, 2, 3, 3), (3, width), stride)
        assert len(assert_exact(c, inputs(rng, 1, 3, width, 2))) == variants, (width, stride)


@pytest.mark.parametrize("zero", [-128, 3])
@pytest.mark.parametrize("e", [1, 2, 7, 11, 14])
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


@pytest.mark.parametrize("zero", [-128, 3])
@pytest.mark.parametrize("multiplier", [1 << 30, 1518500250, (1 << 31) - 1])
def test_every_sum_of_one_channel(zero: int, multiplier: int) -> None:
    """A line against the requantization it replaces, for each sum that there can be."""
    p = {
        "bias": np.array([777], np.int32), "multiplier": np.array([multiplier], np.int32), "input_offset": 5,
        "shift": np.array([-7], np.int8), "output_offset": zero, "act_min": -128, "act_max": 127,
    }  # fmt: skip
    sums = Sums.of(p, np.full((1, 3), -128, np.int8))
    lines = find_lines(p, sums)
    assert lines is not None
    every = np.arange(sums.low[0], sums.high[0] + 1)
    a = every - lines.first[0]
    value = a * lines.high[0] + (a * lines.low[0] >> lines.bits) + lines.start[0]
    value -= np.where(a < lines.zero[0], lines.negative[0], 0)
    by_line = np.where(a < 0, -128, np.where(a >= lines.limit[0], 127, (value >> 24) - 128))
    np.testing.assert_array_equal(by_line, outputs(p, every, sums.multiplier, sums.shift))
    inside = (a >= 0) & (a < lines.limit[0])
    assert (a[inside] * lines.low[0]).max() < 1 << 32


@pytest.mark.parametrize("weight", [127, -128])
@pytest.mark.parametrize("ends", [(-128, -128, -128), (-128, 127, -128), (127, -128, 127), (127, 127, 127)])
@pytest.mark.parametrize("taps", [64, 68])
def test_three_pixels_in_two_words_at_the_extremes(weight: int, ends: tuple[int, ...], taps: int) -> None:
    """64 weights of -128 come to 2**20: the largest sums of each sign in each place, in one chunk and in two."""
    params = converted(np.random.default_rng(1), 5, 1, 1, taps)
    params["weights"] = np.full((5, 1, 1, taps), weight, np.int8)
    params["bias"] = np.full(5, -taps * weight * 128, np.int32)
    x = np.empty((1, 1, 7, taps), np.int8)
    for i, value in enumerate(ends):
        x[:, :, i::3] = value
    c = conv(params, in_c=taps, in_w=7, out_w=7)
    assert gemm.conv_chunks(c) == (2 if taps == 68 or weight == -128 else 1)
    assert len(assert_exact(c, x)) == 3


@pytest.mark.parametrize(
    ("zero", "shift", "taps", "mode"),
    [
        (-128, -9, 70, CLAMPED),
        (9, -9, 70, SIGNED),
        (9, -13, 120, GENERAL),
        (-128, -14, 100, GENERAL),
        (-128, 1, 70, GENERAL),
    ],
)
def test_windows_in_several_chunks_and_modes(zero: int, shift: int, taps: int, mode: int) -> None:
    """Chunks end within rows of 3 * taps."""
    rng = np.random.default_rng(3)
    params = converted(rng, 6, 3, 3, taps) | {"output_offset": zero, "shift": np.full(6, shift, np.int8)}
    c = conv(params, in_c=taps, in_h=3, in_w=4, out_h=3, out_w=4, k_h=3, k_w=3, pad_top=1, pad_left=1)
    assert (gemm.conv_pack(c)["mode"], gemm.conv_chunks(c) > 1) == (mode, True)
    assert assert_exact(c, inputs(rng, 1, 3, 4, taps))
    c = conv(params, in_c=taps, in_h=3, in_w=8, out_h=1, out_w=6, k_h=3, k_w=3)  # without padding
    assert assert_exact(c, inputs(rng, 1, 3, 8, taps))


def test_what_the_arithmetic_does_not_cover_goes_to_another_variant() -> None:
    rng = np.random.default_rng(3)
    groups = conv(converted(rng, 4, 1, 1, 2), in_c=2)
    assert select(groups, "xtensa").variant.isa == "xtensa"
    groups = call("conv_2d", {**groups.params, "in_c": 4})
    assert select(groups, "xtensa").variant.isa == "portable"
    c = depthwise(converted(rng, 4, 3, 3), (5, 5))
    assert select(c, "xtensa").variant.name == "depthwise_conv_2d_3x3_xtensa"
    assert select(call(c.kernel, {**c.params, "dilation_h": 2}), "xtensa").variant.own_layout


def test_interrupts_spill_windows_in_every_assembly_function(tmp_path: Path) -> None:
    rng, log = np.random.default_rng(3), tmp_path / "log"
    runner = copy(with_windows())
    runner.process = None
    runner.target = replace(runner.target, machine=(*runner.target.machine, "-d", "int", "-D", str(log)))
    for c, x in (
        (conv(converted(rng, 6, 1, 1, 40), in_c=40, in_w=7, out_w=7), inputs(rng, 1, 1, 7, 40)),
        (depthwise(converted(rng, 5, 3, 3), (9, 9)), inputs(rng, 1, 9, 9, 5)),
        (call("fully_connected", converted(rng, 9, 40) | {"batches": 1, "in_n": 40, "out_n": 9}), inputs(rng, 1, 40)),
    ):
        expected = np.ascontiguousarray(KERNELS[c.kernel].reference(c.params, (x,)))
        for step in runner.steps(c):
            y, interrupts = runner.run(step, (x,), expected)
            np.testing.assert_array_equal(y, expected, step.variant.name)
            assert interrupts > 0, step.variant.name
    sources = [path.read_text() for path in (KERNEL_DIR / "xtensa").glob("*.S")]
    functions = {name for text in sources for name in re.findall(r"NN_FUNCTION (\w+)", text)}
    assert len(functions) == len(sources)
    assert functions <= windowed.interrupted(runner.elf, log)


CONVOLUTIONS = [
    ({"in_h": 49, "in_w": 10, "in_c": 1, "out_h": 25, "out_w": 5, "k_h": 10, "k_w": 4, "stride_h": 2, "stride_w": 2,
      "pad_top": 4, "pad_left": 1}, 64, 3.0),
    ({"in_h": 25, "in_w": 5, "in_c": 64, "out_h": 25, "out_w": 5}, 64, 2.4),
    ({"in_h": 16, "in_w": 16, "in_c": 32, "out_h": 16, "out_w": 16, "k_h": 3, "k_w": 3, "pad_top": 1,
      "pad_left": 1}, 32, 2.35),
    ({"in_w": 28, "in_c": 40, "out_w": 28}, 128, 2.7),
    ({"in_h": 48, "in_w": 48, "in_c": 8, "out_h": 48, "out_w": 48}, 16, 5.9),
    ({"in_h": 6, "in_w": 6, "in_c": 128, "out_h": 6, "out_w": 6}, 128, 2.3),
]  # fmt: skip


@pytest.mark.parametrize(("sizes", "out_c", "per_mac"), CONVOLUTIONS)
def test_convolutions_of_the_mlperf_tiny_models(sizes: dict[str, int], out_c: int, per_mac: float) -> None:
    rng = np.random.default_rng(7)
    shape = (out_c, sizes.get("k_h", 1), sizes.get("k_w", 1), sizes["in_c"])
    c = conv(converted(rng, *shape), **sizes)
    x = inputs(rng, 1, c.params["in_h"], c.params["in_w"], sizes["in_c"])
    macs = c.params["out_h"] * c.params["out_w"] * int(np.prod(shape))
    assert instructions(c, x) < per_mac * macs


@pytest.mark.parametrize(
    ("shape", "window", "stride", "name", "per_mac"),
    [
        ((25, 5, 64), (3, 3), 1, "3x3", 5.1),
        ((48, 48, 8), (3, 3), 1, "3x3", 4.8),
        ((24, 24, 32), (3, 3), 2, "3x3", 7.2),
        ((6, 6, 128), (3, 3), 1, "3x3", 6.5),
        ((28, 1, 128), (5, 1), 1, "window", 13.0),
    ],
)
def test_depthwise_of_the_mlperf_tiny_models(
    shape: tuple[int, int, int], window: tuple[int, int], stride: int, name: str, per_mac: float
) -> None:
    rng = np.random.default_rng(7)
    c = depthwise(converted(rng, shape[2], *window), shape[:2], stride, same=shape[1] > 1)
    macs = c.params["out_h"] * c.params["out_w"] * shape[2] * window[0] * window[1]
    assert select(c, "xtensa").variant.name == f"depthwise_conv_2d_{name}_xtensa"
    assert instructions(c, inputs(rng, 1, *shape)) < per_mac * macs


def test_fully_connected_with_the_inputs_of_ad() -> None:
    rng = np.random.default_rng(7)
    c = call("fully_connected", converted(rng, 32, 640) | {"batches": 1, "in_n": 640, "out_n": 32})
    assert instructions(c, inputs(rng, 1, 640)) < 3.7 * 32 * 640


def test_a_fully_connected_sum_wraps_as_an_int32() -> None:
    params = converted(np.random.default_rng(7), 9, 30) | {
        "bias": np.full(9, (1 << 31) - 100, np.int32),
        "input_offset": 128,
    }
    params["weights"] = np.full((9, 30), 127, np.int8)
    c = call("fully_connected", params | {"batches": 1, "in_n": 30, "out_n": 9})
    assert assert_exact(c, np.full((1, 30), -128, np.int8))


def test_scratch_is_what_the_variants_say() -> None:
    """kws: two words for each of 64 inputs and two to start from; 5 + 2 lines of 64 words."""
    c = conv(converted(np.random.default_rng(0), 64, 1, 1, 64), in_c=64, in_h=25, in_w=5, out_h=25, out_w=5)
    assert gemm.conv_scratch_bytes(c) == aligned(64 * 8 + 8)
    d: dict[str, Any] = converted(np.random.default_rng(0), 64, 3, 3)
    assert xtensa_depthwise.depthwise_3x3_scratch_bytes(depthwise(d, (25, 5))) == 7 * 256


def added(**change: Any) -> Call:
    """An ADD of 4,096 numbers that a linear function reproduces."""
    params = {
        "multiplier1": 1 << 30, "multiplier2": 1518500250, "output_multiplier": 1340000000, "shift1": 0, "shift2": -1,
        "output_shift": -18, "left_shift": 20, "offset1": 128, "offset2": 3, "output_offset": -128, "act_min": -128,
        "act_max": 127, "dims": (1, 1, 1, 4096), "stride1": (0, 0, 0, 1), "stride2": (0, 0, 0, 1),
    }  # fmt: skip
    return call("add", params | change)


def test_add() -> None:
    rng = np.random.default_rng(7)
    x = (rng.integers(-128, 128, 4096, np.int8), rng.integers(-128, 128, 4096, np.int8))
    assert instructions(added(), *x) < 25 * 4096
    x = (np.repeat(np.arange(-128, 128), 16).astype(np.int8), np.tile(np.arange(-128, 128, 16), 256).astype(np.int8))
    assert assert_exact(added(), *x)


def test_an_add_that_clamps_or_broadcasts_goes_to_another_variant() -> None:
    assert select(added(), "xtensa").variant.isa == "xtensa"
    assert select(added(act_max=100), "xtensa").variant.isa == "portable"
    assert select(added(stride2=(0, 0, 0, 0)), "xtensa").variant.isa == "portable"


@st.composite
def average_pools(draw: st.DrawFn) -> tuple[Call, Array]:
    """Windows on the input, of up to 256 elements."""
    rng, channels = draw(GENERATORS), 4 * draw(st.integers(1, 3))
    k_h, k_w, stride_h, stride_w, out_h, out_w = (draw(st.integers(1, most)) for most in (16, 16, 3, 3, 3, 3))
    act_min, act_max = draw(st.sampled_from([(-128, 127), (-20, 127), (-128, 31)]))
    params = {
        "act_min": act_min, "act_max": act_max, "batches": draw(st.integers(1, 2)), "channels": channels,
        "in_h": (out_h - 1) * stride_h + k_h + draw(st.integers(0, 1)), "in_w": (out_w - 1) * stride_w + k_w,
        "out_h": out_h, "out_w": out_w, "k_h": k_h, "k_w": k_w, "stride_h": stride_h, "stride_w": stride_w,
        "pad_top": 0, "pad_left": 0,
    }  # fmt: skip
    return call("average_pool_2d", params), inputs(rng, params["batches"], params["in_h"], params["in_w"], channels)


@settings(derandomize=True, deadline=None, max_examples=30)
@given(average_pools())
def test_average_pool(case: tuple[Call, Array]) -> None:
    assert assert_exact(*case)


def test_every_mean_that_a_window_can_have() -> None:
    """The reciprocal against the division that it replaces: each sum, up to the largest, of each size of window."""
    for count in range(1, 257):
        sizes = np.arange(128 * count + 1) + count // 2
        np.testing.assert_array_equal(sizes * ((1 << 24) // count + 1) >> 24, sizes // count)
        assert sizes[-1] * ((1 << 24) // count + 1) < 1 << 32
