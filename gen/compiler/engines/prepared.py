"""Operators that are prepared here and not on the device: their kernels' parameters go with the model, as metadata of
the .tflite, so that whatever reads the file gets both. Other interpreters pass over metadata.

The metadata named NAME is, little-endian and with everything at multiples of 4 bytes: a uint32 for each operator of
the model, the place of its call counted in bytes from the metadata's start, 0 for those prepared on the device; and
the calls. A call is a uint32 that says which kernel and struct (kernel_id), how many inputs and outputs, with the
variables that it changes (uint16 each), their tensors' indices (int32 each), the bytes of the struct and how many of
its members are addresses (uint32 each); for each of those where it is in the struct, where in the metadata the array
that it points to is, or with the highest bit the number of the constant tensor that it is, and how many bytes that has
(uint32 each); and the struct, addresses 0. firmware/tflm/prepared.cc reads it."""

import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tflite

from gen.model.graph import Array, Tensor
from gen.model.ops import KERNELS
from gen.model.ops.operator import Call, CStruct, Kernel

NAME = b"gen.calls"
ALIGNMENT = 16  # of constants in the file
OF_TENSOR = 1 << 31  # in place of an array's: it is the constant of this number
# The root table's fields and those of them that are written anew, as the schema numbers them.
MODEL_FIELDS, MODEL_BUFFERS, MODEL_METADATA = 8, 4, 6
CODES = {"int8_t": "b", "uint8_t": "B", "int16_t": "h", "uint16_t": "H", "int32_t": "i", "float": "f"}


def kernel_id(kernel: Kernel) -> int:
    """Another one for every kernel and every layout of its parameters."""
    fields = ",".join(f"{field.ctype} {field.name}[{field.count}]" for field in kernel.struct.fields)
    return zlib.crc32(f"{kernel.name}:{fields}".encode())


def with_calls(content: bytes, tensors: Sequence[Tensor], calls: Sequence[Call | None], pointer_bytes: int) -> bytes:
    """The .tflite with the calls of those of its operators that are prepared here, None for the others; tensors: the
    model's, whose constants need no second place."""
    if not any(calls):
        return content
    made = bytearray(4 * len(calls))
    constants = {_place_of(tensor.data): tensor.index for tensor in tensors if tensor.data is not None}
    for number, call in enumerate(calls):
        if call:
            arrays = _add_arrays(made, call, constants)
            struct.pack_into("<I", made, 4 * number, len(made))
            made += _packed(call, arrays, pointer_bytes)
    return _with_metadata(content, bytes(made))


def _add_arrays(made: bytearray, call: Call, constants: Mapping[tuple[int, int], int]) -> dict[str, tuple[int, int]]:
    """Put the arrays that a call's struct points to at the end, but for whole constants of the model: member -> (place,
    bytes)."""
    places = {}
    for field in KERNELS[call.kernel].struct.fields:
        value = call.params[field.name]
        if field.pointer and value is not None:
            array = np.ascontiguousarray(value, field.ctype.removesuffix("_t"))
            data, place = array.tobytes(), _place_of(array)
            if place in constants:
                places[field.name] = (OF_TENSOR | constants[place], len(data))
                continue
            places[field.name] = (len(made), len(data))
            made += data + bytes(-len(data) % 4)
    return places


def _place_of(array: Array) -> tuple[int, int]:
    """The same one only for arrays, whole ones, that are the same bytes, as a view in another type is."""
    return array.ctypes.data, array.nbytes


def _packed(call: Call, arrays: Mapping[str, tuple[int, int]], pointer_bytes: int) -> bytes:
    kernel = KERNELS[call.kernel]
    offsets, _ = kernel.struct.layout(pointer_bytes)
    parameters = packed_struct(kernel.struct, call.params, pointer_bytes)
    tensors = (*call.inputs, *call.outputs, *call.state)
    made = struct.pack("<IHH", kernel_id(kernel), len(call.inputs), len(call.outputs) + len(call.state))
    made += struct.pack(f"<{len(tensors)}iII", *tensors, len(parameters), len(arrays))
    for name, (place, size) in arrays.items():
        made += struct.pack("<III", offsets[name], place, size)
    return made + parameters


