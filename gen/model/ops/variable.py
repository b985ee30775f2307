"""READ_VARIABLE and ASSIGN_VARIABLE: the bytes of a variable, as gen/model/rewrites/variables.py leaves it to them,
come to a tensor or from one."""

from gen.errors import ModelError
from gen.model.graph import Graph, Op
from gen.model.ops.operator import Call, Operator
from gen.model.ops.shapes import require_moved


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_moved(op, x)
    if x.dtype != y.dtype or x.elements != y.elements:
        raise ModelError(
            f"{op} moves {x.dtype} {x.shape} to {y.dtype} {y.shape}, and what is assigned to a variable or read of it "
            "must be the same data everywhere: the model file is damaged, convert it again."
        )
    return Call(op, "reshape", {"bytes": x.size_bytes}, (x.index,), (y.index,))


OPERATORS = tuple(
    Operator(name, name.upper(), tflm, None, {}, lower, kernels=("reshape",), is_resource=True)
    for name, tflm in (("read_variable", "ReadVariable"), ("assign_variable", "AssignVariable"))
)
