"""RESHAPE, SQUEEZE and EXPAND_DIMS: the same bytes under another shape. The output tensor's shape counts; the shape
input (constant or not) and the attribute, of which files have one, both or neither, say the same and are not read."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import ModelError
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops.interval import Interval
from gen.model.ops.operator import Call, Channels, CStruct, Kernel, Operator, numbers
from gen.model.ops.shapes import MOVED, require_moved


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_moved(op, x)
    if x.dtype != y.dtype or x.elements != y.elements:
        raise ModelError(
            f"{op} makes {y.dtype} {y.shape} of {x.dtype} {x.shape}, which is not the same data: the model file is "
            "damaged, convert it again."
        )
    return Call(op, "reshape", {"bytes": x.size_bytes}, (x.index,), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    return inputs[0]


def interval(call: Call, x: Interval, y: Tensor) -> Interval:
    channels = y.shape[-1] if y.shape else 1
    if channels % len(x.low) == 0:  # whole positions move into the last axis: each keeps its channel's interval
        return Interval(np.tile(x.low, channels // len(x.low)), np.tile(x.high, channels // len(x.low)))
    return Interval(np.full(channels, x.low.min()), np.full(channels, x.high.max()))


def view(params: Mapping[str, Any]) -> Sequence[int] | None:
    return (0,)


def channels(params: Mapping[str, Any]) -> Channels:
    return Channels.TILED


KERNEL = Kernel(
    "reshape",
    CStruct("nn_reshape_t", numbers("int32_t", "bytes"), "movement"),
    reference,
    in_place=True,
    view=view,
    channels=channels,
    interval=interval,
    types=MOVED,
)
OPERATOR = Operator("reshape", "RESHAPE", "Reshape", None, {}, lower, is_view=True, interpreter=("reshape",))
# Their options and axes say no more than the output's shape.
SQUEEZE = Operator("squeeze", "SQUEEZE", "Squeeze", None, {}, lower, kernels=("reshape",), is_view=True)
EXPAND_DIMS = Operator("expand_dims", "EXPAND_DIMS", "ExpandDims", None, {}, lower, kernels=("reshape",), is_view=True)
OPERATORS = (OPERATOR, SQUEEZE, EXPAND_DIMS)
