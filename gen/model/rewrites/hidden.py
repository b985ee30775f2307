"""State that operators keep to themselves -> variable tensors: a .tflite whose state is tensors like any other.

Some custom operators have memory from one inference to the next that no tensor of the file stands for. exposed() gives
the first subgraph a variable tensor for each (Operator.keeps), which comes behind the operator's inputs. The tables
that have to name more than they did stand before the file, where a flatbuffer's forward offsets reach from; the new
tensors and operators at its end. Source: the FlatBuffers binary format; TFLite's schema, version 3."""

from collections.abc import Sequence
from typing import Any

import tflite

from gen.model.ops import OPS
from gen.model.ops.operator import Kept
from gen.model.rewrites.flatbuffer import (
    GRAPH_INPUTS,
    GRAPH_NAME,
    GRAPH_OPERATORS,
    GRAPH_OUTPUTS,
    GRAPH_TENSORS,
    OP_CODE,
    OP_INPUTS,
    OP_OUTPUTS,
    TENSOR_IS_VARIABLE,
    TENSOR_NAME,
    TENSOR_SHAPE,
    TENSOR_TYPE,
    Fields,
    Front,
    Old,
    Operator,
    custom_options,
    ints,
    kind_of,
    old,
    operators,
    read_options,
    replace,
    table,
    with_subgraphs,
)

OP_CUSTOM_OPTIONS = 14


def exposed(content: bytes) -> bytes:
    """The model with a tensor for every state; content itself where nothing is hidden. Raises whatever the package
    tflite raises on a damaged file."""
    model = tflite.Model.GetRootAsModel(content, 0)
    graph = model.Subgraphs(0)
    made, added = bytearray(content), list[int]()
    for op in operators(model, graph):
        kept = _kept(graph, op)
        if kept:
            first = graph.TensorsLength() + len(added)
            added += [_variable(made, each, f"state {number} of {op}") for number, each in enumerate(kept)]
            fields: Fields = {
                OP_CODE: op.table.OpcodeIndex(),
                OP_INPUTS: ints((*op.inputs, *range(first, first + len(kept)))),
                OP_OUTPUTS: ints(op.outputs),
                OP_CUSTOM_OPTIONS: (1, custom_options(op.table)),
            }
            replace(made, graph, GRAPH_OPERATORS, op.number, table(made, fields))
    return _with_tensors(bytes(made), added) if added else content


def _kept(graph: Any, op: Operator) -> Sequence[Kept]:
    known = OPS.get(kind_of(op.custom)) if op.builtin == tflite.BuiltinOperator.CUSTOM else None
    if known is None or not op.inputs or not 0 <= op.inputs[0] < graph.TensorsLength():
        return ()
    options = read_options(custom_options(op.table), known.options)
    x = graph.Tensors(op.inputs[0])
    shape = [int(x.Shape(axis)) for axis in range(x.ShapeLength())]
    kept = known.keeps(options, shape) if options else ()
    # Sizes that make no sense are refused when the operator is lowered, which misses its state.
    return kept if all(0 < size < 2**20 for each in kept for size in each.shape) else ()


def _variable(made: bytearray, kept: Kept, name: str) -> int:
    """Where a new tensor is."""
    fields: Fields = {
        TENSOR_SHAPE: ints(kept.shape),
        TENSOR_TYPE: bytes([getattr(tflite.TensorType, kept.dtype.upper())]),
        TENSOR_NAME: (1, name.encode()),
        TENSOR_IS_VARIABLE: b"\1",
    }
    return table(made, fields)


def _with_tensors(content: bytes, added: Sequence[int]) -> bytes:
    """The file behind new tables of the model and of its first subgraph, which names these tensors, too."""
    model = tflite.Model.GetRootAsModel(content, 0)
    graph = model.Subgraphs(0)
    kept = (GRAPH_INPUTS, GRAPH_OUTPUTS, GRAPH_OPERATORS, GRAPH_NAME)
    tensors = [graph.Tensors(number)._tab.Pos for number in range(graph.TensorsLength())]
    first: Fields = {
        GRAPH_TENSORS: [Old(place) for place in (*tensors, *added)],
        **{slot: found for slot in kept if (found := old(graph._tab, slot)) is not None},
    }
    others = [Old(model.Subgraphs(number)._tab.Pos) for number in range(1, model.SubgraphsLength())]
    return with_subgraphs(content, model, [first, *others], Front())
