"""Taking a transposition out of an int8 .tflite where the weights behind it can be put in order instead.

A model that counted its channels first flattens them in that order, so converters to channels last write TRANSPOSE,
RESHAPE, FULLY_CONNECTED. Permuting the columns of the weights once is the same as transposing at every inference. And
a mean over height and width is the same over other axes of what was not transposed."""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from gen.model.graph import Array


def fold_transposes(content: bytes) -> bytes:
    """The .tflite, of one subgraph, with every such transposition folded; the same bytes where there is none."""
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    if len(model.subgraphs) != 1:
        return content
    dense = [_fold_dense(model, *chain) for chain in list(_chains(model, "TRANSPOSE", "RESHAPE", "FULLY_CONNECTED"))]
    means = [_fold_mean(model, *chain) for chain in list(_chains(model, "TRANSPOSE", "MEAN"))]
    if not any(dense + means):
        return content
    drop_unused_tensors(model)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _chains(model: Any, *names: str) -> Iterator[list[Any]]:
    """Operators of these kinds, in this order, where each is the only one to read what the one before it computes."""
    from tensorflow.lite.python import schema_py_generated as schema

    kinds = [getattr(schema.BuiltinOperator, name) for name in names]
    graph = model.subgraphs[0]

    def is_kind(op: Any, kind: int) -> bool:
        code = model.operatorCodes[op.opcodeIndex]
        return bool(max(code.builtinCode, code.deprecatedBuiltinCode) == kind)

    for first in graph.operators:
        chain = [first] if is_kind(first, kinds[0]) else []
        while chain and len(chain) < len(names):
            y = chain[-1].outputs[0]
            readers = [op for op in graph.operators if y in op.inputs]
            follows = len(readers) == 1 and y not in graph.outputs and is_kind(readers[0], kinds[len(chain)])
            chain = [*chain, readers[0]] if follows and readers[0].inputs[0] == y else []
        if chain:
            yield chain


def _fold_dense(model: Any, transpose: Any, reshape: Any, dense: Any) -> bool:
    """Permute the weights of dense and take transpose out; False, and no change, where that is not the same."""
    graph = model.subgraphs[0]
    x, flat, weights = (graph.tensors[i] for i in (transpose.inputs[0], reshape.outputs[0], dense.inputs[1]))
    order = _constant(model, graph.tensors[transpose.inputs[1]], np.dtype("<i4"))
    kernel = _constant(model, weights, np.dtype(np.int8))
    length = prod(x.shape)
    if order is None or kernel is None or not _owns(model, weights) or order[0] != 0 or x.shape[0] != 1:
        return False
    if prod(flat.shape) != length or flat.shape[-1] != length or weights.shape[1] != length:
        return False
    moved = [x.shape[axis] for axis in order[1:]]
    back = [0, *(axis + 1 for axis in np.argsort(order[1:]))]
    ordered = np.ascontiguousarray(kernel.reshape(-1, *moved).transpose(back))
    model.buffers[weights.buffer].data = ordered.reshape(-1).view(np.uint8)
    reshape.inputs[0] = transpose.inputs[0]
    graph.operators.remove(transpose)
    return True


def _fold_mean(model: Any, transpose: Any, mean: Any) -> bool:
    """Take the mean of what is not transposed; False, and no change, where that has another order of axes."""
    graph = model.subgraphs[0]
    order = _constant(model, graph.tensors[transpose.inputs[1]], np.dtype("<i4"))
    axes = _constant(model, graph.tensors[mean.inputs[1]], np.dtype("<i4"))
    if order is None or axes is None or mean.builtinOptions.keepDims or not _owns(model, graph.tensors[mean.inputs[1]]):
        return False
    reduced = {int(axis) % len(order) for axis in axes}
    left = [int(order[axis]) for axis in range(len(order)) if axis not in reduced]
    if left != sorted(left):
        return False
    moved = np.array([order[axis] for axis in axes], "<i4")
    model.buffers[graph.tensors[mean.inputs[1]].buffer].data = moved.view(np.uint8)
    mean.inputs[0] = transpose.inputs[0]
    graph.operators.remove(transpose)
    return True


def _constant(model: Any, tensor: Any, dtype: np.dtype[Any]) -> Array | None:
    """The values of a constant, flat; None for a tensor that is none."""
    data = model.buffers[tensor.buffer].data
    if data is None or len(data) != prod(tensor.shape) * dtype.itemsize:
        return None
    return np.asarray(data, np.uint8).view(dtype)


def _owns(model: Any, tensor: Any) -> bool:
    """Whether a constant can be changed: no other tensor has its data, and no other operator reads it."""
    graph = model.subgraphs[0]
    index = next(number for number, other in enumerate(graph.tensors) if other is tensor)
    readers = sum(index in op.inputs for op in graph.operators)
    return readers == 1 and sum(other.buffer == tensor.buffer for other in graph.tensors) == 1


def drop_unused_tensors(model: Any) -> None:
    """Renumber the tensors without those that no operator reads or writes."""
    graph = model.subgraphs[0]
    ends = [*graph.inputs, *graph.outputs]
    read_or_written = {int(i) for op in graph.operators for i in (*op.inputs, *op.outputs)} | {int(i) for i in ends}
    used = sorted(read_or_written - {-1})  # -1: an optional input that is absent
    number = {-1: -1, **{old: new for new, old in enumerate(used)}}

    def renumber(indices: Any) -> list[int]:
        return [number[int(i)] for i in indices]

    graph.tensors = [graph.tensors[i] for i in used]
    graph.inputs, graph.outputs = renumber(graph.inputs), renumber(graph.outputs)
    for op in graph.operators:
        op.inputs, op.outputs = renumber(op.inputs), renumber(op.outputs)
    for signature in model.signatureDefs or ():
        for end in (*(signature.inputs or ()), *(signature.outputs or ())):
            end.tensorIndex = number[end.tensorIndex]
