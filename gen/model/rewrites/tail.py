"""A float tail is cut off: what a model computes in float32 behind its last DEQUANTIZE operators, such as a SOFTMAX
that was not quantized, is left to whoever reads the device's output.

The model that is built ends at the integer tensors that those operators read. The file is rewritten, so that reference,
engines and upstream TFLM all take the same one: its list of operators becomes shorter, and the new list of outputs
stands at its end. What only the tail used stays in the file and is read by nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tflite

from gen.model.ops import OPS
from gen.model.rewrites.flatbuffer import Operator, keep, operators, set_outputs, text
from gen.model.rewrites.inline import inline

# Operators that only move values or turn one type into another: float32 in them is computed nowhere.
MOVING = {getattr(tflite.BuiltinOperator, kind.upper()) for kind, row in OPS.items() if row.is_rim or row.is_view}
INTEGERS = {tflite.TensorType.INT8: "int8", tflite.TensorType.UINT8: "uint8", tflite.TensorType.INT16: "int16",
            tflite.TensorType.INT32: "int32"}  # fmt: skip
SHOWN = 12  # operators or outputs that are counted out in a sentence


@dataclass(frozen=True)
class Cut:
    """The file without a float tail, the numbers that its operators had before, and what a person has to know: which
    operators are gone, and what the device's outputs are; None where nothing was cut."""

    content: bytes
    numbers: tuple[int, ...]
    sentence: str | None


@dataclass(frozen=True)
class _Tail:
    """Operators that go, by number; those of them that compute; the outputs that stand for the old ones, and which of
    them are in place of float ones."""

    gone: frozenset[int]
    computing: tuple[Operator, ...]
    outputs: tuple[int, ...]
    given: frozenset[int]


def whole(content: bytes) -> Cut:
    """The model that is built, as one flatbuffer. Raises as inline() and cut() do."""
    return cut(inline(content))


def cut(content: bytes) -> Cut:
    """The model without its float tail; content itself where it has none, or goes back to integers, reads a float input
    or keeps float state there. Raises whatever the package tflite raises on a damaged file."""
    model = tflite.Model.GetRootAsModel(content, 0)
    graph = model.Subgraphs(0)
    ops = list(operators(model, graph))
    tail = _tail(graph, ops)
    if tail is None:
        return Cut(content, tuple(op.number for op in ops), None)
    kept = tuple(op.number for op in ops if op.number not in tail.gone)
    made = bytearray(content)
    keep(made, graph, kept)
    set_outputs(made, graph, tail.outputs)
    return Cut(bytes(made), kept, _sentence(graph, ops, tail))


def _tail(graph: Any, ops: Sequence[Operator]) -> _Tail | None:
    """What is to be cut off; None where that is nothing, or can't be."""
    tables = [graph.Tensors(index) for index in range(graph.TensorsLength())]
    old = [graph.Outputs(i) for i in range(graph.OutputsLength())]
    written = [i for op in ops for i in op.outputs]
    fed = {graph.Inputs(i) for i in range(graph.InputsLength())}
    read = [i for op in ops for i in op.inputs if i != -1]
    if len(set(written)) < len(written) or not {*old, *written, *fed, *read} <= set(range(len(tables))):
        return None  # damaged, which the reader tells
    constant = set(range(len(tables))) - set(written) - fed - {i for i, t in enumerate(tables) if t.IsVariable()}
    # Tensor of float32 -> the integer tensors that it is computed from, by DEQUANTIZE, constants and float32 alone.
    origins: dict[int, tuple[int, ...]] = {}
    behind: dict[int, Operator] = {}  # by number: what computes in float32, and all that reads of it
    lost: set[int] = set()
    for op in ops:
        inputs = [i for i in op.inputs if i != -1 and i not in constant]
        found = _origins(tables, op, inputs, set(written), origins)
        if found is not None:
            origins.update(dict.fromkeys(op.outputs, found))
        if not lost.isdisjoint(inputs) or _computes(tables, op):
            if found is None:
                return None
            behind[op.number] = op
            lost.update(op.outputs)
    instead = {index: origins[index] for index in old if index in lost}
    if not instead or not all(instead.values()):
        return None
    outputs = tuple(dict.fromkeys(new for index in old for new in instead.get(index, (index,))))
    computing = tuple(op for op in behind.values() if op.builtin not in MOVING)
    given = frozenset(new for several in instead.values() for new in several)
    return _Tail(_gone(ops, behind, origins, outputs), computing, outputs, given)


