"""RESIZE_NEAREST_NEIGHBOR: rows and columns of the input, picked by tables that are made here; any type."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import ModelError, UnsupportedOp
from gen.model.graph import DTYPES, Array, Graph, Op
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, int32_array, numbers, pointers
from gen.model.ops.quantized import require_rank, require_shape
from gen.model.ops.shapes import constant_input, require_moved


def picked(size: int, out: int, *, align: bool, half: bool) -> list[int]:
    """Of which input row each output row is: TFLite's GetNearestNeighbor, in float32."""
    scale = np.float32(size - 1) / np.float32(out - 1) if align and out > 1 else np.float32(size) / np.float32(out)
    places = (np.arange(out).astype(np.float32) + np.float32(0.5 if half else 0)) * scale
    rows = [math.floor(float(place) + 0.5) if align else math.floor(float(place)) for place in places]
    return [max(min(row, size - 1), 0) for row in rows]


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_rank(op, 4, x, y)
    require_moved(op, x, y)
    sizes = constant_input(graph, op, 1, "sizes", ("int32",)).reshape(-1).tolist()
    align, half = bool(op.options["AlignCorners"]), bool(op.options["HalfPixelCenters"])
    n, h, w, c = x.shape
    if len(sizes) != 2 or min(sizes) < 1:
        raise ModelError(f"{op} resizes to {sizes}: the model file is damaged, convert it again.")
    if align and half:
        raise UnsupportedOp(f"{op} has aligned corners and half-pixel centers, which exclude each other.")
    require_shape(op, y, (n, *sizes, c))
    params = {
        "rows": int32_array(picked(h, sizes[0], align=align, half=half)),
        "columns": int32_array(picked(w, sizes[1], align=align, half=half)),
        "batches": n, "in_h": h, "in_w": w, "out_h": sizes[0], "out_w": sizes[1], "run": c * DTYPES[x.dtype].itemsize,
    }  # fmt: skip
    return Call(op, "resize_nearest_neighbor", params, (x.index,), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    rows, columns = np.asarray(p["rows"]), np.asarray(p["columns"])
    return inputs[0].reshape(p["batches"], p["in_h"], p["in_w"], -1)[:, rows][:, :, columns]


KERNEL = Kernel(
    "resize_nearest_neighbor",
    CStruct(
        "nn_resize_nearest_neighbor_t",
        pointers("int32_t", "rows columns") + numbers("int32_t", "batches in_h in_w out_h out_w run"),
        "movement",
    ),
    reference,
)
OPERATOR = Operator(
    "resize_nearest_neighbor",
    "RESIZE_NEAREST_NEIGHBOR",
    "ResizeNearestNeighbor",
    "ResizeNearestNeighborOptions",
    {"AlignCorners": False, "HalfPixelCenters": False},
    lower,
)
