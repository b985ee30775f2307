"""Multiplying and adding constants, channel by channel, as a depthwise 1x1 convolution of a float .tflite.

What is left of a batch normalization that no convolution takes up (after an activation, a pooling, an ADD, at the
input), of Rescaling and Normalization layers, is MUL, ADD, SUB and DIV by constants. A chain of them is one operator
that every engine has: y = scale * x + offset for each channel, which is the last axis."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from gen.importer.fold import drop_unused_tensors
from gen.model.graph import Array

ACTIVATIONS = (0, 1, 3)  # NONE, RELU, RELU6: those that a depthwise convolution may end in
SUFFIX = b"/as_depthwise"  # of the names of what is added


@dataclass(frozen=True, eq=False)
class _Step:
    """One operator as y = scale * x + offset."""

    op: Any
    kind: str
    x: int  # a tensor's index: its input that is not a constant
    scale: Array
    offset: Array


def affine_to_depthwise(content: bytes) -> bytes:
    """A float .tflite, of one subgraph, with each such chain a DEPTHWISE_CONV_2D; the same bytes where there is none.
    A chain of ADD alone stays, since int8 has it."""
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    if len(model.subgraphs) != 1:
        return content
    chains = [chain for chain in _chains(model) if any(step.kind != "ADD" for step in chain)]
    for chain in chains:
        _replace(model, chain)
    if chains:
        drop_unused_tensors(model)
        _drop_unused_codes(model)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model)) if chains else content


def _chains(model: Any) -> Iterator[list[_Step]]:
    """The longest chains, each operator the only reader of what the one before it gives."""
    graph = model.subgraphs[0]
    steps = {id(op): step for op in graph.operators if (step := _step(model, op)) is not None}
    taken: set[int] = set()
    for op in graph.operators:
        if id(op) not in steps or id(op) in taken:
            continue
        chain = [steps[id(op)]]
        while (following := _only_reader(graph, chain[-1].op)) is not None and id(following) in steps:
            if _activation(chain[-1].op) != 0:
                break
            chain.append(steps[id(following)])
        taken |= {id(step.op) for step in chain}
        yield chain


def _only_reader(graph: Any, op: Any) -> Any | None:
    y = op.outputs[0]
    readers = [other for other in graph.operators if y in other.inputs]
    return readers[0] if len(readers) == 1 and y not in graph.outputs else None


def _activation(op: Any) -> int:
    return int(getattr(op.builtinOptions, "fusedActivationFunction", 0))


def _step(model: Any, op: Any) -> _Step | None:
    from tensorflow.lite.python import schema_py_generated as schema

    builtin = schema.BuiltinOperator
    code = model.operatorCodes[op.opcodeIndex]
    kinds = {builtin.MUL: "MUL", builtin.ADD: "ADD", builtin.SUB: "SUB", builtin.DIV: "DIV"}
    kind = kinds.get(max(code.builtinCode, code.deprecatedBuiltinCode))
    if kind is None or _activation(op) not in ACTIVATIONS:
        return None
    graph = model.subgraphs[0]
    tensors = [graph.tensors[i] for i in op.inputs]
    y = graph.tensors[op.outputs[0]]
    for place in (1, 0):
        x, constant = tensors[1 - place], tensors[place]
        values = _channels(model, constant, x)
        if values is None or _data(model, x) is not None or list(x.shape) != list(y.shape):
            continue
        if not (x.type == y.type == schema.TensorType.FLOAT32 and len(x.shape) >= 2 and x.shape[0] == 1):
            continue
        found = _affine(kind, values, constant_first=place == 0)
        return None if found is None else _Step(op, kind, int(op.inputs[1 - place]), *found)
    return None


def _affine(kind: str, c: Array, *, constant_first: bool) -> tuple[Array, Array] | None:
    """scale and offset; None for a constant divided by x, or x by 0."""
    one, zero = np.ones_like(c), np.zeros_like(c)
    if kind == "MUL":
        return c, zero
    if kind == "ADD":
        return one, c
    if kind == "SUB":
        return (-one, c) if constant_first else (one, -c)
    return None if constant_first or not c.all() else (1 / c, zero)


def _data(model: Any, tensor: Any) -> Any | None:
    data = model.buffers[tensor.buffer].data
    return None if data is None or len(data) == 0 else data


def _channels(model: Any, constant: Any, x: Any) -> Array | None:
    """A constant's values for each of x's channels, float64; None for one that is no constant of float32, or has
    different values along another axis than the last."""
    data, shape = _data(model, constant), [] if constant.shape is None else list(constant.shape)
    if data is None or x.shape is None or not len(x.shape) or len(data) != 4 * prod(shape):
        return None
    channels = int(x.shape[-1])
    if prod(shape[:-1]) != 1 or (shape and shape[-1] not in (1, channels)):
        return None
    return np.broadcast_to(np.asarray(data, np.uint8).view("<f4").astype(np.float64), (channels,)).copy()


def _replace(model: Any, chain: list[_Step]) -> None:
    """Put one depthwise convolution, between RESHAPEs where x has no 4 axes, in the place of the chain."""
    graph = model.subgraphs[0]
    scale, offset = np.ones_like(chain[0].scale), np.zeros_like(chain[0].offset)
    for step in chain:
        scale, offset = scale * step.scale, offset * step.scale + step.offset
    x, y, last = chain[0].x, int(chain[-1].op.outputs[0]), chain[-1].op
    shape, name = [int(size) for size in graph.tensors[x].shape], graph.tensors[y].name
    flat = [1, 1, prod(shape[1:-1]), shape[-1]]
    weights = _add_constant(model, name + SUFFIX + b"/scale", scale.astype("<f4").reshape(1, 1, 1, -1))
    bias = _add_constant(model, name + SUFFIX + b"/offset", offset.astype("<f4"))
    if len(shape) == 4:
        added = [_depthwise(model, [x, weights, bias], y, last)]
    else:
        before, after = (_add_tensor(model, name + SUFFIX + end, flat) for end in (b"/in", b"/out"))
        added = [
            _reshape(model, x, before, flat),
            _depthwise(model, [before, weights, bias], after, last),
            _reshape(model, after, y, shape),
        ]
    place = next(number for number, op in enumerate(graph.operators) if op is last)
    graph.operators[place : place + 1] = added
    gone = {id(step.op) for step in chain}
    graph.operators = [op for op in graph.operators if id(op) not in gone]


def _drop_unused_codes(model: Any) -> None:
    """Without the operator codes that no operator has any more: the converter looks for a kernel of each."""
    operators = model.subgraphs[0].operators
    used = sorted({op.opcodeIndex for op in operators})
    model.operatorCodes = [model.operatorCodes[index] for index in used]
    for op in operators:
        op.opcodeIndex = used.index(op.opcodeIndex)


def _depthwise(model: Any, inputs: list[int], y: int, last: Any) -> Any:
    from tensorflow.lite.python import schema_py_generated as schema

    options = schema.DepthwiseConv2DOptionsT()
    options.padding = schema.Padding.VALID
    options.strideH = options.strideW = options.dilationHFactor = options.dilationWFactor = options.depthMultiplier = 1
    options.fusedActivationFunction = _activation(last)
    return _operator(model, "DEPTHWISE_CONV_2D", inputs, [y], options)


def _reshape(model: Any, x: int, y: int, shape: list[int]) -> Any:
    from tensorflow.lite.python import schema_py_generated as schema

    options = schema.ReshapeOptionsT()
    options.newShape = shape
    name = model.subgraphs[0].tensors[y].name
    wanted = _add_constant(model, name + SUFFIX + b"/shape", np.array(shape, "<i4"))
    return _operator(model, "RESHAPE", [x, wanted], [y], options)


def _operator(model: Any, name: str, inputs: list[int], outputs: list[int], options: Any) -> Any:
    from tensorflow.lite.python import schema_py_generated as schema

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, name)
    code.version = 1
    model.operatorCodes.append(code)
    op = schema.OperatorT()
    op.opcodeIndex, op.inputs, op.outputs = len(model.operatorCodes) - 1, inputs, outputs
    op.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
    op.builtinOptions = options
    return op


def _add_constant(model: Any, name: bytes, values: Array) -> int:
    from tensorflow.lite.python import schema_py_generated as schema

    index = _add_tensor(model, name, list(values.shape))
    tensor = model.subgraphs[0].tensors[index]
    model.buffers[tensor.buffer].data = np.frombuffer(values.tobytes(), np.uint8)
    if values.dtype == np.dtype("<i4"):
        tensor.type = schema.TensorType.INT32
    return index


def _add_tensor(model: Any, name: bytes, shape: list[int]) -> int:
    """A float32 tensor without data."""
    from tensorflow.lite.python import schema_py_generated as schema

    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type = name, shape, schema.TensorType.FLOAT32
    model.buffers.append(schema.BufferT())
    tensor.buffer = len(model.buffers) - 1
    graph = model.subgraphs[0]
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1
