"""PACK: tensors of one shape along a new axis; any type, bytes moved. Its kernel is CONCATENATION's."""

from math import prod

from gen.model.graph import DTYPES, Graph, Op
from gen.model.ops.operator import Call, Operator, int32_array
from gen.model.ops.quantized import require_shape
from gen.model.ops.shapes import index_of_axis, require_moved


def lower(graph: Graph, op: Op) -> Call:
    xs, y = [graph.input(op, i) for i in range(len(op.inputs))], graph.output(op)
    axis = index_of_axis(op, op.options["Axis"], len(xs[0].shape) + 1)
    shape = xs[0].shape
    for x in xs:
        require_shape(op, x, shape)
    require_shape(op, y, (*shape[:axis], len(xs), *shape[axis:]))
    require_moved(op, *xs, y)
    item = prod(shape[axis:]) * DTYPES[y.dtype].itemsize
    params = {"inner": int32_array([item] * len(xs)), "inputs": len(xs), "outer": prod(shape[:axis])}
    return Call(op, "concatenation", params, tuple(x.index for x in xs), (y.index,))


OPERATOR = Operator("pack", "PACK", "Pack", "PackOptions", {"Axis": 0}, lower, kernels=("concatenation",))
