"""Damage for .tflite files, as bytes and as the schema's objects, for tests that no damage ends in a traceback."""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from tests.tiny import edited

Rng = np.random.Generator
INTEGERS = (0, 1, -1, 2, 3, 4, 5, 7, 8, 9, 16, 127, 128, -128, 255, 256, 4096, 65535, 65536, 2**24, 2**28 + 1, 2**30,
            2**31 - 1, -(2**31))  # fmt: skip
SCALES = (0.0, -0.0, -1.0, float("nan"), float("inf"), -float("inf"), 1e-45, 1e-40, 1.2e-38, 1e-30, 2.0**-33, 1e-6,
          1 / 256, 0.5, 1.0, 3e4, 1e10, 2.0**99, 2.0**100, 2.0**101, 3.4e38)  # fmt: skip
ZERO_POINTS = (0, 1, -1, -128, 127, 128, -129, 255, 256, 2**31 - 1, 2**31, -(2**31), 2**63 - 1, -(2**63))
ENUMS = ("outType", "padding", "fusedActivationFunction", "weightsFormat", "quantizedBiasType", "mode",
         "outputType")  # fmt: skip
BUILTINS = [value for value in vars(schema.BuiltinOperator).values() if isinstance(value, int)]


def mutant(rng: Rng, content: bytes) -> bytes:
    """The model with one to four kinds of damage."""
    count = int(rng.choice([1, 1, 1, 2, 4]))
    if rng.random() < 0.6:
        return edited(content, lambda m: _change(rng, m, count))
    for _ in range(count):
        content = _pick(rng, BYTES)(rng, content)
    return content


def _change(rng: Rng, m: Any, count: int) -> None:
    for _ in range(count):
        _pick(rng, OBJECTS)(rng, m)


