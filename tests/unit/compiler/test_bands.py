"""Convolutions in bands: the same bytes, less memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compiler.bands import ROWS, Fused
from gen.compiler.kernels.select import select
from gen.compiler.program import Program, compile_graph, plan
from gen.model import reference, tflite
from gen.model.graph import Graph
from gen.model.ops import lower
from tests import tiny
from tests.arena import outputs_in_arena

SETTINGS = settings(derandomize=True, deadline=None, max_examples=60)
sizes = st.integers(1, 6)


@st.composite
def residual_blocks(draw: st.DrawFn) -> Graph:
    """An input, a branch through one or two convolutions, an ADD of both in either order; the sum may be read twice."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    height, width, channels, wide = draw(st.integers(4, 36)), draw(sizes), draw(sizes), draw(sizes)
    kernel, dilation = draw(st.sampled_from([1, 3, 5])), draw(st.sampled_from([1, 2]))
    options = {"padding": 0, "strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": dilation}
    first, second = (rng.integers(-128, 128, s) for s in ((wide, 1, 1, channels), (channels, kernel, kernel, wide)))
    tensors = [
        tiny.T((1, height, width, channels), scale=0.05, zero_point=int(rng.integers(-128, 128))),
        tiny.T(first.shape, scale=0.01, data=first),
        tiny.T((1, height, width, wide), scale=0.07, zero_point=int(rng.integers(-128, 128))),
        tiny.T(second.shape, scale=[0.01] * channels, data=second),
        tiny.T((channels,), "int32", scale=0.0007, data=rng.integers(-999, 999, channels)),
        tiny.T((1, height, width, channels), scale=0.06, zero_point=int(rng.integers(-128, 128))),
        tiny.T((1, height, width, channels), scale=0.09, zero_point=int(rng.integers(-128, 128))),
        tiny.T((1, 2), "int32", data=[[1, height * width * channels]]),
    ]
    operands = draw(st.sampled_from([[0, 5], [5, 0]]))
    ops = [
        tiny.O("CONV_2D", [0, 1, -1], [2], {**options, "fusedActivationFunction": 1}, "Conv2DOptions"),
        tiny.O("CONV_2D", [2, 3, 4], [5], options, "Conv2DOptions"),
        tiny.O("ADD", operands, [6], {"fusedActivationFunction": draw(st.sampled_from([0, 1]))}, "AddOptions"),
    ]
    outputs = draw(st.sampled_from([[6], [6, 0], [6, 5]]))
    return tflite.read(tiny.model(tensors, ops, [0], outputs), "block")


@SETTINGS
@given(residual_blocks())
def test_bands_give_the_same_bytes_in_less_memory(graph: Graph) -> None:
    program = compile_graph(graph, "portable", "balanced")
    inputs = reference.random_inputs(graph, 2, 1)
    for found, right in zip(outputs_in_arena(program, inputs), reference.outputs(graph, inputs), strict=True):
        assert found.tobytes() == right.tobytes()
    fused = [step for step in program.steps if isinstance(step, Fused)]
    size = graph.tensors[0].size_bytes
    height = graph.tensors[0].shape[1]
    if fused:
        assert len(fused[0].bands) > 1
        whole = Program(graph, tuple(select(lower(graph, op), "portable") for op in graph.ops), {})
        assert plan(program).placement.total < plan(whole).placement.total
    else:  # what the graph hands out must be there as a whole; small ones would not get smaller
        assert 5 in graph.outputs or height <= min(ROWS) or size <= 256 or 0 in graph.outputs


