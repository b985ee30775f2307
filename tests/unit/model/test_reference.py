"""The reference on many examples at once computes what it computes on each alone."""

from dataclasses import replace

import numpy as np
import pytest

from gen.importer import load
from gen.learn import task
from gen.model import reference, values
from gen.model.graph import Array, Graph, Tensor
from gen.model.values import BATCH

COUNT = BATCH + 3  # a whole batch and a part of one


def one_by_one(graph: Graph, x: Array) -> Array:
    computed = [reference.outputs(graph, values.quantize_input(graph, example[None]))[0] for example in x]
    return np.concatenate([values.dequantize_output(graph, y) for y in computed])


@pytest.mark.parametrize("name", [name for name in task.list_tasks() if task.model_path(name).exists()])
def test_every_student_s_outputs_are_the_same_bytes(name: str) -> None:
    graph = load.load_model(name).graph
    shape = graph.tensors[graph.inputs[0]].shape
    x = np.random.default_rng(7).normal(0, 1, (COUNT, *shape[1:])).astype(np.float32)
    found = values.outputs(graph, x)
    assert found.tobytes() == one_by_one(graph, x).tobytes() and len(found) == COUNT


def test_a_graph_without_a_place_for_a_batch_has_no_batched_form() -> None:
    graph = load.load_model("digits").graph
    (start,) = graph.inputs
    flat = replace(graph.tensors[start], shape=graph.tensors[start].shape[1:])
    odd = replace(graph, tensors=tuple(flat if t.index == start else t for t in graph.tensors))
    assert reference.batched(odd, 2) is None and reference.batched(graph, 2) is not None


def test_integers_without_a_scale_mean_themselves() -> None:
    """Such as samples of sound."""
    tensor, x = Tensor(0, "samples", (4,), "int16"), np.array([-40000, -3.5, 2.4, 7], np.float32)
    stored = values.quantize_tensor(tensor, x)
    assert stored.dtype == np.int16 and stored.tolist() == [-32768, -4, 2, 7]
    assert values.dequantize_tensor(tensor, stored).tolist() == [-32768, -4, 2, 7]
