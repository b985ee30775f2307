"""What rewrites a .tflite without touching anything else: lists that name other tables, and what is new at the end of
the file, where a flatbuffer's forward offsets reach it, or before it where it names what is there (Front). Custom
operators' options. Source: the FlatBuffers and FlexBuffers binary formats; TFLite's schema, version 3."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tflite
from flatbuffers import flexbuffers

from gen.model.rewrites.inline import builtin

# Slots of tables in the schema: where a vtable has the place of a field.
MODEL_VERSION, MODEL_SUBGRAPHS, MODEL_LAST = 4, 8, 18
GRAPH_TENSORS, GRAPH_INPUTS, GRAPH_OUTPUTS, GRAPH_OPERATORS, GRAPH_NAME = range(4, 14, 2)
Vector = tuple[int, bytes]  # the bytes of an item, and those of all of them
# Slot of a table -> a number of 32 bits, a byte, a Vector, Fields of a table; of a Front also Old, or a list of tables.
Fields = dict[int, Any]
_CALLING = {
    tflite.BuiltinOperator.CALL_ONCE: (tflite.CallOnceOptions, ("InitSubgraphIndex",)),
    tflite.BuiltinOperator.IF: (tflite.IfOptions, ("ThenSubgraphIndex", "ElseSubgraphIndex")),
    tflite.BuiltinOperator.WHILE: (tflite.WhileOptions, ("CondSubgraphIndex", "BodySubgraphIndex")),
}
TENSOR_SHAPE, TENSOR_TYPE, TENSOR_BUFFER, TENSOR_NAME, TENSOR_QUANTIZATION, TENSOR_IS_VARIABLE = range(4, 16, 2)
OP_CODE, OP_INPUTS, OP_OUTPUTS = 4, 6, 8
MAX_OPTIONS_BYTES = 1024  # a damaged file may claim any length
_NAMES: dict[int, str] = {value: name for name, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)}


@dataclass(frozen=True)
class Operator:
    """One of the file's operators; number counts within its subgraph."""

    number: int
    builtin: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    table: Any
    custom: str  # the name of one that TFLite has no number for

    @property
    def title(self) -> str:
        return f"{_NAMES.get(self.builtin, f'BUILTIN {self.builtin}')} {self.custom}".strip()

    def __str__(self) -> str:
        return f"operator {self.number} ({self.title})"


def operators(model: Any, graph: Any) -> Iterator[Operator]:
    for number in range(graph.OperatorsLength()):
        each = graph.Operators(number)
        inputs, outputs = (
            tuple(int(i) for i in array) if length else ()
            for array, length in ((each.InputsAsNumpy(), each.InputsLength()),
                                  (each.OutputsAsNumpy(), each.OutputsLength()))
        )  # fmt: skip
        code = model.OperatorCodes(each.OpcodeIndex())
        yield Operator(number, builtin(code), inputs, outputs, each, text(code.CustomCode()))


def callees(op: Operator) -> Iterator[int]:
    """The subgraphs that an operator calls, as its options say."""
    union = op.table.BuiltinOptions()
    if op.builtin in _CALLING and union is not None:
        kind, fields = _CALLING[op.builtin]
        options = kind()
        options.Init(union.Bytes, union.Pos)
        yield from (getattr(options, field)() for field in fields)


def text(raw: bytes | None) -> str:
    """A name that fits an error message: printable and at most 100 characters. The converter's may be far longer."""
    name = (raw or b"")[:1000].decode("utf-8", "replace")
    safe = "".join(c if c.isprintable() else "?" for c in name)
    return safe if len(safe) <= 100 else safe[:97] + "..."


@dataclass(frozen=True)
class Old:
    """A table or a vector of the file, by its place."""

    at: int


def old(table: Any, slot: int) -> Old | None:
    """What a field of a table refers to; None where it is absent."""
    offset = table.Offset(slot)
    return Old(int(table.Indirect(table.Pos + offset))) if offset else None


class Front(bytearray):
    """What is put before a file, in whose tables an Old may stand."""

    def __init__(self) -> None:
        super().__init__(struct.pack("<I4s", 0, b"TFL3"))
        self.olds: list[tuple[int, int]] = []

    def before(self, content: bytes, root: Fields) -> bytes:
        """The file behind all this, with another root table."""
        struct.pack_into("<I", self, 0, table(self, root))
        self.extend(bytes(-len(self) % 16))  # which constants in the file are aligned to
        for at, to in self.olds:
            struct.pack_into("<I", self, at, len(self) + to - at)
        return bytes(self) + content


