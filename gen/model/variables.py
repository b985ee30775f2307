"""Resource variables -> variable tensors: a .tflite whose state is tensors like any other.

TFLite's converter keeps state in resources: VAR_HANDLE names one, READ_VARIABLE and ASSIGN_VARIABLE take the name, and
CALL_ONCE runs a second subgraph that gives them their first values. resolve() rewrites the first subgraph so that the
name's tensor is the variable itself: of the type, shape and quantization that is assigned to it, marked as variable,
with the buffer of its first value; READ_VARIABLE reads it, ASSIGN_VARIABLE writes it, and the other operators are gone.
Nothing else changes: what is new stands at the end of the file, where a flatbuffer's forward offsets reach it. Source:
the FlatBuffers binary format; TFLite's schema, version 3; TFLM's micro_resource_variable for variables that nothing
initializes."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tflite

from gen.errors import ModelError, UnsupportedOp
from gen.model.inline import builtin

# Slots of tables in the schema: where a vtable has the place of a field.
GRAPH_TENSORS, GRAPH_OPERATORS = 4, 10
TENSOR_SHAPE, TENSOR_TYPE, TENSOR_BUFFER, TENSOR_NAME, TENSOR_QUANTIZATION, TENSOR_IS_VARIABLE = range(4, 16, 2)
QUANT_SCALE, QUANT_ZERO_POINT = 8, 10
OP_CODE, OP_INPUTS, OP_OUTPUTS = 4, 6, 8
HANDLE, READ, ASSIGN, ONCE = (
    tflite.BuiltinOperator.VAR_HANDLE,
    tflite.BuiltinOperator.READ_VARIABLE,
    tflite.BuiltinOperator.ASSIGN_VARIABLE,
    tflite.BuiltinOperator.CALL_ONCE,
)
Name = tuple[bytes, bytes]  # of a resource: its container and its own
Vector = tuple[int, bytes]  # the bytes of an item, and those of all of them
Fields = dict[int, Any]  # slot of a table -> a number of 32 bits, a byte, a Vector, Fields of a table


@dataclass(frozen=True)
class _Operator:
    """One of the file's operators; number counts within its subgraph."""

    number: int
    builtin: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    table: Any

    def __str__(self) -> str:
        title = next(name for name, value in vars(tflite.BuiltinOperator).items() if value == self.builtin)
        return f"operator {self.number} ({title})"


@dataclass(frozen=True)
class _Access:
    """An operator that reads or assigns a variable; value: the tensor that it reads it into, or assigns."""

    op: _Operator
    name: Name
    value: int


@dataclass(frozen=True)
class Resolved:
    """The file with variable tensors, the numbers that its operators had before, and the subgraphs that only gave first
    values."""

    content: bytes
    numbers: tuple[int, ...]
    initializers: frozenset[int]


def resolve(content: bytes) -> Resolved:
    """The model without resources; content itself where it has none. Raises UnsupportedOp, ModelError, and whatever the
    package tflite raises on a damaged file."""
    model = tflite.Model.GetRootAsModel(content, 0)
    graph = model.Subgraphs(0)
    ops = list(_operators(model, graph))
    kept = tuple(op.number for op in ops if op.builtin not in (HANDLE, ONCE))
    if len(kept) == len(ops):
        return Resolved(content, kept, frozenset())
    options = [_options(op, tflite.CallOnceOptions) for op in ops if op.builtin == ONCE]
    initializers = frozenset(each.InitSubgraphIndex() for each in options)
    first_values = _first_values(model, initializers)
    made = bytearray(content)
    owners: dict[Name, int] = {}
    accesses = list(_accesses(ops))
    # What is assigned to a variable says what it holds; only of one that nothing assigns, what it is read as.
    for access in sorted(accesses, key=lambda access: access.op.builtin != ASSIGN):
        if access.name not in owners:
            owners[access.name] = access.op.inputs[0]
            table = _variable(made, graph.Tensors(access.value), first_values.get(access.name, 0))
            _replace(made, graph, GRAPH_TENSORS, access.op.inputs[0], table)
    for access in accesses:
        owner, op = owners[access.name], access.op
        inputs, outputs = ((owner,), op.outputs) if op.builtin == READ else ((access.value,), (owner,))
        fields = {OP_CODE: op.table.OpcodeIndex(), OP_INPUTS: _ints(inputs), OP_OUTPUTS: _ints(outputs)}
        _replace(made, graph, GRAPH_OPERATORS, op.number, _table(made, fields))
    _keep(made, graph, kept)
    return Resolved(bytes(made), kept, initializers)


