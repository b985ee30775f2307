from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from gen.errors import ModelError
from gen.model.graph import Graph, Op, QuantParams, Tensor, verify

QUANT = QuantParams((0.5,), (3,))


def tensor(index: int, shape: tuple[int, ...] = (1, 4), dtype: str = "int8") -> Tensor:
    return Tensor(index, f"t{index}", shape, dtype, QUANT)


def chain() -> Graph:
    """t0 -> RELU -> t1 -> ADD with the constant t2 -> t3"""
    constant = replace(tensor(2), data=np.zeros((1, 4), np.int8))
    ops = (Op(0, "relu", (0,), (1,), {}), Op(1, "add", (1, 2), (3,), {}))
    return Graph("chain", "0" * 64, (tensor(0), tensor(1), constant, tensor(3)), ops, (0,), (3,))


def test_a_whole_graph_verifies() -> None:
    graph = chain()
    verify(graph)
    assert [t.index for t in graph.activations] == [0, 1, 3]
    assert graph.input(graph.ops[1], 1).index == 2
    assert graph.optional_input(graph.ops[1], 2) is None
    assert graph.output(graph.ops[1]).index == 3
    with pytest.raises(FrozenInstanceError):
        graph.name = "other"  # type: ignore[misc]


def test_sizes_and_scales() -> None:
    t = tensor(0, (2, 3, 4), "int16")
    assert (t.elements, t.size_bytes, t.scale, t.zero_point) == (24, 48, 0.5, 3)
    assert tensor(0, ()).elements == 1
    for quant in (None, QuantParams((0.5, 0.25), (0, 0))):
        with pytest.raises(ModelError, match=r"tensor 't0' needs one scale and zero point and has (none|2): quantize"):
            _ = replace(t, quant=quant).scale


def test_missing_inputs_are_named() -> None:
    graph = chain()
    with pytest.raises(ModelError, match=r"operator 0 \(RELU\) has no input 1"):
        graph.input(graph.ops[0], 1)


def with_ops(*ops: Op) -> Graph:
    return replace(chain(), ops=ops)


RELU, ADD = chain().ops


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (with_ops(ADD, RELU), r"operator 1 \(ADD\) reads tensor 1 before anything computes it"),
        (with_ops(RELU), "nothing computes the graph output, tensor 3"),
        (with_ops(RELU, replace(ADD, outputs=(1,))), r"operator 1 \(ADD\) writes tensor 1, which is .* written before"),
        (with_ops(RELU, replace(ADD, outputs=(2,))), r"operator 1 \(ADD\) writes tensor 2, which is constant"),
        (with_ops(replace(RELU, outputs=(0,)), ADD), r"operator 0 \(RELU\) writes tensor 0"),
        (replace(chain(), inputs=(0, 0)), "graph input 1 writes tensor 0"),
        (replace(chain(), inputs=(2,)), "graph input 0 writes tensor 2, which is constant"),
        (replace(chain(), tensors=(tensor(0, (0,)), *chain().tensors[1:])), "graph input 0 .* holds nothing"),
    ],
)
def test_broken_graphs_are_refused(graph: Graph, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        verify(graph)
