"""RELU6 on int8 and int16: clamped between the input's 0 and 6, and no more.

TFLM never rescales here, whatever the output's scale and zero point say (its Relu6Prepare looks at the input alone),
while TFLite's converter writes stand-alone RELU6 with an output scale of its own. The device must give TFLM's bytes,
so that is what this computes."""

from gen.model.fixed_point import activation_range
from gen.model.graph import Graph, Op
from gen.model.ops.operator import Call, Operator
from gen.model.ops.quantized import require_coarse, require_int8_or_int16, require_shape
from gen.model.ops.requantize import IDENTITY, requantize_call
from gen.model.ops.rescale import rescale_call


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_int8_or_int16(op, x, y)
    require_shape(op, y, x.shape)
    require_coarse(op, x)
    act_range = activation_range("relu6", x.scale, x.zero_point, x.dtype)
    if x.dtype == "int16":
        return rescale_call(op, x, y, IDENTITY, act_range)
    zero_points = (x.zero_point, x.zero_point)
    return requantize_call(op, x, y, rescaling=IDENTITY, zero_points=zero_points, act_range=act_range)


OPERATOR = Operator(
    "relu6",
    "RELU6",
    "Relu6",
    None,
    {},
    lower,
    kernels=("requantize", "rescale"),
    interpreter=("relu6", "requantize"),
    prepared=("rescale",),
    activation="relu6",
    only_types=("int8", "int16"),
)