def _operators(model: Any, graph: Any) -> Iterator[_Operator]:
    for number in range(graph.OperatorsLength()):
        table = graph.Operators(number)
        inputs, outputs = (
            tuple(int(i) for i in array) if length else ()
            for array, length in ((table.InputsAsNumpy(), table.InputsLength()),
                                  (table.OutputsAsNumpy(), table.OutputsLength()))
        )  # fmt: skip
        yield _Operator(number, builtin(model.OperatorCodes(table.OpcodeIndex())), inputs, outputs, table)


def _accesses(ops: Sequence[_Operator]) -> Iterator[_Access]:
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


def _options(op: _Operator, kind: Any) -> Any:
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
        ops = list(_operators(model, graph))
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
        TENSOR_SHAPE: _ints(like.ShapeAsNumpy() if like.ShapeLength() else ()),
        TENSOR_TYPE: bytes([like.Type()]),
        TENSOR_BUFFER: buffer,
        TENSOR_NAME: (1, like.Name() or b""),
        TENSOR_IS_VARIABLE: b"\1",
    }
    if quant is not None and quant.ScaleLength() and quant.ZeroPointLength():
        scale = (4, np.asarray(quant.ScaleAsNumpy(), "<f4").tobytes())
        zero_point = (8, np.asarray(quant.ZeroPointAsNumpy(), "<i8").tobytes())
        fields[TENSOR_QUANTIZATION] = {QUANT_SCALE: scale, QUANT_ZERO_POINT: zero_point}
    return _table(made, fields)


def _ints(values: Any) -> Vector:
    return 4, np.asarray(values, "<i4").tobytes()


def _table(made: bytearray, fields: Fields) -> int:
    """Where a new table is: its vectors and tables behind it."""
    slots = range(4, max(fields) + 2, 2)
    made.extend(bytes(-len(made) % 4))
    vtable, places = len(made), {slot: 4 + 4 * number for number, slot in enumerate(fields)}
    entries = [places.get(slot, 0) for slot in slots]
    made.extend(struct.pack(f"<HH{len(entries)}H", 4 + 2 * len(entries), 4 + 4 * len(fields), *entries))
    made.extend(bytes(-len(made) % 4))
    table = len(made)
    made.extend(struct.pack("<i", table - vtable) + bytes(4 * len(fields)))
    for slot, value in fields.items():
        at = table + places[slot]
        if isinstance(value, int):
            struct.pack_into("<I", made, at, value)
        elif isinstance(value, bytes):
            made[at] = value[0]
        else:
            child = _table(made, value) if isinstance(value, dict) else _vector(made, *value)
            struct.pack_into("<I", made, at, child - at)
    return table


def _vector(made: bytearray, item_bytes: int, data: bytes) -> int:
    made.extend(bytes(-(len(made) + 4) % max(item_bytes, 4)))
    at = len(made)
    made.extend(struct.pack("<I", len(data) // item_bytes) + data + b"\0")  # the end of a string
    return at


def _replace(made: bytearray, graph: Any, slot: int, number: int, table: int) -> None:
    """Have a list of the subgraph's name another table."""
    entry = graph._tab.Vector(graph._tab.Offset(slot)) + 4 * number
    struct.pack_into("<I", made, entry, table - entry)


def _keep(made: bytearray, graph: Any, numbers: Sequence[int]) -> None:
    """Shorten the subgraph's list of operators to some of them, in order: their offsets become longer."""
    start = graph._tab.Vector(graph._tab.Offset(GRAPH_OPERATORS))
    for to, number in enumerate(numbers):
        (offset,) = struct.unpack_from("<I", made, start + 4 * number)
        struct.pack_into("<I", made, start + 4 * to, offset + 4 * (number - to))
    struct.pack_into("<I", made, start - 4, len(numbers))
