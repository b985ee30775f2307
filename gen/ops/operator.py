"""What one file in gen/ops provides, and the bridge from its numbers to the C structs of firmware/kernels/nn.h."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gen.graph import Array, Graph, Op

# C type -> (size, alignment); a pointer's are those of the target's ABI.
C_TYPES = {"int8_t": 1, "uint8_t": 1, "int16_t": 2, "uint16_t": 2, "int32_t": 4, "float": 4}


@dataclass(frozen=True)
class Field:
    """One member of a C struct: a number, a fixed array of `count` numbers, or (pointer) the address of constants."""

    name: str
    ctype: str
    count: int = 1
    pointer: bool = False


@dataclass(frozen=True)
class CStruct:
    """A parameter struct of nn.h, fields in the order of the header."""

    name: str
    fields: tuple[Field, ...]

    def layout(self, pointer_bytes: int) -> tuple[dict[str, int], int]:
        """(offset of each field, sizeof) under the natural alignment that every ABI we target uses."""
        offsets: dict[str, int] = {}
        end, widest = 0, 1
        for field in self.fields:
            size = pointer_bytes if field.pointer else C_TYPES[field.ctype]
            offsets[field.name] = end = -(-end // size) * size
            end += size * (1 if field.pointer else field.count)
            widest = max(widest, size)
        return offsets, -(-end // widest) * widest


def numbers(ctype: str, names: str) -> tuple[Field, ...]:
    """Fields of one C type from a line of names: numbers("int16_t", "act_min act_max"); "dims[4]" is an array."""
    fields = []
    for name in names.split():
        stem, _, count = name.rstrip("]").partition("[")
        fields.append(Field(stem, ctype, int(count or 1)))
    return tuple(fields)


def pointers(ctype: str, names: str) -> tuple[Field, ...]:
    return tuple(Field(name, ctype, pointer=True) for name in names.split())


@dataclass(frozen=True)
class Call:
    """One kernel call: the kernel's parameters (plain ints, floats, tuples, arrays for pointers; None for NULL) and
    the indices of the tensors it reads and writes. inputs are those that the kernel takes at run time only.

    room: bytes of the arena that are free while it runs, for scratch. room_in_place: likewise if the output lies on the
    first input, 0 where it can't."""

    op: Op
    kernel: str
    params: Mapping[str, Any]
    inputs: tuple[int, ...]
    output: int
    macs: int = 0
    room: int = 0
    room_in_place: int = 0


@dataclass(frozen=True)
class Kernel:
    """One kernel's contract: its C struct and what it computes.

    reference(params, inputs) -> output, in NumPy, equal to TFLM byte for byte; arrays have the tensors' shapes, the
    output has any shape with the right number of elements (NHWC order)."""

    name: str
    struct: CStruct
    reference: Callable[[Mapping[str, Any], Sequence[Array]], Array]


@dataclass(frozen=True)
class Operator:
    """One TFLite operator.

    builtin: name in TFLite's BuiltinOperator. tflm: suffix of MicroMutableOpResolver's Add method.
    options: attribute in the file's options table -> default, names as in the schema ("StrideH").
    lower: checks the operator and returns its kernel call; raises UnsupportedOp, NotQuantized."""

    name: str
    builtin: str
    tflm: str
    options_table: str | None
    options: Mapping[str, Any]
    lower: Callable[[Graph, Op], Call]


def int8_array(values: Any) -> Array:
    return np.ascontiguousarray(values, dtype=np.int8)


def int32_array(values: Any) -> Array:
    return np.ascontiguousarray(values, dtype=np.int32)
