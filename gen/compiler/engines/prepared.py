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
# Slots of the tables that are written anew, as the schema numbers their fields.
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


def _with_metadata(content: bytes, data: bytes) -> bytes:
    """The file behind a new root table, which names one buffer and one metadata more; nothing in it changes but its
    place, as offsets in a flatbuffer are relative, and lead forward. Source: the FlatBuffers binary format."""
    model = tflite.Model.GetRootAsModel(content, 0)
    old = model._tab
    fields = {slot: old.Offset(4 + 2 * slot) for slot in range(MODEL_FIELDS)}
    buffers, metadata = model.BuffersLength(), model.MetadataLength()
    head = _Head()
    # vtable and root table: a field is 4 bytes, an offset or (slot 0) the version.
    used = [s for s in fields if fields[s] or s in (MODEL_BUFFERS, MODEL_METADATA)]
    vtable = head.add(struct.pack("<HH", 4 + 2 * MODEL_FIELDS, 4 + 4 * len(used)))
    for slot in range(MODEL_FIELDS):
        head.add(struct.pack("<H", 4 + 4 * used.index(slot) if slot in used else 0))
    root = head.add(struct.pack("<i", len(head.made) - vtable))
    places = {slot: head.add(bytes(4)) for slot in used}
    buffer_list = head.add(struct.pack("<I", buffers + 1) + bytes(4 * (buffers + 1)))
    metadata_list = head.add(struct.pack("<I", metadata + 1) + bytes(4 * (metadata + 1)))
    # A buffer: its vtable, table and vector of bytes; a metadata: vtable, table and name.
    entry = head.add(struct.pack("<HHHHHH", 8, 12, 4, 8, 0, 0)) + 12
    head.add(struct.pack("<iII", 12, 0, buffers))
    name = head.add(struct.pack("<I", len(NAME)) + NAME + bytes(4 - len(NAME) % 4))
    buffer = head.add(struct.pack("<HHHH", 6, 8, 4, 0)) + 8
    head.add(struct.pack("<iI", 8, 0))
    head.add(bytes(-(len(head.made) + 4) % ALIGNMENT))
    vector = head.add(struct.pack("<I", len(data)) + data)
    head.add(bytes(-len(head.made) % ALIGNMENT))
    shift = len(head.made)

    def old_items(slot: int, count: int) -> list[int]:
        start = old.Vector(fields[slot]) if count else 0
        return [start + 4 * i + struct.unpack_from("<I", content, start + 4 * i)[0] + shift for i in range(count)]

    struct.pack_into("<I", head.made, 0, root)
    struct.pack_into("<I", head.made, places[0], model.Version())
    for slot in used:
        if slot and slot not in (MODEL_BUFFERS, MODEL_METADATA):
            at = old.Pos + fields[slot]
            head.point(places[slot], at + struct.unpack_from("<I", content, at)[0] + shift)
    head.point(places[MODEL_BUFFERS], buffer_list)
    head.point(places[MODEL_METADATA], metadata_list)
    for number, to in enumerate([*old_items(MODEL_BUFFERS, buffers), buffer], 1):
        head.point(buffer_list + 4 * number, to)
    for number, to in enumerate([entry, *old_items(MODEL_METADATA, metadata)], 1):
        head.point(metadata_list + 4 * number, to)
    head.point(entry + 4, name)
    head.point(buffer + 4, vector)
    return bytes(head.made) + content


class _Head:
    """The bytes that are put before a file: the place of the root table, the file's identifier, tables."""

    def __init__(self) -> None:
        self.made = bytearray(struct.pack("<I4s", 0, b"TFL3"))

    def add(self, data: bytes) -> int:
        """Where data has been put."""
        at = len(self.made)
        self.made.extend(data)
        return at

    def point(self, at: int, to: int) -> None:
        struct.pack_into("<I", self.made, at, to - at)
