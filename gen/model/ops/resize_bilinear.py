"""RESIZE_BILINEAR: each output between four pixels of the input, at places in 1024ths that are tables made here."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.graph import Array, Graph, Op
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, int32_array, numbers, pointers
from gen.model.ops.quantized import require_int8
from gen.model.ops.shapes import resize_of

ONE_BITS = 10  # of a place, behind the point
ONE = 1 << ONE_BITS


def places(op: Op, size: int, out: int, *, align: bool, half: bool) -> Array:
    """Where among the input's rows each output row is, in 1024ths: TFLite's ComputeInterpolationValuesInteger, but for
    places before the first row, which count as it. Raises UnsupportedOp."""
    scale = (ONE * size + out // 2) // out
    if align and out > 1:
        scale = (ONE * (size - 1) + (out - 1) // 2) // (out - 1)
    found = np.arange(out, dtype=np.int64) * scale
    if half:
        found += scale // 2 - ONE // 2
    if found.max() >= size * ONE:
        raise UnsupportedOp(
            f"{op} enlarges {size} rows or columns to {out}, so many that TFLM reads behind its input: resize in two "
            "steps."
        )
    return int32_array(np.clip(found, 0, (size - 1) * ONE))


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_int8(op, x, y)
    to = resize_of(graph, op)
    n, h, w, c = x.shape
    params = {
        "rows": places(op, h, to.height, align=to.align, half=to.half),
        "columns": places(op, w, to.width, align=to.align, half=to.half),
        "batches": n, "in_h": h, "in_w": w, "out_h": to.height, "out_w": to.width, "channels": c,
    }  # fmt: skip
    return Call(op, "resize_bilinear", params, (x.index,), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].reshape(p["batches"], p["in_h"], p["in_w"], p["channels"]).astype(np.int64)
    for axis, name, size in ((1, "rows", p["in_h"]), (2, "columns", p["in_w"])):
        low, far = np.divmod(np.asarray(p[name], np.int64), ONE)
        weight = far.reshape(-1, *(1,) * (3 - axis))
        x = np.take(x, low, axis) * (ONE - weight) + np.take(x, np.minimum(low + 1, size - 1), axis) * weight
    half = ONE * ONE // 2
    rounded: Array = np.where(x > 0, (x + half) // (ONE * ONE), -((half - x) // (ONE * ONE))).astype(np.int8)
    return rounded


KERNEL = Kernel(
    "resize_bilinear",
    CStruct(
        "nn_resize_bilinear_t",
        pointers("int32_t", "rows columns") + numbers("int32_t", "batches in_h in_w out_h out_w channels"),
        "reduction",
    ),
    reference,
)
OPERATOR = Operator(
    "resize_bilinear",
    "RESIZE_BILINEAR",
    "ResizeBilinear",
    "ResizeBilinearOptions",
    {"AlignCorners": False, "HalfPixelCenters": False},
    lower,
    nodes=("resize",),
)
