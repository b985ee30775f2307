"""IF and WHILE, as gen/model/rewrites/control.py has unrolled them: operators that only say what comes next have no
kernel, the others copy bytes."""

from gen.errors import ModelError, UnsupportedOp
from gen.model.graph import Graph, Op, Role
from gen.model.ops.operator import NO_KERNEL, Call, Operator


def lower(graph: Graph, op: Op) -> Call:
    if op.role is None:
        raise UnsupportedOp(
            f"{op} calls the subgraph that it is in, which TFLM does not run: make it a loop."
            if op.has_options
            else f"{op} has no options in the file, so what it calls is unknown: convert the model again."
        )
    if op.role is Role.COPY:
        return _copy(graph, op)
    if op.role in (Role.BRANCH, Role.TEST):
        condition = graph.input(op, 0)
        if condition.dtype != "bool" or condition.elements != 1:
            raise UnsupportedOp(
                f"{op} is decided by {condition.dtype} {condition.shape}, and TFLM takes one bool: compare before it."
            )
    return Call(op, NO_KERNEL, {}, tuple(i for i in op.inputs if i >= 0), ())


def _copy(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    if x.dtype != y.dtype or x.elements != y.elements:
        raise ModelError(
            f"{op} hands {x.dtype} {x.shape} on as {y.dtype} {y.shape}, and TFLM copies it as it is: the subgraphs "
            "that it calls must take and give the same as it does."
        )
    return Call(op, "reshape", {"bytes": x.size_bytes}, (x.index,), (y.index,))


OPERATORS = tuple(
    Operator(name, name.upper(), tflm, None, {}, lower, kernels=("reshape",), is_control=True)
    for name, tflm in (("if", "If"), ("while", "While"))
)
