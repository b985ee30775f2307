"""bytes -> Graph: the only reader of TFLite flatbuffers.

Source: TFLite's schema, version 3. The reader of the `tflite` package checks no bounds, so whatever a damaged file
makes it raise becomes NotTflite, and what it would read without complaint is checked here. What is whole but can't be
computed is not refused here: a tensor's `obstacle` says why, and gen/model/support.py tells it with all others.
"""

import hashlib
import re
import struct
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import isfinite, prod
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tflite

from gen.errors import ModelError, NotTflite, UnsupportedOp, UsageError, brief
from gen.model.graph import DTYPES, Array, Graph, Op, QuantParams, Tensor, verify, with_rewritten
from gen.model.ops import OPS
from gen.model.rewrites import signatures, tail
from gen.model.rewrites.control import Step, unroll
from gen.model.rewrites.flatbuffer import custom_options, kind_of, read_options, text
from gen.model.rewrites.hidden import exposed
from gen.model.rewrites.inline import builtin
from gen.model.rewrites.variables import resolve

Item = TypeVar("Item")
SCHEMA_VERSION = 3
MAX_ELEMENTS = 2**28  # of one tensor; anything larger is a damaged shape, not a microcontroller's model
MAX_SCALE = 2.0**100  # of float32's 2**128: a product of two scales, or of a scale and 255, stays finite
MAX_ITEMS = 2**16  # tensors or operators of a model, likewise
MAX_NUMBERS = 2**20  # scales of all tensors together, and as many indices of all operators
MAX_RANK = 8
_TYPES = {v: k.lower() for k, v in vars(tflite.TensorType).items() if isinstance(v, int)}
_BUILTINS = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}
_ENUMS = {
    "Padding": {tflite.Padding.SAME: "same", tflite.Padding.VALID: "valid"},
    "FusedActivationFunction": {
        v: k.lower() for k, v in vars(tflite.ActivationFunctionType).items() if isinstance(v, int)
    },
}