@st.composite
def separable_blocks(draw: st.DrawFn) -> Graph:
    """A convolution and a depthwise one after it, of any kernel, stride and padding; both may be padded."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    height, width, channels, wide = draw(st.integers(9, 48)), draw(st.integers(5, 8)), draw(sizes), draw(sizes)
    first, second = draw(st.sampled_from([1, 3])), draw(st.sampled_from([1, 3, 5]))
    stride, padding = draw(st.integers(1, 3)), draw(st.sampled_from([0, 1]))
    out = [-(-size // stride) if padding == 0 else (size - second) // stride + 1 for size in (height, width)]
    filters = [rng.integers(-128, 128, shape) for shape in ((wide, first, first, channels), (1, second, second, wide))]
    tensors = [
        tiny.T((1, height, width, channels), scale=0.05, zero_point=int(rng.integers(-128, 128))),
        tiny.T(filters[0].shape, scale=0.01, data=filters[0]),
        tiny.T((1, height, width, wide), scale=0.07, zero_point=int(rng.integers(-128, 128))),
        tiny.T(filters[1].shape, scale=[0.01] * wide, axis=3, data=filters[1]),
        tiny.T((1, *out, wide), scale=0.06, zero_point=int(rng.integers(-128, 128))),
    ]
    plain = {"padding": 0, "strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1}
    strided = {**plain, "padding": padding, "strideW": stride, "strideH": stride, "depthMultiplier": 1}
    ops = [
        tiny.O("CONV_2D", [0, 1, -1], [2], {**plain, "fusedActivationFunction": 1}, "Conv2DOptions"),
        tiny.O("DEPTHWISE_CONV_2D", [2, 3, -1], [4], strided, "DepthwiseConv2DOptions"),
    ]
    return tflite.read(tiny.model(tensors, ops, [0], draw(st.sampled_from([[4], [4], [4, 2]]))), "separable")


@SETTINGS
@given(separable_blocks())
def test_a_depthwise_convolution_takes_bands_with_the_rows_between_them(graph: Graph) -> None:
    program = compile_graph(graph, "portable", "balanced")
    inputs = reference.random_inputs(graph, 2, 1)
    for found, right in zip(outputs_in_arena(program, inputs), reference.outputs(graph, inputs), strict=True):
        assert found.tobytes() == right.tobytes()
    whole = Program(graph, tuple(select(lower(graph, op), "portable") for op in graph.ops), {})
    if isinstance(program.steps[0], Fused):
        assert len(program.steps[0].bands) > 1
        assert plan(program).placement.total < plan(whole).placement.total
    else:  # what the graph hands out must be there as a whole; a band and the rows around it may be all rows there are
        assert 2 in graph.outputs or plan(program).placement.total == plan(whole).placement.total


def test_a_residual_block_needs_two_activations_and_a_band() -> None:
    """Without bands three are alive at once."""
    graph = block(32, 32, 16)
    [fused] = [step for step in compile_graph(graph, "dsp", "balanced").steps if isinstance(step, Fused)]
    assert fused.variant.in_place
    activation = 32 * 32 * 16
    total = plan(compile_graph(graph, "dsp", "balanced")).placement.total
    assert 2 * activation < total < 2 * activation + 6000


@pytest.mark.parametrize("isa", ["armv7m", "dsp", "mve", "riscv", "xtensa"])
def test_bands_share_their_constants(isa: str) -> None:
    """A band of 16 rows of 10 and the last one of 4 rows would be walked along different sides on Cortex-M55."""
    [fused] = [step for step in compile_graph(block(20, 10, 16), isa, "balanced").steps if isinstance(step, Fused)]
    arrays = [field.name for field in fused.convolution.struct.fields if field.pointer]
    for name in arrays:
        assert len({np.asarray(band.convolution[name]).tobytes() for band in fused.bands}) == 1


def block(height: int, width: int, channels: int) -> Graph:
    rng = np.random.default_rng(3)
    shape = (1, height, width, channels)
    options = {"padding": 0, "strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1}
    filters = [rng.integers(-128, 128, (channels, 3, 3, channels)) for _ in range(2)]
    tensors = [
        tiny.T(shape, scale=0.05, zero_point=-128),
        tiny.T(filters[0].shape, scale=0.01, data=filters[0]),
        tiny.T(shape, scale=0.5, zero_point=-128),
        tiny.T(filters[1].shape, scale=0.01, data=filters[1]),
        tiny.T(shape, scale=3.0),
        tiny.T(shape, scale=3.0),
    ]
    relu = {**options, "fusedActivationFunction": 1}
    ops = [
        tiny.O("CONV_2D", [0, 1, -1], [2], relu, "Conv2DOptions"),
        tiny.O("CONV_2D", [2, 3, -1], [4], options, "Conv2DOptions"),
        tiny.O("ADD", [0, 4], [5], {}, "AddOptions"),
    ]
    return tflite.read(tiny.model(tensors, ops, [0], [5]), "block")
