"""RESIZE_NEAREST_NEIGHBOR: rows and columns of the input, picked by tables that are made here; any type."""

import math

import numpy as np

from gen.errors import ModelError, UnsupportedOp
from gen.model.graph import Graph, Op
from gen.model.ops.operator import Call, Operator
from gen.model.ops.picking import pick_call
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
    rows, columns = picked(h, sizes[0], align=align, half=half), picked(w, sizes[1], align=align, half=half)
    return pick_call(op, x, y, [np.arange(n) * h * w * c, np.array(rows) * w * c, np.array(columns) * c, np.arange(c)])


OPERATOR = Operator(
    "resize_nearest_neighbor",
    "RESIZE_NEAREST_NEIGHBOR",
    "ResizeNearestNeighbor",
    "ResizeNearestNeighborOptions",
    {"AlignCorners": False, "HalfPixelCenters": False},
    lower,
    kernels=("pick",),
    nodes=("resize",),
)
