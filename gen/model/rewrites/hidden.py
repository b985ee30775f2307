"""State that operators keep to themselves -> variable tensors: a .tflite whose state is tensors like any other.

Some custom operators have memory from one inference to the next that no tensor of the file stands for. exposed() gives
the first subgraph a variable tensor for each (Operator.keeps), which comes behind the operator's inputs. The tables
that have to name more than they did stand before the file, where a flatbuffer's forward offsets reach from; the new
tensors and operators at its end. Source: the FlatBuffers binary format; TFLite's schema, version 3."""

import struct
from collections.abc import Sequence
from typing import Any

import tflite

from gen.model.ops import OPS
from gen.model.ops.operator import Kept
from gen.model.rewrites.flatbuffer import (
    GRAPH_OPERATORS,
    OP_CODE,
    OP_INPUTS,
    OP_OUTPUTS,
    TENSOR_IS_VARIABLE,
    TENSOR_NAME,
    TENSOR_SHAPE,
    TENSOR_TYPE,
    Fields,
    Head,
    Operator,
    custom_options,
    follow,
    ints,
    kind_of,
    operators,
    read_options,
    replace,
    table,
)
from gen.model.rewrites.inline import ALIGNMENT

OP_CUSTOM_OPTIONS = 14
# Fields of tables, as the schema numbers them.
MODEL_SUBGRAPHS, MODEL_FIELDS, GRAPH_TENSOR_LIST, GRAPH_FIELDS = 2, 8, 0, 5


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
    root, graphs, first = model._tab, model.SubgraphsLength(), graph._tab
    head = Head(content)
    model_fields = [n for n in range(MODEL_FIELDS) if root.Offset(4 + 2 * n)]
    graph_fields = [n for n in range(GRAPH_FIELDS) if first.Offset(4 + 2 * n)]
    at, places = head.table(model_fields)
    graph_list = head.vector(graphs)
    subgraph, graph_places = head.table(graph_fields)
    tensors = graph.TensorsLength()
    tensor_list = head.vector(tensors + len(added))
    head.add(bytes(-len(head.made) % ALIGNMENT))
    struct.pack_into("<I", head.made, 0, at)
    struct.pack_into("<I", head.made, places[0], model.Version())
    for old, fields, new in ((root, model_fields[1:], places), (first, graph_fields, graph_places)):
        for number in fields:
            head.point_behind(new[number], follow(content, old.Pos + old.Offset(4 + 2 * number)))
    head.point(places[MODEL_SUBGRAPHS], graph_list)
    head.point(graph_places[GRAPH_TENSOR_LIST], tensor_list)
    start = root.Vector(root.Offset(4 + 2 * MODEL_SUBGRAPHS))
    head.point(graph_list + 4, subgraph)
    for number in range(1, graphs):
        head.point_behind(graph_list + 4 + 4 * number, follow(content, start + 4 * number))
    start = first.Vector(first.Offset(4))
    old_tensors = [follow(content, start + 4 * number) for number in range(tensors)]
    for number, place in enumerate([*old_tensors, *added]):
        head.point_behind(tensor_list + 4 + 4 * number, place)
    return head.put_before()
