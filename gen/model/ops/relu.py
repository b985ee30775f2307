"""RELU on int8 and int16: rescaled from the input's to the output's scale, then clamped at the output's zero."""

from gen.model.fixed_point import activation_range
from gen.model.graph import Graph, Op
from gen.model.ops.operator import Call, Operator
from gen.model.ops.quantized import require_int8_or_int16, require_shape
from gen.model.ops.requantize import requantize_call, rescale
from gen.model.ops.rescale import rescale_call


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_int8_or_int16(op, x, y)
    require_shape(op, y, x.shape)
    act_range = activation_range("relu", y.scale, y.zero_point, x.dtype)
    if x.dtype == "int16":
        return rescale_call(op, x, y, rescale(op, x, y), act_range)
    zero_points = (x.zero_point, y.zero_point)
    return requantize_call(op, x, y, rescaling=rescale(op, x, y), zero_points=zero_points, act_range=act_range)


OPERATOR = Operator(
    "relu",
    "RELU",
    "Relu",
    None,
    {},
    lower,
    kernels=("requantize", "rescale"),
    interpreter=("relu", "requantize"),
    prepared=("rescale",),
    activation="relu",
    only_types=("int8", "int16"),
)