def packed_struct(layout: CStruct, params: Mapping[str, Any], pointer_bytes: int) -> bytes:
    """A struct as the target has it in memory, with addresses of 0, filled up to a multiple of 4 bytes."""
    offsets, size = layout.layout(pointer_bytes)
    made = bytearray(-(-size // 4) * 4)
    for field in layout.fields:
        if not field.pointer:
            value = params[field.name] if field.count > 1 else (params[field.name],)
            struct.pack_into(f"<{field.count}{CODES[field.ctype]}", made, offsets[field.name], *value)
    return bytes(made)


class _Head:
    """The bytes that are put before a file where tables name more than they did: offsets lead forward only, from new
    lists in it to old tables behind it. The place of the root table, the file's identifier, tables."""

    def __init__(self, content: bytes) -> None:
        self.made = bytearray(struct.pack("<I4s", 0, b"TFL3"))
        self.content = content

    def add(self, data: bytes) -> int:
        """Where data has been put."""
        at = len(self.made)
        self.made.extend(data)
        return at

    def vector(self, count: int) -> int:
        """Where a list of so many tables is, to be pointed to. Raises ValueError on more than a file can have."""
        if 4 * count > len(self.made) + len(self.content):
            raise ValueError(f"a list of {count} tables")
        return self.add(struct.pack("<I", count) + bytes(4 * count))

    def table(self, numbers: Sequence[int]) -> tuple[int, dict[int, int]]:
        """Where a table of 4-byte fields is, and each of these: numbered as in the schema."""
        entries = [4 + 4 * numbers.index(n) if n in numbers else 0 for n in range(max(numbers) + 1)]
        vtable = self.add(struct.pack(f"<HH{len(entries)}H", 4 + 2 * len(entries), 4 + 4 * len(numbers), *entries))
        self.add(bytes(-len(self.made) % 4))
        at = self.add(struct.pack("<i", len(self.made) - vtable))
        return at, {number: self.add(bytes(4)) for number in numbers}

    def point(self, at: int, to: int) -> None:
        struct.pack_into("<I", self.made, at, to - at)

    def point_behind(self, at: int, to: int) -> None:
        """to: a place in the old file. What the head holds is there by now."""
        self.point(at, to + len(self.made))

    def put_before(self) -> bytes:
        return bytes(self.made) + self.content


def _follow(content: bytes, at: int) -> int:
    """The place that an offset in the file leads to."""
    return at + int(struct.unpack_from("<I", content, at)[0])


def _with_metadata(content: bytes, data: bytes) -> bytes:
    """The file behind a new root table, which names one buffer and one metadata more; nothing in it changes but its
    place, as offsets in a flatbuffer are relative, and lead forward. Source: the FlatBuffers binary format."""
    model = tflite.Model.GetRootAsModel(content, 0)
    old = model._tab
    fields = {number: old.Offset(4 + 2 * number) for number in range(MODEL_FIELDS)}
    buffers, metadata = model.BuffersLength(), model.MetadataLength()
    head = _Head(content)
    # A field of the root table is 4 bytes, an offset or (number 0) the version.
    used = [n for n in fields if fields[n] or n in (MODEL_BUFFERS, MODEL_METADATA)]
    root, places = head.table(used)
    buffer_list, metadata_list = head.vector(buffers + 1), head.vector(metadata + 1)
    # A buffer: its vtable, table and vector of bytes; a metadata: vtable, table and name.
    entry = head.add(struct.pack("<HHHHHH", 8, 12, 4, 8, 0, 0)) + 12
    head.add(struct.pack("<iII", 12, 0, buffers))
    name = head.add(struct.pack("<I", len(NAME)) + NAME + bytes(4 - len(NAME) % 4))
    buffer = head.add(struct.pack("<HHHH", 6, 8, 4, 0)) + 8
    head.add(struct.pack("<iI", 8, 0))
    head.add(bytes(-(len(head.made) + 4) % ALIGNMENT))
    vector = head.add(struct.pack("<I", len(data)) + data)
    head.add(bytes(-len(head.made) % ALIGNMENT))

    def point_to_old_items(number: int, count: int, at: int) -> None:
        start = old.Vector(fields[number]) if count else 0
        for i in range(count):
            head.point_behind(at + 4 * i, _follow(content, start + 4 * i))

    struct.pack_into("<I", head.made, 0, root)
    struct.pack_into("<I", head.made, places[0], model.Version())
    for number in used:
        if number and number not in (MODEL_BUFFERS, MODEL_METADATA):
            head.point_behind(places[number], _follow(content, old.Pos + fields[number]))
    head.point(places[MODEL_BUFFERS], buffer_list)
    head.point(places[MODEL_METADATA], metadata_list)
    point_to_old_items(MODEL_BUFFERS, buffers, buffer_list + 4)
    head.point(buffer_list + 4 + 4 * buffers, buffer)
    head.point(metadata_list + 4, entry)
    point_to_old_items(MODEL_METADATA, metadata, metadata_list + 8)
    head.point(entry + 4, name)
    head.point(buffer + 4, vector)
    return head.put_before()
