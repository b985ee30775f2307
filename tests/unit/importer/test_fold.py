"""Transpositions before flattened weights and means: folded without a byte of difference, or left alone."""

import numpy as np
import pytest

from gen.importer.fold import fold_transposes
from gen.model import reference, tflite
from gen.model.graph import Graph
from tests import tiny


def kinds(graph: Graph) -> list[str]:
    return [op.kind for op in graph.ops]


def _dense(order: tuple[int, ...]) -> bytes:
    shape = (1, 2, 3, 4)
    moved = tuple(shape[axis] for axis in order)
    rng = np.random.default_rng(4)
    tensors = [
        tiny.T(shape, scale=0.1), tiny.T((4,), "int32", data=np.array(order)), tiny.T(moved, scale=0.1),
        tiny.T((2,), "int32", data=np.array([1, 24])), tiny.T((1, 24), scale=0.1),
        tiny.T((5, 24), scale=0.02, data=rng.integers(-127, 128, (5, 24))),
        tiny.T((5,), "int32", scale=0.002, data=rng.integers(-999, 999, 5)), tiny.T((1, 5), scale=0.5),
    ]  # fmt: skip
    ops = [
        tiny.O("TRANSPOSE", [0, 1], [2], {}, "TransposeOptions"),
        tiny.O("RESHAPE", [2, 3], [4], {}, "ReshapeOptions"),
        tiny.O("FULLY_CONNECTED", [4, 5, 6], [7], {}, "FullyConnectedOptions"),
    ]
    return tiny.model(tensors, ops, [0], [7])


def _mean(axes: tuple[int, ...], result: tuple[int, ...], *, keep: bool = False) -> bytes:
    tensors = [
        tiny.T((1, 3, 5, 4), scale=0.1), tiny.T((4,), "int32", data=np.array([0, 3, 1, 2])),
        tiny.T((1, 4, 3, 5), scale=0.1), tiny.T((len(axes),), "int32", data=np.array(axes)), tiny.T(result, scale=0.05),
    ]  # fmt: skip
    ops = [
        tiny.O("TRANSPOSE", [0, 1], [2], {}, "TransposeOptions"),
        tiny.O("MEAN", [2, 3], [4], {"keepDims": keep}, "ReducerOptions"),
    ]
    return tiny.model(tensors, ops, [0], [4])


@pytest.mark.parametrize("content", [_dense((0, 3, 1, 2)), _dense((0, 2, 3, 1)), _mean((2, 3), (1, 4)),
                                     _mean((-2, -1), (1, 4))])  # fmt: skip
def test_a_folded_transposition_changes_no_byte(content: bytes) -> None:
    folded = fold_transposes(content)
    before, after = tflite.read(content, "m"), tflite.read(folded, "m")
    assert kinds(after) == kinds(before)[1:] and len(after.tensors) == len(before.tensors) - 2
    assert fold_transposes(folded) == folded
    for seed in range(20):
        inputs = reference.random_inputs(after, seed, 1)
        wanted, found = tiny.tflm(content, inputs), tiny.tflm(folded, inputs)
        assert np.array_equal(wanted[0], found[0]) and np.array_equal(wanted[0], reference.outputs(after, inputs)[0])


@pytest.mark.parametrize("content", [_mean((2, 3), (1, 4, 1, 1), keep=True), _mean((2,), (1, 4, 5))])
def test_transpositions_that_change_the_order_of_outputs_stay(content: bytes) -> None:
    assert fold_transposes(content) == content
