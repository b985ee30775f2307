"""Tiny .tflite files made in memory, for tests: any operators, tensors and quantization parameters."""

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import flatbuffers
import numpy as np
from flatbuffers import flexbuffers
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from gen.model import upstream


@dataclass(frozen=True)
class T:
    """One tensor: data makes it a constant. scale may be a sequence (per channel, along axis)."""

    shape: Sequence[int]
    dtype: str = "int8"
    scale: float | Sequence[float] | None = None
    zero_point: int | Sequence[int] = 0
    axis: int = 0
    data: Any = None
    name: str | None = None
    variable: bool = False


@dataclass(frozen=True)
class O:  # noqa: E742
    """One operator: builtin as in the schema ("CONV_2D"), options as the schema's object API names them ("strideW"),
    inputs and outputs as indices into the tensors (-1: absent). Of a custom one its name, and options are the numbers
    of its flexbuffer."""

    builtin: str
    inputs: Sequence[int]
    outputs: Sequence[int]
    options: Mapping[str, Any] | None = None
    options_table: str | None = None  # "Conv2DOptions"
    custom: str | None = None


def model(
    tensors: Sequence[T],
    ops: Sequence[O],
    inputs: Sequence[int],
    outputs: Sequence[int],
    first_values: Mapping[str, T] | None = None,
) -> bytes:
    """The bytes of a .tflite file with one subgraph; first_values: of variables by name, that a second one assigns,
    which a CALL_ONCE of the first has to name."""
    m = schema.ModelT()
    m.version = 3
    m.description = b"tiny"
    m.buffers, m.operatorCodes = [schema.BufferT()], []
    m.subgraphs = [_subgraph(m, tensors, ops, inputs, outputs)]
    if first_values is not None:
        handles = [T((), "resource") for _ in first_values]
        setting: list[O] = []
        for number, name in enumerate(first_values):
            setting.append(handle(number, name))
            setting.append(O("ASSIGN_VARIABLE", [number, len(handles) + number], []))
        m.subgraphs.append(_subgraph(m, [*handles, *first_values.values()], setting, [], []))
    builder = flatbuffers.Builder(1024)
    builder.Finish(m.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@dataclass(frozen=True)
class Subgraph:
    """What models() makes a subgraph of."""

    tensors: Sequence[T]
    ops: Sequence[O]
    inputs: Sequence[int]
    outputs: Sequence[int]
    name: str = ""


def models(graphs: Sequence[Subgraph], signatures: Mapping[str, int] | None = None) -> bytes:
    """The bytes of a .tflite file with several subgraphs; signatures: names of some, which have tensors' names."""
    m = schema.ModelT()
    m.version = 3
    m.buffers, m.operatorCodes, m.subgraphs, m.signatureDefs = [schema.BufferT()], [], [], []
    for graph in graphs:
        m.subgraphs.append(_subgraph(m, graph.tensors, graph.ops, graph.inputs, graph.outputs))
        m.subgraphs[-1].name = graph.name.encode()
    for name, number in (signatures or {}).items():
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = name.encode(), number
        signature.inputs, signature.outputs = [], []
        m.signatureDefs.append(signature)
    builder = flatbuffers.Builder(1024)
    builder.Finish(m.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def handle(tensor: int, name: str) -> O:
    return O("VAR_HANDLE", [], [tensor], {"sharedName": name.encode()}, "VarHandleOptions")


CALL_ONCE = O("CALL_ONCE", [], [], {"initSubgraphIndex": 1}, "CallOnceOptions")


def _subgraph(m: Any, tensors: Sequence[T], ops: Sequence[O], inputs: Sequence[int], outputs: Sequence[int]) -> Any:
    g = schema.SubGraphT()
    g.tensors, g.operators, g.inputs, g.outputs = [], [], list(inputs), list(outputs)
    for i, t in enumerate(tensors):
        s = schema.TensorT()
        s.name, s.shape = (t.name or f"t{i}").encode(), list(t.shape)
        s.type = getattr(schema.TensorType, t.dtype.upper())
        s.buffer, s.isVariable = 0, t.variable
        if t.data is not None:
            b = schema.BufferT()
            b.data = np.frombuffer(np.ascontiguousarray(t.data, np.dtype(t.dtype)).tobytes(), np.uint8)
            s.buffer = len(m.buffers)
            m.buffers.append(b)
        if t.scale is not None:
            q = schema.QuantizationParametersT()
            q.scale = [float(v) for v in np.atleast_1d(t.scale)]
            q.zeroPoint = [int(v) for v in np.broadcast_to(t.zero_point, len(q.scale))]
            q.quantizedDimension = t.axis
            s.quantization = q
        g.tensors.append(s)
    for o in ops:
        number = getattr(schema.BuiltinOperator, o.builtin)
        codes = [(c.builtinCode, c.customCode) for c in m.operatorCodes]
        if (number, o.custom) not in codes:
            c = schema.OperatorCodeT()
            c.builtinCode, c.deprecatedBuiltinCode, c.version = number, min(number, 127), 1
            c.customCode = o.custom
            m.operatorCodes.append(c)
            codes.append((number, o.custom))
        p = schema.OperatorT()
        p.opcodeIndex, p.inputs, p.outputs = codes.index((number, o.custom)), list(o.inputs), list(o.outputs)
        if o.custom is not None:
            p.customOptions = np.frombuffer(flexbuffers.Dumps(dict(o.options or {})), np.uint8)
        if o.options_table is not None:
            p.builtinOptionsType = getattr(schema.BuiltinOptions, o.options_table)
            p.builtinOptions = getattr(schema, o.options_table + "T")()
            for key, value in (o.options or {}).items():
                assert hasattr(p.builtinOptions, key), key
                setattr(p.builtinOptions, key, value)
        g.operators.append(p)
    return g


@cache
def _pickled(content: bytes) -> bytes:
    """The schema's objects of a model: read from this in a tenth of the time, for those that are edited often."""
    return pickle.dumps(schema.ModelT.InitFromPackedBuf(content, 0))


def edited(content: bytes, edit: Callable[[Any], None]) -> bytes:
    """The model with edit(ModelT) applied, for what model() can't write."""
    unpacked = pickle.loads(_pickled(content))
    edit(unpacked)
    builder = flatbuffers.Builder(1024)
    builder.Finish(unpacked.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def tflm_sequence(content: bytes, steps: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """As tflm(), of one inference after the other."""
    count = schema.Model.GetRootAsModel(content, 0).Subgraphs(0).OutputsLength()
    return upstream.outputs(content, [list(inputs) for inputs in steps], count)


def tflm(content: bytes, inputs: Sequence[Any]) -> list[Any]:
    """The outputs that upstream TFLM (package tflite-micro, reference kernels) computes."""
    count = schema.Model.GetRootAsModel(content, 0).Subgraphs(0).OutputsLength()
    return upstream.outputs(content, [list(inputs)], count)[0]


def float_model() -> bytes:
    weights = np.ones((2, 4), np.float32)
    tensors = [T((1, 4), "float32"), T((2, 4), "float32", data=weights), T((1, 2), "float32")]
    op = O("FULLY_CONNECTED", [0, 1, -1], [2], {}, "FullyConnectedOptions")
    return model(tensors, [op], [0], [2])


def hybrid_model() -> bytes:
    weights = np.ones((2, 4), np.int8)
    tensors = [T((1, 4), "float32"), T((2, 4), scale=0.1, data=weights), T((1, 2), "float32")]
    op = O("FULLY_CONNECTED", [0, 1, -1], [2], {}, "FullyConnectedOptions")
    return model(tensors, [op], [0], [2])


def dense_model(inputs: int, outputs: int) -> bytes:
    weights = np.ones((outputs, inputs), np.int8)
    tensors = [T((1, inputs), scale=0.1), T((outputs, inputs), scale=0.1, data=weights),
               T((1, outputs), scale=0.1)]  # fmt: skip
    op = O("FULLY_CONNECTED", [0, 1, -1], [2], {}, "FullyConnectedOptions")
    return model(tensors, [op], [0], [2])
