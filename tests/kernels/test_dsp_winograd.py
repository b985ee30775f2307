"""CONV_2D by Winograd's transforms = NumPy reference, byte for byte, on an emulated Cortex-M4; on the host, with the
assembly's C twins, within its buffers."""

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compiler.kernels.dsp import winograd as dsp_winograd
from gen.compiler.kernels.select import select
from gen.compiler.passes import optimize
from gen.compiler.program import compile_graph, plan
from gen.model import tflite
from gen.model.graph import Array
from gen.model.ops import KERNELS
from gen.model.ops.operator import Call
from tests.kernels import convolutions
from tests.kernels.calls import call, inputs, requantization
from tests.kernels.convolutions import GENERATORS
from tests.kernels.harness import Harness, harness
from tests.kernels.targets import TARGETS

ROOT = Path(__file__).parents[2]
TWINS = "tests/kernels/winograd_twins.c"


@st.composite
def winograd(draw: st.DrawFn) -> tuple[Call, Array]:
    """A 3x3 convolution of stride 1 with an output of whole tiles, padded by any of 0 to 2, and an input."""
    rng = draw(GENERATORS)
    out_h, out_w = 2 * draw(st.integers(1, 3)), 4 * draw(st.integers(1, 2))
    in_c, out_c = draw(st.sampled_from([4, 8, 20, 64])), 2 * draw(st.integers(1, 3))
    above, below, left, right = (draw(st.integers(0, 2)) for _ in range(4))
    in_h, in_w = max(out_h + 2 - above - below, 1), max(out_w + 2 - left - right, 1)
    weights = convolutions.weights(rng, out_c, 3, 3, in_c)
    params = requantization(rng, weights, wide=True) | {
        "batches": draw(st.sampled_from([1, 2])), "in_h": in_h, "in_w": in_w, "in_c": in_c, "group_c": in_c,
        "out_h": out_h, "out_w": out_w, "out_c": out_c, "k_h": 3, "k_w": 3, "stride_h": 1, "stride_w": 1,
        "dilation_h": 1, "dilation_w": 1, "pad_top": above, "pad_left": left,
    }  # fmt: skip
    return call("conv_2d", params), inputs(rng, params["batches"], in_h, in_w, in_c)


@functools.cache
def twins() -> Harness:
    """The variants on the host, their assembly replaced."""
    rows = [
        replace(row, files=tuple(file for file in row.files if not file.endswith(".S")))
        for row in dsp_winograd.VARIANTS
    ]
    return Harness(replace(TARGETS["host"], sources=(*TARGETS["host"].sources, TWINS)), rows)


def assert_exact(c: Call, x: Array, name: str, in_place: bool = False) -> None:
    expected = KERNELS[c.kernel].reference(c.params, [x])
    for runner in (twins(), harness("cortex-m4")):
        (step,) = (step for step in runner.steps(c) if step.variant.name == name)
        y, _ = runner.run(step, [x], expected, in_place=in_place)
        np.testing.assert_array_equal(y, expected, runner.target.name)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(winograd())
def test_transformed_filters(case: tuple[Call, Array]) -> None:
    shifts, multipliers = case[0].params["shift"], case[0].params["multiplier"]
    if dsp_winograd.accepts(case[0]):
        assert_exact(*case, "conv_2d_winograd_dsp")
    else:
        assert ((shifts >= 0) & (multipliers > 0)).any() or (shifts < -16).any()


