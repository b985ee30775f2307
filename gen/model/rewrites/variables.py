"""Resource variables -> variable tensors: a .tflite whose state is tensors like any other.

TFLite's converter keeps state in resources: VAR_HANDLE names one, READ_VARIABLE and ASSIGN_VARIABLE take the name, and
CALL_ONCE runs a second subgraph that gives them their first values. resolve() rewrites the first subgraph so that the
name's tensor is the variable itself: of the type, shape and quantization that is assigned to it, marked as variable,
with the buffer of its first value; READ_VARIABLE reads it, ASSIGN_VARIABLE writes it, and the other operators are gone.
Nothing else changes: what is new stands at the end of the file, where a flatbuffer's forward offsets reach it. Source:
the FlatBuffers binary format; TFLite's schema, version 3; TFLM's micro_resource_variable for variables that nothing
initializes."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tflite

from gen.errors import ModelError, UnsupportedOp
from gen.model.rewrites.flatbuffer import (
    GRAPH_OPERATORS,
    GRAPH_TENSORS,
    OP_CODE,
    OP_INPUTS,
    OP_OUTPUTS,
    TENSOR_BUFFER,
    TENSOR_IS_VARIABLE,
    TENSOR_NAME,
    TENSOR_QUANTIZATION,
    TENSOR_SHAPE,
    TENSOR_TYPE,
    Fields,
    Operator,
    ints,
    keep,
    operators,
    replace,
    table,
)

QUANT_SCALE, QUANT_ZERO_POINT = 8, 10  # slots of tables, as in gen/model/rewrites/flatbuffer.py
HANDLE, READ, ASSIGN, ONCE = (
    tflite.BuiltinOperator.VAR_HANDLE,
    tflite.BuiltinOperator.READ_VARIABLE,
    tflite.BuiltinOperator.ASSIGN_VARIABLE,
    tflite.BuiltinOperator.CALL_ONCE,
)
Name = tuple[bytes, bytes]  # of a resource: its container and its own


@dataclass(frozen=True)
class _Access:
    """An operator that reads or assigns a variable; value: the tensor that it reads it into, or assigns."""

    op: Operator
    name: Name
    value: int


@dataclass(frozen=True)
class Resolved:
    """The file with variable tensors, and the numbers that its operators had before."""

    content: bytes
    numbers: tuple[int, ...]


def resolve(content: bytes, called: Collection[int] = ()) -> Resolved:
    """The model without resources; content itself where it has none. called: the numbers of operators that IF or WHILE
    call, of which a CALL_ONCE stays what it is, since it runs later. Raises UnsupportedOp, ModelError, and whatever the
    package tflite raises on a damaged file."""
    model = tflite.Model.GetRootAsModel(content, 0)
    graph = model.Subgraphs(0)
    ops = list(operators(model, graph))
    once = [op for op in ops if op.builtin == ONCE and op.number not in called]
    kept = tuple(op.number for op in ops if op.builtin != HANDLE and op not in once)
    if len(kept) == len(ops):
        return Resolved(content, kept)
    options = [_options(op, tflite.CallOnceOptions) for op in once]
    initializers = frozenset(each.InitSubgraphIndex() for each in options)
    first_values = _first_values(model, initializers)
    made = bytearray(content)
    owners: dict[Name, int] = {}
    accesses = list(_accesses(ops))
    # What is assigned to a variable says what it holds; only of one that nothing assigns, what it is read as.
    for access in sorted(accesses, key=lambda access: access.op.builtin != ASSIGN):
        if access.name not in owners:
            owners[access.name] = access.op.inputs[0]
            variable = _variable(made, graph.Tensors(access.value), first_values.get(access.name, 0))
            replace(made, graph, GRAPH_TENSORS, access.op.inputs[0], variable)
    for access in accesses:
        owner, op = owners[access.name], access.op
        inputs, outputs = ((owner,), op.outputs) if op.builtin == READ else ((access.value,), (owner,))
        fields = {OP_CODE: op.table.OpcodeIndex(), OP_INPUTS: ints(inputs), OP_OUTPUTS: ints(outputs)}
        replace(made, graph, GRAPH_OPERATORS, op.number, table(made, fields))
    keep(made, graph, kept)
    return Resolved(bytes(made), kept)


def _accesses(ops: Sequence[Operator]) -> Iterator[_Access]:
    """Every READ_VARIABLE and ASSIGN_VARIABLE. Raises ModelError where one takes no resource, or another operator
    does."""
    handles = {}
    for op in ops:
        if op.builtin == HANDLE:
            options = _options(op, tflite.VarHandleOptions)
            handles[op.outputs[0]] = (options.Container() or b"", options.SharedName() or b"")
        elif op.builtin in (READ, ASSIGN):
            if op.inputs[0] not in handles:
                raise ModelError(f"{op} takes no variable that a VAR_HANDLE names: the model file is damaged.")
            yield _Access(op, handles[op.inputs[0]], op.outputs[0] if op.builtin == READ else op.inputs[1])
        elif not handles.keys().isdisjoint(op.inputs):
            raise UnsupportedOp(f"{op} takes a variable itself, not its value: TFLM has no such operator.")


def _options(op: Operator, kind: Any) -> Any:
    union = op.table.BuiltinOptions()
    if union is None:
        raise ModelError(f"{op} has no options in the file, such as which variable it means: convert the model again.")
    options = kind()
    options.Init(union.Bytes, union.Pos)
    return options


def _first_values(model: Any, initializers: frozenset[int]) -> dict[Name, int]:
    """Variable -> the buffer of its first value. Raises UnsupportedOp where that has to be computed."""
    buffers: dict[Name, int] = {}
    for number in sorted(initializers):
        graph = model.Subgraphs(number)
        ops = list(operators(model, graph))
        computing = [op for op in ops if op.builtin not in (HANDLE, ASSIGN)]
        accesses = [] if computing else list(_accesses(ops))
        values = [graph.Tensors(access.value) for access in accesses]
        if computing or not all(model.Buffers(value.Buffer()).DataLength() for value in values):
            raise UnsupportedOp(
                f"CALL_ONCE computes first values of variables (subgraph {number}), and only constants are supported: "
                "initialize the model's variables with constants before converting it."
            )
        buffers |= {access.name: value.Buffer() for access, value in zip(accesses, values, strict=True)}
    return buffers


def _variable(made: bytearray, like: Any, buffer: int) -> int:
    """Where a new tensor is: a variable that holds values of a tensor."""
    quant = like.Quantization()
    fields: Fields = {
        TENSOR_SHAPE: ints(like.ShapeAsNumpy() if like.ShapeLength() else ()),
        TENSOR_TYPE: bytes([like.Type()]),
        TENSOR_BUFFER: buffer,
        TENSOR_NAME: (1, like.Name() or b""),
        TENSOR_IS_VARIABLE: b"\1",
    }
    if quant is not None and quant.ScaleLength() and quant.ZeroPointLength():
        scale = (4, np.asarray(quant.ScaleAsNumpy(), "<f4").tobytes())
        zero_point = (8, np.asarray(quant.ZeroPointAsNumpy(), "<i8").tobytes())
        fields[TENSOR_QUANTIZATION] = {QUANT_SCALE: scale, QUANT_ZERO_POINT: zero_point}
    return table(made, fields)
