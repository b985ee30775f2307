"""Programs in their memory plans: nothing is overwritten that is still needed, whatever shares its memory."""

import itertools
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compiler.bands import Fused
from gen.compiler.kernels.select import select
from gen.compiler.program import Program, compile_graph, plan
from gen.model import reference, tflite
from gen.model.graph import Graph
from gen.model.ops import KERNELS, lower
from gen.model.ops.binary import ROWS
from tests import tiny
from tests.arena import outputs_in_arena

SETTINGS = settings(derandomize=True, deadline=None, max_examples=100)
SAME = {"padding": 0, "strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1}


class Drawing:
    """A graph of CONV_2D, ADD, RESHAPE there and back, and CONCATENATION along the height, made step by step. Tensor 3
    is the input, an image; tall: two images below each other."""

    def __init__(self, height: int = 24, channels: int = 8) -> None:
        rng = np.random.default_rng(height)
        self.image, self.tall = (1, height, 4, channels), (1, 2 * height, 4, channels)
        self.flat = (1, height * 4 * channels)
        weights = rng.integers(-128, 128, (channels, 3, 3, channels))
        self.tensors = [
            tiny.T(weights.shape, scale=0.005, data=weights),
            tiny.T((2,), "int32", data=self.flat),
            tiny.T((4,), "int32", data=self.image),
            tiny.T(self.image, scale=0.05, zero_point=-3),
        ]
        self.ops: list[tiny.O] = []

    def convolution(self, x: int, stride: int = 1) -> int:
        return self._new("CONV_2D", [x, 0, -1], self.image, {**SAME, "strideH": stride}, "Conv2DOptions")

    def add(self, x1: int, x2: int) -> int:
        return self._new("ADD", [x1, x2], self.image, {}, "AddOptions")

    def flattened(self, x: int) -> int:
        return self._new("RESHAPE", [x, 1], self.flat)

    def as_image(self, x: int) -> int:
        return self._new("RESHAPE", [x, 2], self.image)

    def below(self, x1: int, x2: int) -> int:
        return self._new("CONCATENATION", [x1, x2], self.tall, {"axis": 1}, "ConcatenationOptions")

    def graph(self, *outputs: int) -> Graph:
        return tflite.read(tiny.model(self.tensors, self.ops, [3], outputs), "drawing")

    def _new(
        self,
        kind: str,
        x: list[int],
        shape: tuple[int, ...],
        options: Mapping[str, int] | None = None,
        table: str | None = None,
    ) -> int:
        self.tensors.append(tiny.T(shape, scale=0.05, zero_point=-3))
        self.ops.append(tiny.O(kind, x, [len(self.tensors) - 1], options, table))
        return len(self.tensors) - 1


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A few operators, each on the last image, or the one before, and any other; what nobody reads is an output."""
    drawing = Drawing(draw(st.sampled_from([8, 21, 32])), draw(st.sampled_from([3, 8])))
    images = [3, drawing.convolution(3)]
    for kind in draw(
        st.lists(st.sampled_from(["convolution", "add", "add", "flattened", "below", "taller"]), max_size=6)
    ):
        last, other = draw(st.sampled_from(images[-2:])), draw(st.sampled_from(images))
        if kind == "convolution":
            images.append(drawing.convolution(last))
        elif kind == "add":
            images.append(drawing.add(*draw(st.permutations([images[-1], other]))))
        elif kind == "flattened":
            images.append(drawing.as_image(drawing.flattened(last)))
        elif kind == "below":
            drawing.below(last, other)
        else:
            images.append(drawing.convolution(drawing.below(last, other), stride=2))
    read = {i for op in drawing.ops for i in op.inputs}
    made = [op.outputs[0] for op in drawing.ops]
    shown = draw(st.sets(st.sampled_from(made), max_size=1))
    return drawing.graph(*sorted(shown | {i for i in made if i not in read}))


def compiled(graph: Graph) -> list[type]:
    """The kinds of the program's steps; its outputs are the reference's, bytes for bytes."""
    program = compile_graph(graph, "portable", "balanced")
    inputs = reference.random_inputs(graph, 2, 1)
    for found, right in zip(outputs_in_arena(program, inputs), reference.outputs(graph, inputs), strict=True):
        assert found.tobytes() == right.tobytes()
    return [type(step) for step in program.steps]


@SETTINGS
@given(graphs())
def test_outputs_are_right_whatever_shares_memory(graph: Graph) -> None:
    compiled(graph)


BINARY = {row.name: row for row in ROWS if row.x == "int8"}
IN_PLACE = [kernel.name for kernel in KERNELS.values() if kernel.in_place and kernel.name in BINARY]


@pytest.mark.parametrize("kind", IN_PLACE)
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("shape", list(itertools.product((1, 3), (1, 4), (1, 5), (1, 6))), ids=str)
def test_nothing_is_overwritten_that_is_read_again(kind: str, turned: bool, shape: tuple[int, ...]) -> None:
    """Every broadcast of one operand against a whole one, by each kernel that may work in place, both operands dead."""
    whole, scale = (3, 4, 5, 6), 0.05
    table = BINARY[kind].options_table
    tensors = [tiny.T(each, scale=scale) for each in (whole, shape, whole, shape, whole)]
    tensors[4] = tiny.T(whole, BINARY[kind].y, scale)
    operands = (3, 2) if turned else (2, 3)
    ops = [tiny.O("RELU", (0,), (2,)), tiny.O("RELU", (1,), (3,)), tiny.O(kind.upper(), operands, (4,), {}, table)]
    compiled(tflite.read(tiny.model(tensors, ops, (0, 1), (4,)), "m"))


def test_a_convolution_is_computed_in_bands() -> None:
    drawing = Drawing()
    branch = drawing.convolution(drawing.convolution(3))
    assert Fused in compiled(drawing.graph(drawing.add(3, branch)))


@pytest.mark.parametrize("view_is_output", [True, False])
def test_not_where_a_view_of_it_is_used(view_is_output: bool) -> None:
    drawing = Drawing()
    branch = drawing.convolution(drawing.convolution(3))
    view = drawing.flattened(branch)
    total = drawing.add(3, branch)
    outputs = [total, view] if view_is_output else [drawing.convolution(drawing.add(total, drawing.as_image(view)))]
    assert Fused not in compiled(drawing.graph(*outputs))


def test_not_where_it_lies_in_a_concatenation() -> None:
    drawing = Drawing()
    branch = drawing.convolution(drawing.convolution(3))
    both = drawing.below(branch, drawing.convolution(drawing.add(3, branch)))
    assert Fused not in compiled(drawing.graph(both))


def test_not_where_its_input_is_the_other_operand_by_another_name() -> None:
    drawing = Drawing(height=64)
    middle = drawing.convolution(3)
    branch = drawing.convolution(drawing.as_image(drawing.flattened(middle)))
    assert Fused not in compiled(drawing.graph(drawing.add(middle, branch)))


def adds(first: tuple[int, ...], second: tuple[int, ...]) -> Graph:
    """An ADD of two sums, so that both operands are dead after it."""
    shape = tuple(np.broadcast_shapes(first, second))
    tensors = [tiny.T(each, scale=0.05, zero_point=4) for each in (first, second, first, second, shape)]
    ops = [tiny.O("ADD", pair, [y], {}, "AddOptions") for pair, y in (([0, 0], 2), ([1, 1], 3), ([2, 3], 4))]
    return tflite.read(tiny.model(tensors, ops, [0, 1], [4]), "sums")


@pytest.mark.parametrize("first", [(1, 1, 1, 8), (1, 4, 4, 1), (1, 4, 4, 8)])
def test_a_broadcast_operand_is_not_overwritten(first: tuple[int, ...]) -> None:
    graph = adds(first, (1, 4, 4, 8))
    compiled(graph)
    memory = plan(compile_graph(graph, "portable", "balanced"))
    assert (memory.tensors[2] == memory.tensors[4]) == (first == (1, 4, 4, 8))


def test_an_operand_within_the_other_is_not_overwritten() -> None:
    """The ADD of a concatenation and of one of its parts, which lies in it."""
    shapes = [(1, 2, 16)] * 2 + [(1, 1, 16)] * 2
    tensors = [tiny.T((1, 1, 16), scale=0.05), *(tiny.T(s, scale=0.05) for s in shapes)]
    ops = [
        tiny.O("ADD", [0, 0], [3], {}, "AddOptions"),
        tiny.O("ADD", [0, 3], [4], {}, "AddOptions"),
        tiny.O("CONCATENATION", [3, 4], [1], {"axis": 1}, "ConcatenationOptions"),
        tiny.O("ADD", [1, 3], [2], {}, "AddOptions"),
    ]
    compiled(tflite.read(tiny.model(tensors, ops, [0], [2]), "part"))


def pointwise(channels: tuple[int, ...], residual: bool) -> Graph:
    """1x1 convolutions one after another, 8 x 8 windows; residual: the input is used again in the end."""
    rng = np.random.default_rng(0)
    tensors = [tiny.T((1, 8, 8, c), scale=0.05, zero_point=-3) for c in channels]
    ops = []
    for x, (in_c, out_c) in enumerate(pairwise(channels)):
        weights = rng.integers(-128, 128, (out_c, 1, 1, in_c))
        tensors.append(tiny.T(weights.shape, scale=0.005, data=weights))
        ops.append(tiny.O("CONV_2D", [x, len(tensors) - 1, -1], [x + 1], SAME, "Conv2DOptions"))
    return tflite.read(tiny.model(tensors, ops, [0], [len(channels) - 1, *[0] * residual]), "pointwise")


@pytest.mark.parametrize(
    ("channels", "residual", "in_place"),
    [
        ((32, 32), False, [True]),
        ((32, 32), True, [False]),  # the input is an output too
        ((64, 32, 32), False, [True, False]),  # 64 channels and none beside, or 32 and 32
        ((64, 60, 32, 32, 32), False, [True, True, False, False]),
        ((32, 128, 32), False, [False, False]),  # the larger one is input or output
    ],
)
def test_in_place_where_the_arena_is_smaller(channels: tuple[int, ...], residual: bool, in_place: list[bool]) -> None:
    """Elsewhere the output has memory of its own, for which Cortex-M55's kernel takes fewer instructions."""
    graph = pointwise(channels, residual)
    program = compile_graph(graph, "mve", "balanced")
    assert [step.variant.name == "conv_2d_in_place_mve" for step in program.steps] == in_place
    best = Program(graph, tuple(select(lower(graph, op), "mve") for op in graph.ops), {})
    assert plan(program).placement.total <= plan(best).placement.total
