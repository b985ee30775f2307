"""RESIZE_NEAREST_NEIGHBOR: rows and columns of the input, picked by tables that are made here; any type."""

import math

import numpy as np

from gen.model.graph import Graph, Op
from gen.model.ops.operator import Call, Operator
from gen.model.ops.picking import pick_call
from gen.model.ops.shapes import require_moved, resize_of


def picked(size: int, out: int, *, align: bool, half: bool) -> list[int]:
    """Of which input row each output row is: TFLite's GetNearestNeighbor, in float32."""
    scale = np.float32(size - 1) / np.float32(out - 1) if align and out > 1 else np.float32(size) / np.float32(out)
    places = (np.arange(out).astype(np.float32) + np.float32(0.5 if half else 0)) * scale
    rows = [math.floor(float(place) + 0.5) if align else math.floor(float(place)) for place in places]
    return [max(min(row, size - 1), 0) for row in rows]


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_moved(op, x, y)
    to = resize_of(graph, op)
    n, h, w, c = x.shape
    rows = np.array(picked(h, to.height, align=to.align, half=to.half))
    columns = np.array(picked(w, to.width, align=to.align, half=to.half))
    return pick_call(op, x, y, [np.arange(n) * h * w * c, rows * w * c, columns * c, np.arange(c)])


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