def _computes(tables: Sequence[Any], op: Operator) -> bool:
    """Whether the operator computes in float32."""
    types = {tables[i].Type() for i in (*op.inputs, *op.outputs) if i != -1}
    return op.builtin not in MOVING and tflite.TensorType.FLOAT32 in types


def _origins(
    tables: Sequence[Any],
    op: Operator,
    inputs: Sequence[int],
    written: set[int],
    origins: dict[int, tuple[int, ...]],
) -> tuple[int, ...] | None:
    """The integer tensors that the operator's outputs are computed from; None where they are no such float32. inputs:
    its own without constants."""
    results = [tables[i] for i in op.outputs]
    if not results or any(t.Type() != tflite.TensorType.FLOAT32 or t.IsVariable() for t in results):
        return None
    if op.builtin == tflite.BuiltinOperator.DEQUANTIZE and inputs and _is_given(tables[inputs[0]]):
        return tuple(inputs) if inputs[0] in written else None
    if any(i not in origins for i in inputs):
        return None
    return tuple(dict.fromkeys(origin for i in inputs for origin in origins[i]))


def _is_given(table: Any) -> bool:
    """Whether a tensor can be an output in place of its real values: integers with one scale and zero point."""
    quant = table.Quantization()
    whole = quant is not None and quant.ScaleLength() == 1 and quant.ZeroPointLength() == 1
    return whole and table.Type() in INTEGERS and not table.IsVariable()


def _gone(
    ops: Sequence[Operator], behind: dict[int, Operator], origins: dict[int, tuple[int, ...]], outputs: Sequence[int]
) -> frozenset[int]:
    """What is behind, and what of float32 only that needs."""
    gone, unread = set(behind), {i for op in behind.values() for i in op.inputs}
    needed = set(outputs)
    for op in reversed(ops):
        if op.number in gone:
            continue
        of_tail = all(i in origins for i in op.outputs) and not unread.isdisjoint(op.outputs)
        if of_tail and needed.isdisjoint(op.outputs):
            gone.add(op.number)
            unread.update(op.inputs)
        else:
            needed.update(op.inputs)
    return frozenset(gone)


def _sentence(graph: Any, ops: Sequence[Operator], tail: _Tail) -> str:
    roots = [op for op in ops if op.builtin == tflite.BuiltinOperator.DEQUANTIZE and op.inputs[0] in tail.given]
    numbers = _several([str(op.number) for op in roots])
    behind = f"operator{'s' if len(roots) > 1 else ''} {numbers} ({roots[0].title})"
    kinds = _several(list(dict.fromkeys(op.title for op in tail.computing)))
    outputs = [
        f"tensor {text(graph.Tensors(index).Name())!r} as output {number} ({_value(graph.Tensors(index))})"
        for number, index in enumerate(tail.outputs)
        if index in tail.given
    ]
    return (
        f"behind {behind} the model goes on in float32, with {kinds}, and is cut off there: the device gives "
        f"{_several(outputs)}, and the rest is to be computed from that."
    )


def _value(table: Any) -> str:
    """What an element stands for: "int8, of real value 0.05 * (element + 128)"."""
    quant = table.Quantization()
    zero_point = int(quant.ZeroPoint(0))
    offset = f"(element {'-' if zero_point > 0 else '+'} {abs(zero_point)})" if zero_point else "element"
    return f"{INTEGERS[table.Type()]}, of real value {np.float32(quant.Scale(0))!s} * {offset}"


def _several(words: Sequence[str]) -> str:
    """ "a", "a and b" or "a, b and 7 more"."""
    more = [f"{len(words) - SHOWN} more"] if len(words) > SHOWN else []
    shown = [*words[:SHOWN], *more]
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0]
