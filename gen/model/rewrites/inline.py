"""A .tflite as every reader of this project takes it: constants within the flatbuffer, and no weights of int4.

Converters write the constants of large models behind the flatbuffer, named by Buffer.offset and Buffer.size, which TFLM
does not follow. int4 weights are two to a byte (element 2i in the low half); TFLM computes with them as with int8 ones
of the same values. Of other int4 constants it makes nothing sensible: they stay what they are, and are refused. Both
are rewritten without touching anything else: what is new stands at the end of the file, where a flatbuffer's forward
offsets reach it. Source: the FlatBuffers binary format; TFLite's schema, version 3."""

import struct
from math import prod
from typing import Any

import numpy as np
import tflite

from gen.errors import NotTflite
from gen.model.graph import Array

ALIGNMENT = 16  # of a constant in the file
# Slots of tables in the schema: where a vtable has the place of a field.
MODEL_BUFFERS, BUFFER_DATA, BUFFER_OFFSET, BUFFER_SIZE, TENSOR_TYPE = 12, 4, 6, 8, 6
CODE_BUILTIN = 10
WEIGHTED = (tflite.BuiltinOperator.CONV_2D, tflite.BuiltinOperator.DEPTHWISE_CONV_2D,
            tflite.BuiltinOperator.FULLY_CONNECTED)  # fmt: skip


def inline(content: bytes) -> bytes:
    """The model with the same values; content itself where there is nothing to do. Raises NotTflite where a constant
    reaches beyond the file, and whatever the package tflite raises on a damaged one."""
    model = tflite.Model.GetRootAsModel(content, 0)
    wanted = {number: data for number in range(model.BuffersLength()) if (data := _external(content, model, number))}
    packed = _packed(model, wanted)
    for number, elements in packed.items():
        raw = wanted.get(number) or model.Buffers(number).DataAsNumpy().tobytes()
        wanted[number] = _unpack(raw, elements).tobytes()
    if not wanted:
        return content
    made = bytearray(content)
    for table in _int4_weights(model):
        if table.Buffer() in packed:
            made[table._tab.Pos + table._tab.Offset(TENSOR_TYPE)] = tflite.TensorType.INT8
    for number, data in wanted.items():
        _replace_buffer(made, model, number, data)
    return bytes(made)


def _external(content: bytes, model: Any, number: int) -> bytes | None:
    """What Buffer.offset and size name, of a buffer that has no data of its own: those come first. Raises NotTflite."""
    if model.Buffers(number).DataLength():
        return None
    table = model.Buffers(number)._tab
    offset, size = (_uint64(table, slot) for slot in (BUFFER_OFFSET, BUFFER_SIZE))
    if offset <= 1 or size == 0:  # 0 and 1 stand for none
        return None
    if offset + size > len(content):
        raise NotTflite(
            f"the model is cut off: a constant of {size} bytes is at byte {offset} of {len(content)}: copy it again."
        )
    return content[offset : offset + size]


def _uint64(table: Any, slot: int) -> int:
    place = table.Offset(slot)
    return int(struct.unpack_from("<Q", table.Bytes, table.Pos + place)[0]) if place else 0


def builtin(code: Any) -> int:
    """An operator's number: the greater of the two fields that files of before and after 2020 have it in. Not by the
    package's BuiltinCode(), which gives the old field wherever the new one is below 127."""
    place = code._tab.Offset(CODE_BUILTIN)
    new = struct.unpack_from("<i", code._tab.Bytes, code._tab.Pos + place)[0] if place else 0
    return max(int(new), int(code.DeprecatedBuiltinCode()))


def _int4_weights(model: Any) -> list[Any]:
    """The int4 tensors of the first subgraph, the only one that is built, that are weights and nothing else."""
    graph = model.Subgraphs(0)
    tables = [graph.Tensors(index) for index in range(graph.TensorsLength())]
    if all(table.Type() != tflite.TensorType.INT4 for table in tables):
        return []
    weights: set[int] = set()
    others = {graph.Outputs(i) for i in range(graph.OutputsLength())}
    for index in range(graph.OperatorsLength()):
        op = graph.Operators(index)
        is_weighted = builtin(model.OperatorCodes(op.OpcodeIndex())) in WEIGHTED
        for position in range(op.InputsLength()):
            (weights if is_weighted and position == 1 else others).add(op.Inputs(position))
    wanted = weights - others
    return [t for index, t in enumerate(tables) if index in wanted and t.Type() == tflite.TensorType.INT4]


def _packed(model: Any, wanted: dict[int, bytes]) -> dict[int, int]:
    """The buffers of whole int4 weights -> how many elements each holds; wanted: the external buffers' data."""
    found = {}
    for table in _int4_weights(model):
        shape = table.ShapeAsNumpy()
        elements = 1 if isinstance(shape, int) else prod(int(size) for size in shape)
        stored = len(wanted.get(table.Buffer(), b"")) or model.Buffers(table.Buffer()).DataLength()
        if table.Buffer() > 0 and elements > 0 and stored == -(-elements // 2):
            found[table.Buffer()] = elements
    return found


def _unpack(raw: bytes, elements: int) -> Array:
    pairs = np.frombuffer(raw, np.uint8)
    halves = np.stack([pairs << 4, pairs & 0xF0], axis=1).reshape(-1)[:elements]
    signed: Array = halves.view(np.int8) >> 4
    return signed


def _replace_buffer(made: bytearray, model: Any, number: int, data: bytes) -> None:
    """Have the model's list of buffers name a new one, at the end: vtable, table, and the vector that it points to."""
    made.extend(bytes(-len(made) % 4))
    vtable = len(made)
    made.extend(struct.pack("<HHHH", 6, 8, BUFFER_DATA, 0))  # its own size, the table's, where data is; padding
    table = len(made)
    vector = table + 8
    vector += -(vector + 4) % ALIGNMENT
    made.extend(struct.pack("<iI", table - vtable, vector - (table + 4)))
    made.extend(bytes(vector - len(made)) + struct.pack("<I", len(data)) + data)
    entry = model._tab.Vector(model._tab.Offset(MODEL_BUFFERS)) + 4 * number
    struct.pack_into("<I", made, entry, table - entry)
