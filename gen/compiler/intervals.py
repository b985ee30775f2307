"""Interval arithmetic over a quantized graph: what each channel of each activation can be, for every possible input."""

import numpy as np

from gen.model.graph import Graph, Tensor
from gen.model.ops import KERNELS, lower
from gen.model.ops.interval import Interval, anything


def analyze(graph: Graph) -> dict[int, Interval]:
    """The interval of every int8 tensor of the graph, by index; constants have exactly their values' range."""
    constants = (t for t in graph.tensors if t.data is not None and t.dtype == "int8" and t.shape)
    found = {t.index: _of_constant(t) for t in constants if t.obstacle is None}
    for index in graph.inputs:
        found[index] = anything(graph.tensors[index])
    for op in graph.ops:
        call = lower(graph, op)
        if call.is_control:
            continue
        rule = KERNELS[call.kernel].interval
        known = [found.get(i, anything(graph.tensors[i])) for i in call.inputs]
        for index in call.outputs:
            y = graph.tensors[index]
            found[index] = rule(call, known[0], y) if rule and not y.is_rewritten else anything(y)
    return found


def _of_constant(tensor: Tensor) -> Interval:
    assert tensor.data is not None
    flat = tensor.data.reshape(-1, tensor.shape[-1]).astype(np.int64)
    return Interval(flat.min(axis=0), flat.max(axis=0))