def with_subgraphs(content: bytes, model: Any, subgraphs: Sequence[Fields | Old], front: Front) -> bytes:
    """The model with other subgraphs."""
    slots = range(MODEL_VERSION + 2, MODEL_LAST + 2, 2)
    fields: Fields = {slot: found for slot in slots if (found := old(model._tab, slot)) is not None}
    return front.before(content, {MODEL_VERSION: model.Version(), **fields, MODEL_SUBGRAPHS: list(subgraphs)})


def ints(values: Any) -> Vector:
    return 4, np.asarray(values, "<i4").tobytes()


def table(made: bytearray, fields: Fields) -> int:
    """Where a new table is: its vectors and tables behind it."""
    slots = range(4, max(fields) + 2, 2)
    made.extend(bytes(-len(made) % 4))
    vtable, places = len(made), {slot: 4 + 4 * number for number, slot in enumerate(fields)}
    entries = [places.get(slot, 0) for slot in slots]
    made.extend(struct.pack(f"<HH{len(entries)}H", 4 + 2 * len(entries), 4 + 4 * len(fields), *entries))
    made.extend(bytes(-len(made) % 4))
    start = len(made)
    made.extend(struct.pack("<i", start - vtable) + bytes(4 * len(fields)))
    for slot, value in fields.items():
        at = start + places[slot]
        if isinstance(value, int):
            struct.pack_into("<I", made, at, value)
        elif isinstance(value, bytes):
            made[at] = value[0]
        elif isinstance(value, tuple):
            struct.pack_into("<I", made, at, vector(made, *value) - at)
        elif isinstance(value, list):
            items = vector(made, 4, bytes(4 * len(value)))
            struct.pack_into("<I", made, at, items - at)
            for number, item in enumerate(value, 1):
                _point(made, items + 4 * number, item)
        else:
            _point(made, at, value)
    return start


def _point(made: bytearray, at: int, to: Fields | Old) -> None:
    """Have the place lead to a new table, or to what the file has."""
    if isinstance(to, Old):
        assert isinstance(made, Front)
        made.olds.append((at, to.at))
    else:
        struct.pack_into("<I", made, at, table(made, to) - at)


def vector(made: bytearray, item_bytes: int, data: bytes) -> int:
    """Where a new vector is."""
    made.extend(bytes(-(len(made) + 4) % max(item_bytes, 4)))
    at = len(made)
    made.extend(struct.pack("<I", len(data) // item_bytes) + data + b"\0")  # the end of a string
    return at


def replace(made: bytearray, graph: Any, slot: int, number: int, new: int) -> None:
    """Have a list of the subgraph's name another table."""
    entry = graph._tab.Vector(graph._tab.Offset(slot)) + 4 * number
    struct.pack_into("<I", made, entry, new - entry)


def set_outputs(made: bytearray, graph: Any, outputs: Sequence[int]) -> None:
    """Give the subgraph, which has some, other outputs, in a new list: they may be more, and the old one shared."""
    field = graph._tab.Pos + graph._tab.Offset(GRAPH_OUTPUTS)
    struct.pack_into("<I", made, field, vector(made, *ints(outputs)) - field)


def keep(made: bytearray, graph: Any, numbers: Sequence[int]) -> None:
    """Shorten the subgraph's list of operators to some of them, in order: their offsets become longer."""
    start = graph._tab.Vector(graph._tab.Offset(GRAPH_OPERATORS))
    for to, number in enumerate(numbers):
        (offset,) = struct.unpack_from("<I", made, start + 4 * number)
        struct.pack_into("<I", made, start + 4 * to, offset + 4 * (number - to))
    struct.pack_into("<I", made, start - 4, len(numbers))


def kind_of(code: str) -> str:
    """What Op.kind is of a custom operator with this name in the file."""
    return f"custom {code or 'without a name'}"


def custom_options(table: Any) -> bytes:
    """The flexbuffer that an operator's table in the file has, b"" where it has none."""
    return bytes(table.CustomOptionsAsNumpy()) if table.CustomOptionsLength() else b""


def read_options(raw: bytes, known: Iterable[str]) -> dict[str, int]:
    """The numbers of a flexbuffer's map, by name, as TFLM's signal library has its options; {} where it has other keys
    than those known: TFLM takes them by their places among the sorted keys, so that they mean nothing then. Raises
    whatever the package flatbuffers raises on a damaged one."""
    if not raw or len(raw) > MAX_OPTIONS_BYTES:
        return {}
    root = flexbuffers.GetRoot(bytearray(raw))
    if not root.IsMap:
        return {}
    options = root.AsMap
    names = sorted(known)
    if len(options) != len(names) or [key.AsKey for key in options.Keys] != names:
        return {}
    return {name: int(value.AsInt) for name, value in zip(names, options.Values, strict=True)}