@settings(derandomize=True, deadline=None, max_examples=40)
@given(winograd(), st.floats(0, 1))
def test_filters_transformed_at_run_time(case: tuple[Call, Array], share: float) -> None:
    """With as little scratch as there may be, or up to all that helps: every way to use it."""
    c, x = case
    p = c.params
    if not dsp_winograd.accepts(c):
        return
    least, most = 152 * p["in_c"], 32 * p["in_c"] * (p["out_h"] * p["out_w"] // 4 + p["out_c"])
    scratch_budget = int(least + share * max(most - least, 0) + 15) // 16 * 16
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dsp_winograd, "MAX_PER_MAC", 1e9)
        assert_exact(replace(c, scratch_budget=scratch_budget), x, "conv_2d_winograd_int8_dsp")
        same = (p["in_h"], p["in_w"], p["in_c"]) == (p["out_h"], p["out_w"], p["out_c"])
        for in_place in (False, True) if same else ():
            c = replace(c, scratch_budget_in_place=max(scratch_budget, most // 16 * 16 + 16))
            assert_exact(c, x, "conv_2d_winograd_int8_in_place_dsp", in_place)


def layer(size: int, in_c: int, out_c: int, scratch_budget: int, scratch_budget_in_place: int = 0) -> Call:
    """A layer as ResNets have them, with a scratch budget."""
    rng = np.random.default_rng(1)
    weights = rng.integers(-127, 128, (out_c, 3, 3, in_c)).astype(np.int8)
    params = {
        "weights": weights, "bias": np.zeros(out_c, np.int32), "shift": np.full(out_c, -9, np.int8),
        "multiplier": np.full(out_c, 3 << 29, np.int32), "per_channel": 1, "input_offset": 128, "output_offset": -128,
        "act_min": -128, "act_max": 127, "batches": 1, "in_h": size, "in_w": size, "in_c": in_c, "group_c": in_c,
        "out_h": size, "out_w": size, "out_c": out_c, "k_h": 3, "k_w": 3, "stride_h": 1, "stride_w": 1,
        "dilation_h": 1, "dilation_w": 1, "pad_top": 1, "pad_left": 1,
    }  # fmt: skip
    return replace(
        call("conv_2d", params), scratch_budget=scratch_budget, scratch_budget_in_place=scratch_budget_in_place
    )


@pytest.mark.parametrize(
    ("shape", "scratch_budget", "expected", "instructions"),
    [
        ((32, 16, 16), (9600, 0), (16, False), 1.15e6),
        ((32, 16, 16), (5504, 0), (8, False), 1.35e6),
        ((16, 32, 32), (19200, 0), (16, False), 1.10e6),
        ((8, 64, 64), (0, 36864), (2, True), 0.98e6),
        ((8, 64, 64), (22016, 0), (8, False), 1.35e6),
    ],
)
def test_how_room_is_used(
    shape: tuple[int, int, int], scratch_budget: tuple[int, int], expected: tuple[int, bool], instructions: float
) -> None:
    """All of it: block_c and keep_input as expected, and about the instructions that the choice is made by."""
    c, (size, in_c, _), in_place = layer(*shape, *scratch_budget), shape, scratch_budget[1] > 0
    found = dsp_winograd.layout(c, in_place)
    assert (
        found is not None
        and (found.block_c, found.keep_input) == expected
        and found.scratch_bytes == max(scratch_budget)
    )
    x = inputs(np.random.default_rng(0), 1, size, size, in_c)
    name = "conv_2d_winograd_int8_in_place_dsp" if in_place else "conv_2d_winograd_int8_dsp"
    (step,) = (step for step in harness("cortex-m4").steps(c) if step.variant.name == name)
    truth = KERNELS[c.kernel].reference(c.params, [x])
    y, count = harness("cortex-m4").run(step, [x], truth, in_place=in_place)
    np.testing.assert_array_equal(y, truth)
    assert count <= instructions
    assert abs(found.instructions - count) < 0.07 * count


def test_without_room_or_for_small_layers_other_variants_are_taken() -> None:
    assert select(layer(32, 16, 16, 9600), "dsp").variant.name == "conv_2d_winograd_int8_dsp"
    assert select(layer(32, 16, 16, 1280), "dsp").variant.name == "conv_2d_pairs_dsp"
    assert select(layer(4, 8, 8, 1 << 20), "dsp").variant.name == "conv_2d_pairs_dsp"


@pytest.mark.parametrize(
    ("level", "used", "arena_bytes"), [("size", 0, 36112), ("balanced", 3, 39723), ("speed", 1, 50816)]
)
def test_room_does_not_enlarge_the_arena_beyond_its_level(level: str, used: int, arena_bytes: int) -> None:
    graph = optimize(tflite.read((ROOT / "models" / "mlperf" / "ic.tflite").read_bytes(), "ic"))
    program = compile_graph(graph, "dsp", level)
    names = [variant.name for step in program.steps for variant in step.variants]
    assert sum("winograd_int8" in name for name in names) == used
    assert plan(program).placement.total <= arena_bytes
