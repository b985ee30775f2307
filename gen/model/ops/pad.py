"""PAD and PADV2 on int8 and int16, up to five axes that can't be merged; the value is the output's zero or
PADV2's constant."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import ModelError, UnsupportedOp, brief
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_int8_or_int16, require_shape
from gen.model.ops.shapes import constant_input

MAX_AXES = 5  # of nn_pad_t, after merging


def pad_value(graph: Graph, op: Op, y: Tensor) -> int:
    """The value to put around x. Raises UnsupportedOp, NotQuantized, ModelError."""
    value = graph.optional_input(op, 2)
    if value is None:
        return y.zero_point
    require_int8_or_int16(op, y, value)
    data = constant_input(graph, op, 2, "padding values", (y.dtype,))
    if data.size != 1:
        raise ModelError(f"{op} pads with {data.size} values, not one: the model file is damaged, convert it again.")
    if (value.scale, value.zero_point) != (y.scale, y.zero_point):
        raise UnsupportedOp(
            f"{op} has a padding value of another scale or zero point than its output's, which TFLM refuses: "
            "quantize the model with a converter that gives them the same."
        )
    return int(data.reshape(-1)[0])


def merge(dims: tuple[int, ...], before: list[int], after: list[int]) -> list[tuple[int, int, int]]:
    """(dim, before, after) with every axis that has no padding merged into the one outside it."""
    axes: list[tuple[int, int, int]] = []
    for dim, first, last in zip(dims, before, after, strict=True):
        if axes and first == last == 0:
            axes[-1] = tuple(n * dim for n in axes[-1])  # type: ignore[assignment]
        else:
            axes.append((dim, first, last))
    return axes


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_int8_or_int16(op, x, y)
    paddings = constant_input(graph, op, 1, "paddings", ("int32", "int64"))
    rank = len(x.shape)
    if paddings.shape != (rank, 2) or paddings.min(initial=0) < 0:
        raise ModelError(
            f"{op} has paddings {brief(paddings.tolist())} for an input of shape {x.shape}: the model file is damaged, "
            "convert it again."
        )
    before, after = paddings[:, 0].tolist(), paddings[:, 1].tolist()
    require_shape(op, y, (b + dim + a for b, dim, a in zip(before, x.shape, after, strict=True)))
    axes = merge(x.shape, before, after)
    if len(axes) > MAX_AXES:
        raise UnsupportedOp(f"{op} pads {len(axes)} axes: at most {MAX_AXES} are supported, pad in two steps.")
    axes = [(1, 0, 0)] * (MAX_AXES - len(axes)) + axes
    dims, before, after = (list(column) for column in zip(*axes, strict=True))
    params = {"dims": tuple(dims), "before": tuple(before), "after": tuple(after), "value": pad_value(graph, op, y)}
    return Call(op, "pad" if x.dtype == "int8" else "pad_int16", params, (x.index,), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    widths = list(zip(p["before"], p["after"], strict=True))
    return np.pad(inputs[0].reshape(p["dims"]), widths, constant_values=p["value"])


def view(params: Mapping[str, Any]) -> Sequence[int] | None:
    return None if any(params["before"]) or any(params["after"]) else (0,)


AXES = numbers("int32_t", "dims[5] before[5] after[5]")
KERNELS = (
    Kernel("pad", CStruct("nn_pad_t", AXES + numbers("int8_t", "value")), reference, view=view, pads=True),
    Kernel(
        "pad_int16",
        CStruct("nn_pad_int16_t", AXES + numbers("int16_t", "value"), "elementwise_int16"),
        reference,
        view=view,
        pads=True,
        types=("int16",),
    ),
)
NAMES = tuple(kernel.name for kernel in KERNELS)
OPERATOR = Operator("pad", "PAD", "Pad", None, {}, lower, kernels=NAMES, interpreter=("pad",), prepared=NAMES[1:])
OPERATOR_V2 = Operator(
    "padv2", "PADV2", "PadV2", None, {}, lower, kernels=NAMES, interpreter=("pad",), prepared=NAMES[1:]
)