def _pick(rng: Rng, choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def _integer(rng: Rng, old: Any = 0) -> int:
    """One of those that break things, or near the old value."""
    near = int(old or 0) + int(rng.integers(-3, 4))
    return near if rng.random() < 0.5 and -(2**31) <= near < 2**31 else int(_pick(rng, INTEGERS))


# Damage of bytes.


def _flip_bits(rng: Rng, content: bytes) -> bytes:
    made = bytearray(content)
    for _ in range(int(rng.choice([1, 1, 3, 20]))):
        made[int(rng.integers(len(made)))] ^= 1 << int(rng.integers(8))
    return bytes(made)


def _overwrite(rng: Rng, content: bytes) -> bytes:
    """A stretch of 1 to 64 bytes with noise, zeros or ones."""
    made, start, count = bytearray(content), int(rng.integers(len(content))), int(rng.integers(1, 65))
    noise = [rng.bytes(count), bytes(count), b"\xff" * count]
    made[start : start + count] = _pick(rng, noise)[: len(made) - start]
    return bytes(made)


def _truncate(rng: Rng, content: bytes) -> bytes:
    return content[: int(rng.integers(len(content)))] or content[:1]


def _cut_out(rng: Rng, content: bytes) -> bytes:
    start = int(rng.integers(len(content)))
    return content[:start] + content[start + int(rng.integers(1, 33)) :]


def _set_word(rng: Rng, content: bytes) -> bytes:
    """An aligned word, which is an offset, a length, a dimension, an index or a scale, to another one."""
    made, at = bytearray(content), 4 * int(rng.integers(max(len(content) // 4, 1)))
    if at + 4 <= len(made):
        old = struct.unpack_from("<i", made, at)[0]
        value = struct.unpack("<i", struct.pack("<f", float(_pick(rng, SCALES))))[0] if rng.random() < 0.2 else None
        struct.pack_into("<i", made, at, _integer(rng, old) if value is None else value)
    return bytes(made)


def _aim_at_tables(rng: Rng, content: bytes) -> bytes:
    """As _set_word, or a 16-bit one, within the first kilobyte, where a model's tables are or its file begins."""
    made, at = bytearray(content), 2 * int(rng.integers(min(len(content), 1024) // 2 or 1))
    if at + 4 <= len(made):
        old = struct.unpack_from("<H", made, at)[0]
        struct.pack_into("<H", made, at, _integer(rng, old) & 0xFFFF)
    return bytes(made)


def _swap_words(rng: Rng, content: bytes) -> bytes:
    made = bytearray(content)
    a, b = (4 * int(rng.integers(max(len(content) // 4 - 1, 1))) for _ in range(2))
    made[a : a + 4], made[b : b + 4] = made[b : b + 4], made[a : a + 4]
    return bytes(made)


BYTES: tuple[Callable[[Rng, bytes], bytes], ...] = (
    _flip_bits, _overwrite, _truncate, _cut_out, _set_word, _set_word, _aim_at_tables, _swap_words,
)  # fmt: skip


# Damage of what a model says.


def _tensor(rng: Rng, m: Any) -> Any:
    return _pick(rng, m.subgraphs[0].tensors)


def _op(rng: Rng, m: Any) -> Any:
    return _pick(rng, m.subgraphs[0].operators)


def _dims(rng: Rng, m: Any) -> None:
    tensor = _tensor(rng, m)
    shape = [int(size) for size in (tensor.shape if tensor.shape is not None else [])]
    how = int(rng.integers(4))
    if how == 0 or not shape:
        shape.insert(int(rng.integers(len(shape) + 1)), int(_pick(rng, (0, 1, 1, 1, 2, -1))))
    elif how == 1:
        del shape[int(rng.integers(len(shape)))]
    elif how == 2 and len(shape) > 1:
        shape = [shape[i] for i in rng.permutation(len(shape))]
    else:
        at = int(rng.integers(len(shape)))
        shape[at] = _integer(rng, shape[at])
    tensor.shape = shape


def _scale(rng: Rng, m: Any) -> None:
    quant = _tensor(rng, m).quantization
    if quant is not None and quant.scale is not None and len(quant.scale):
        scale = [float(s) for s in quant.scale]
        at = int(rng.integers(len(scale)))
        value = float(_pick(rng, SCALES)) if rng.random() < 0.6 else scale[at] * 2.0 ** float(rng.integers(-40, 41))
        scale[at] = float(np.float32(np.clip(value, -3.4e38, 3.4e38))) if np.isfinite(value) else value
        quant.scale = scale


def _zero_point(rng: Rng, m: Any) -> None:
    quant = _tensor(rng, m).quantization
    if quant is not None and quant.zeroPoint is not None and len(quant.zeroPoint):
        zero_point = [int(z) for z in quant.zeroPoint]
        zero_point[int(rng.integers(len(zero_point)))] = int(_pick(rng, ZERO_POINTS))
        quant.zeroPoint = zero_point


def _quantization(rng: Rng, m: Any) -> None:
    """None, another tensor's, of another length or axis."""
    tensor, other = _tensor(rng, m), _tensor(rng, m)
    quant, how = tensor.quantization, int(rng.integers(5))
    if how == 0 or quant is None:
        tensor.quantization = other.quantization
    elif how == 1:
        tensor.quantization = None
    elif how == 2:
        quant.quantizedDimension = _integer(rng, quant.quantizedDimension)
    elif quant.scale is not None and len(quant.scale):
        count = int(rng.integers(0, 2 * len(quant.scale) + 2))
        quant.scale = [float(quant.scale[i % len(quant.scale)]) for i in range(count)]
        if how == 3 and quant.zeroPoint is not None and len(quant.zeroPoint):
            quant.zeroPoint = [int(quant.zeroPoint[i % len(quant.zeroPoint)]) for i in range(count)]


def _type(rng: Rng, m: Any) -> None:
    common = ("INT8", "INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32", "INT4", "BOOL")
    kinds = [getattr(schema.TensorType, name) for name in common]
    _tensor(rng, m).type = int(_pick(rng, kinds)) if rng.random() < 0.8 else int(rng.integers(-128, 128))


def _buffer(rng: Rng, m: Any) -> None:
    tensor = _tensor(rng, m)
    tensor.buffer = int(rng.integers(len(m.buffers) + 1)) if rng.random() < 0.8 else int(rng.integers(2**32))


def _data(rng: Rng, m: Any) -> None:
    """A constant of other values, which are what axes and paddings are too, another length, or behind the file."""
    buffer, how = _pick(rng, m.buffers), int(rng.integers(4))
    if buffer.data is None:
        buffer.data = np.frombuffer(rng.bytes(int(rng.integers(1, 17))), np.uint8) if rng.random() < 0.3 else None
    elif how == 0:
        buffer.data = np.frombuffer(rng.bytes(len(buffer.data)), np.uint8)
    elif how == 1:
        buffer.data = np.frombuffer(rng.bytes(int(rng.integers(2 * len(buffer.data) + 2))), np.uint8)
    elif how == 2:
        buffer.offset, buffer.size = (int(abs(_integer(rng))) for _ in range(2))
        buffer.data = buffer.data if rng.random() < 0.5 else None
    elif len(buffer.data) >= 4:
        words = np.frombuffer(bytes(buffer.data[: len(buffer.data) // 4 * 4]), np.int32).copy()
        words[int(rng.integers(len(words)))] = _integer(rng)
        buffer.data = np.frombuffer(words.tobytes(), np.uint8)


def _int4(rng: Rng, m: Any) -> None:
    """A constant as half as many bytes of int4."""
    tensor = _tensor(rng, m)
    buffer = m.buffers[tensor.buffer] if tensor.buffer < len(m.buffers) else schema.BufferT()
    if buffer.data is not None and len(buffer.data):
        tensor.type = schema.TensorType.INT4
        length = (len(buffer.data) + 1) // 2 if rng.random() < 0.7 else int(rng.integers(len(buffer.data)))
        buffer.data = np.asarray(buffer.data[:length], np.uint8)


def _indices(rng: Rng, m: Any) -> None:
    """Of an operator's or the graph's tensors one is another, gone, or there twice."""
    graph = m.subgraphs[0]
    owner = _op(rng, m) if rng.random() < 0.8 else graph
    name, how = str(_pick(rng, ("inputs", "inputs", "outputs"))), int(rng.integers(4))
    old = getattr(owner, name)
    indices = [int(i) for i in (old if old is not None else [])]
    if how == 0 or not indices:
        indices.insert(int(rng.integers(len(indices) + 1)), int(rng.integers(-1, len(graph.tensors))))
    elif how == 1:
        del indices[int(rng.integers(len(indices)))]
    else:
        value = int(rng.integers(-1, len(graph.tensors) + 1)) if how == 2 else _integer(rng)
        indices[int(rng.integers(len(indices)))] = value
    setattr(owner, name, indices)


def _order(rng: Rng, m: Any) -> None:
    ops = m.subgraphs[0].operators
    a, b = (int(rng.integers(len(ops))) for _ in range(2))
    ops[a], ops[b] = ops[b], ops[a]


def _option(rng: Rng, m: Any) -> None:
    options = _op(rng, m).builtinOptions
    names = [name for name, value in vars(options).items() if isinstance(value, int | float)] if options else []
    if names:
        name = str(_pick(rng, names))
        old = getattr(options, name)
        if isinstance(old, float):
            setattr(options, name, float(_pick(rng, SCALES)))
        elif isinstance(old, bool):
            setattr(options, name, not old)
        else:
            is_enum = name in ENUMS
            setattr(options, name, int(rng.integers(-2, 8)) if is_enum else _integer(rng, old))


def _options_table(rng: Rng, m: Any) -> None:
    op = _op(rng, m)
    if rng.random() < 0.5:
        op.builtinOptions, op.builtinOptionsType = None, 0
    else:
        other = _op(rng, m)
        op.builtinOptions, op.builtinOptionsType = other.builtinOptions, other.builtinOptionsType


def _code(rng: Rng, m: Any) -> None:
    code = _pick(rng, m.operatorCodes)
    known = [c.builtinCode for c in m.operatorCodes]
    code.builtinCode = int(_pick(rng, known if rng.random() < 0.5 else BUILTINS))
    code.deprecatedBuiltinCode = int(np.clip(code.builtinCode, 0, 127)) if rng.random() < 0.9 else 0
    if rng.random() < 0.1:
        _op(rng, m).opcodeIndex = int(rng.integers(len(m.operatorCodes) + 2))


def _repeat(rng: Rng, m: Any) -> None:
    """Tensors, operators or buffers once or a hundred times more."""
    graph = m.subgraphs[0]
    items = _pick(rng, (graph.tensors, graph.operators, m.buffers, m.operatorCodes, m.subgraphs))
    items.extend([_pick(rng, items)] * int(_pick(rng, (1, 1, 100))))


def _name(rng: Rng, m: Any) -> None:
    _tensor(rng, m).name = _pick(rng, (None, b"", b"\xff\xfe", b"x" * 100_000, b"\n\r\0\x1b[2J", b"{{ name }}*/"))


def _flags(rng: Rng, m: Any) -> None:
    tensor, how = _tensor(rng, m), int(rng.integers(3))
    if how == 0:
        tensor.isVariable = True
    elif how == 1:
        tensor.shapeSignature = [int(_pick(rng, (-1, 1, 0, 5))) for _ in range(int(rng.integers(5)))]
    else:
        tensor.sparsity = schema.SparsityParametersT()


OBJECTS: tuple[Callable[[Rng, Any], None], ...] = (
    _dims, _dims, _scale, _scale, _zero_point, _quantization, _type, _buffer, _data, _data, _int4, _indices, _indices,
    _order, _option, _option, _options_table, _code, _repeat, _name, _flags,
)  # fmt: skip