def read_file(path: Path, signature: str | None = None) -> tuple[bytes, Graph]:
    """(file content, graph), of a file with several signatures those of one: signature, or the usual one. Raises
    UsageError when it can't be read or a signature is to be chosen, NotTflite, UnsupportedOp, ModelError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"can't read the model {path}: {error.strerror}; give the path of a .tflite file.") from None
    _require_mark(content, str(path))
    with _damage_told(str(path)):
        content, in_common = signatures.select(content, signature, str(path))
    name = path.stem if signature is None else f"{path.stem}_{signature}"
    return content, replace(read(content, name, str(path)), in_common=in_common)


def read(content: bytes, name: str, where: str = "the model") -> Graph:
    """Parse a .tflite held in memory: its first subgraph, which is what TFLM runs. where names it in errors. Raises
    NotTflite, UnsupportedOp, ModelError."""
    _require_mark(content, where)
    with _damage_told(where):
        graph = _read_graph(content, name, where)
    verify(graph)
    return graph


def _require_mark(content: bytes, where: str) -> None:
    if content[4:8] != b"TFL3":
        raise NotTflite(
            f"{where} is not a TensorFlow Lite model (no TFL3 mark in its first 8 bytes): give a .tflite file, or a "
            "float model: .keras, .h5, .onnx, .pt2 or a SavedModel's folder."
        )


@contextmanager
def _damage_told(where: str) -> Iterator[None]:
    """Whatever the package tflite raises on a damaged file becomes NotTflite."""
    try:
        yield
    except (
        struct.error,
        IndexError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        AssertionError,
        OverflowError,
        UnicodeDecodeError,
    ) as error:
        raise NotTflite(
            f"{where} is damaged or cut off ({error or type(error).__name__}): copy or convert it again."
        ) from None


def _read_graph(content: bytes, name: str, where: str) -> Graph:
    sha256 = hashlib.sha256(content).hexdigest()
    model = tflite.Model.GetRootAsModel(content, 0)
    if model.Version() != SCHEMA_VERSION:
        raise NotTflite(
            f"{where} has schema version {model.Version()}, not {SCHEMA_VERSION}: convert it with a current TensorFlow."
        )
    subgraph = model.Subgraphs(0) if model.SubgraphsLength() else None
    if subgraph is None or not (subgraph.OperatorsLength() and subgraph.InputsLength() and subgraph.OutputsLength()):
        raise NotTflite(
            f"{where} has no operators, no inputs or no outputs: there is nothing to run, convert it again."
        )
    if max(subgraph.TensorsLength(), subgraph.OperatorsLength(), model.BuffersLength()) > MAX_ITEMS:
        raise ValueError(f"{subgraph.TensorsLength()} tensors, {subgraph.OperatorsLength()} operators")
    if max(model.SubgraphsLength(), model.MetadataLength()) > MAX_ITEMS:
        raise ValueError(f"{model.SubgraphsLength()} subgraphs, {model.MetadataLength()} metadata")
    cut = tail.whole(content)
    unrolled = unroll(cut.content, cut.numbers)
    resolved = resolve(unrolled.content, unrolled.numbers_called)
    model = tflite.Model.GetRootAsModel(exposed(resolved.content), 0)
    subgraph = model.Subgraphs(0)
    if model.BuffersLength() and model.Buffers(0).DataLength():
        raise ValueError("buffer 0, which stands for none, has data")  # to TFLM they are every activation's
    tensors = _within(
        (_read_tensor(model, subgraph.Tensors(i), i) for i in range(subgraph.TensorsLength())),
        lambda tensor: len(tensor.quant.scale) if tensor.quant else 0,
    )
    ops = _within(
        (_read_op(model, subgraph.Operators(i), unrolled.steps[n]) for i, n in enumerate(resolved.numbers)),
        lambda op: len(op.inputs) + len(op.outputs),
    )
    inputs, outputs = _indices(subgraph.InputsAsNumpy()), _indices(subgraph.OutputsAsNumpy())
    for index in (*inputs, *outputs, *(i for op in ops for i in op.outputs)):
        _at(index, len(tensors), "tensor")
    for index in (i for op in ops for i in op.inputs if i != -1):  # -1: an optional input that is absent
        _at(index, len(tensors), "tensor")
    for index in inputs:
        _require_fixed(subgraph.Tensors(index), tensors[index])
    if cut.sentence is not None:
        tensors = _without_constants_of_tail(tensors, {*outputs, *(i for op in ops for i in op.inputs)})
    others = signatures.others(tflite.Model.GetRootAsModel(content, 0))
    return Graph(identifier(name), sha256, with_rewritten(tensors, ops), ops, inputs, outputs, others, cut.sentence)


def _without_constants_of_tail(tensors: Iterable[Tensor], used: Container[int]) -> tuple[Tensor, ...]:
    """What nothing uses any more is no weight of the model that is built."""
    return tuple(t if t.index in used else replace(t, data=None) for t in tensors)


def _within(items: Iterable[Item], numbers: Callable[[Item], int]) -> tuple[Item, ...]:
    """All items. Raises ValueError where they have more than MAX_NUMBERS: thousands can share a small file's vector."""
    found, total = [], 0
    for item in items:
        found.append(item)
        total += numbers(item)
        if total > MAX_NUMBERS:
            raise ValueError(f"more than {MAX_NUMBERS} scales or indices")
    return tuple(found)


def identifier(name: str) -> str:
    """A name that is a C identifier, a file name and at most 31 bytes: "my model-2" -> "my_model_2"."""
    safe = re.sub(r"\W", "_", name, flags=re.ASCII)[:31]
    return safe if safe and not safe[0].isdigit() else f"m_{safe}"[:31]


def _at(index: int, length: int, what: str) -> int:
    if not 0 <= index < length:
        raise IndexError(f"{what} {index} of {length}")
    return index


def _require_fixed(table: Any, tensor: Tensor) -> None:
    """Raise UnsupportedOp on an input with an unknown size. The batch may be -1 in shape_signature, as the converter
    always writes it: the shape holds 1 there, which is what a device runs. It holds 1 for any other -1 too."""
    signature = _indices(table.ShapeSignatureAsNumpy())
    if any(size < 0 for size in signature[1:]):
        raise UnsupportedOp(
            f"input {tensor.name!r} has a size that is known at run time only (shape {brief(signature)}): "
            "give the model a fixed input shape before converting it."
        )


def _indices(array: Any) -> tuple[int, ...]:
    return () if isinstance(array, int) else tuple(int(i) for i in array)


