"""Operators that are prepared here and not on the device: their kernels' parameters go with the model, as metadata of
the .tflite, so that whatever reads the file gets both. Other interpreters pass over metadata.

The metadata named NAME is, little-endian and a multiple of 4 bytes each: a uint32 for each operator of the model, the
place of its call counted in bytes from the start, 0 for those that are prepared on the device; and the calls, each a
uint32 that says which kernel and struct (kernel_id), the number of inputs and of outputs (uint16 each), their tensors'
indices (int32 each), the bytes of the struct (uint32), the struct. Struct layouts without pointers are the same on all
our targets. firmware/tflm/prepared.cc reads it."""

import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import tflite

from gen.model.ops import KERNELS
from gen.model.ops.operator import Call, CStruct, Kernel

NAME = b"gen.calls"
ALIGNMENT = 16  # of constants in the file
# Slots of the tables that are written anew, as the schema numbers their fields.
MODEL_FIELDS, MODEL_BUFFERS, MODEL_METADATA = 8, 4, 6
CODES = {"int8_t": "b", "uint8_t": "B", "int16_t": "h", "uint16_t": "H", "int32_t": "i", "float": "f"}


def kernel_id(kernel: Kernel) -> int:
    """Another one for every kernel and every layout of its parameters."""
    fields = ",".join(f"{field.ctype} {field.name}[{field.count}]" for field in kernel.struct.fields)
    return zlib.crc32(f"{kernel.name}:{fields}".encode())


def with_calls(content: bytes, calls: Sequence[Call | None]) -> bytes:
    """The .tflite with the calls of those of its operators that are prepared here, None for the others."""
    if not any(calls):
        return content
    table, data = b"", b""
    for call in calls:
        table += struct.pack("<I", 4 * len(calls) + len(data) if call else 0)
        data += _packed(call) if call else b""
    return _with_metadata(content, table + data)


def _packed(call: Call) -> bytes:
    kernel = KERNELS[call.kernel]
    parameters = packed_struct(kernel.struct, call.params)
    head = struct.pack("<IHH", kernel_id(kernel), len(call.inputs), 1)
    tensors = struct.pack(f"<{len(call.inputs) + 1}i", *call.inputs, call.output)
    return head + tensors + struct.pack("<I", len(parameters)) + parameters


def packed_struct(layout: CStruct, params: Mapping[str, Any]) -> bytes:
    """A struct without pointers as the target has it in memory, filled up to a multiple of 4 bytes."""
    offsets, size = layout.layout(4)
    made = bytearray(-(-size // 4) * 4)
    for field in layout.fields:
        assert not field.pointer, field.name
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