def _read_tensor(model: Any, table: Any, index: int) -> Tensor:
    name = text(table.Name())
    dtype = _TYPES.get(table.Type(), f"type {table.Type()}")
    if table.ShapeLength() > MAX_RANK:
        raise ValueError(f"tensor {index} has {table.ShapeLength()} dimensions")
    shape = _indices(table.ShapeAsNumpy())
    if min(shape, default=1) < 0 or prod(shape) > MAX_ELEMENTS:
        raise ValueError(f"tensor {index} has shape {shape}")
    obstacle = None
    if dtype not in DTYPES:
        obstacle = f"is {dtype}, which is not supported: convert the model fully to int8"
    if table.Sparsity() is not None:
        obstacle = "is stored sparse: convert the model without sparsity, its values stay"
    data = None
    buffer = model.Buffers(_at(table.Buffer(), model.BuffersLength(), "buffer"))
    if table.Buffer() > 0 and buffer.DataLength() > 0:
        raw = buffer.DataAsNumpy()
        if obstacle is not None:
            data = raw  # so that it is known to be a constant
        elif raw.nbytes != prod(shape) * DTYPES[dtype].itemsize:
            raise ValueError(f"constant {index} has {raw.nbytes} bytes for shape {shape}")
        else:
            data = raw.view(DTYPES[dtype]).reshape(shape)
    quant = _read_quant(table.Quantization(), name)
    if not table.IsVariable():
        return Tensor(index, name, shape, dtype, quant, data, obstacle=obstacle)
    return Tensor(index, name, shape, dtype, quant, None, _initial(shape, dtype, quant, data), obstacle)


def _initial(shape: tuple[int, ...], dtype: str, quant: QuantParams | None, data: Array | None) -> Array:
    """What a variable holds after a reset: its buffer's data, which TFLM has for resource variables only, or zeros, of
    int8 its zero point."""
    fill = quant.zero_point[0] if quant is not None and dtype == "int8" else 0
    return np.full(shape, fill, DTYPES.get(dtype, np.int8)) if data is None else data


def _read_quant(table: Any, name: str) -> QuantParams | None:
    """None without scales, or without zero points: TFLM takes the one without the other for neither. The axis is read
    and not checked: nothing of TFLM looks at it, and converters leave any number there where a tensor has one
    dimension."""
    if table is None or table.ScaleLength() == 0 or table.ZeroPointLength() == 0:
        return None
    scale = tuple(float(s) for s in table.ScaleAsNumpy())
    zero_point = _indices(table.ZeroPointAsNumpy())
    if len(zero_point) != len(scale) or not all(0 < s <= MAX_SCALE for s in scale):
        raise ModelError(
            f"tensor {name!r} has quantization scales that are zero, beyond {MAX_SCALE:.0e}, no numbers or unmatched "
            "by zero points: convert the model again."
        )
    return QuantParams(scale, zero_point, table.QuantizedDimension())


def _read_op(model: Any, table: Any, step: Step) -> Op:
    """step: what it is in the file as it came."""
    index = step.index
    code = model.OperatorCodes(_at(table.OpcodeIndex(), model.OperatorCodesLength(), "operator code"))
    number = builtin(code)
    kind = _BUILTINS.get(number, f"builtin {number}").lower()
    if number == tflite.BuiltinOperator.CUSTOM:
        kind = kind_of(text(code.CustomCode()))
    operator = OPS.get(kind)
    options: dict[str, Any] = dict(operator.options) if operator else {}
    union = table.BuiltinOptions()
    if operator is not None and operator.options_table is not None and union is not None and step.role is None:
        if table.BuiltinOptionsType() != getattr(tflite.BuiltinOptions, operator.options_table):
            raise ValueError(f"operator {index} has options of type {table.BuiltinOptionsType()}")
        attributes = getattr(tflite, operator.options_table)()
        attributes.Init(union.Bytes, union.Pos)
        for key in options:
            value = getattr(attributes, key)()
            if isinstance(value, float) and not isfinite(value):
                raise ValueError(f"operator {index} has {key} {value}")
            options[key] = _ENUMS[key][value] if key in _ENUMS else value
    if operator is not None and number == tflite.BuiltinOperator.CUSTOM:
        options = dict(read_options(custom_options(table), operator.options))
    has_options = union is not None
    inputs, outputs = _indices(table.InputsAsNumpy()), _indices(table.OutputsAsNumpy())
    return Op(index, kind, inputs, outputs, options, has_options, step.role, step.place)
