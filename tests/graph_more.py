"""More operators for tests/graphs.py, which come last in a network and are drawn apart from the others."""

from collections.abc import Callable
from math import prod

import numpy as np

from tests.graph_builder import ACTIVATIONS, MAX_ELEMENTS, Builder, Y
from tests.tiny import T


def _image(b: Builder) -> int | None:
    return b.pick(lambda tensor: len(tensor.shape) == 4)


def _resize(b: Builder) -> bool:
    x = _image(b)
    if x is None:
        return False
    n, h, w, c = b.tensors[x].shape
    sizes, kind = (b.upto(1, 2 * h), b.upto(1, 2 * w)), b.one("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR")
    if n * prod(sizes) * c > MAX_ELEMENTS:
        return False
    table = "ResizeBilinearOptions" if kind == "RESIZE_BILINEAR" else "ResizeNearestNeighborOptions"
    options = {b.one("halfPixelCenters", "alignCorners"): b.chance(0.6)}
    b.add(kind, [x, b.int32(sizes)], Y((n, *sizes, c), *b.like(x)), options, table)
    return True


def _mirror_pad(b: Builder) -> bool:
    x = b.pick(lambda tensor: len(tensor.shape) <= 4)
    if x is None:
        return False
    shape, mode = tuple(b.tensors[x].shape), b.upto(0, 1)
    widths = [[b.upto(0, min(size - 1 + mode, 2)) for _ in range(2)] for size in shape]
    result = tuple(n + before + after for n, (before, after) in zip(shape, widths, strict=True))
    if prod(result) > MAX_ELEMENTS:
        return False
    b.add("MIRROR_PAD", [x, b.int32(widths)], Y(result, *b.like(x)), {"mode": mode}, "MirrorPadOptions")
    return True


def _gather(b: Builder) -> bool:
    x = b.pick(lambda tensor: len(tensor.shape) <= 4)
    if x is None:
        return False
    shape = tuple(b.tensors[x].shape)
    axis = b.upto(0, len(shape) - 1)
    picks = b.rng.integers(0, shape[axis], b.upto(1, shape[axis]))
    result = (*shape[:axis], len(picks), *shape[axis + 1 :])
    b.add("GATHER", [x, b.int32(picks)], Y(result, *b.like(x)), {"axis": axis}, "GatherOptions")
    return True


def _matmul(b: Builder) -> bool:
    """By a constant, or of a tensor and itself transposed."""
    x = b.pick(lambda tensor: 2 <= len(tensor.shape) <= 4)
    if x is None:
        return False
    (*ahead, rows, depth), (scale, _) = b.tensors[x].shape, b.like(x)
    squared, adj_y = b.chance(0.4), True
    other, columns, other_scale = x, rows, scale
    if not squared:
        columns, adj_y, other_scale = b.upto(1, 9), b.chance(0.5), b.scale(0.01)
        other = b.constant((columns, depth) if adj_y else (depth, columns), other_scale, b.zero_point())
    if prod(ahead) * rows * columns > MAX_ELEMENTS:
        return False
    y = Y((*ahead, rows, columns), b.scale(80 * scale * other_scale * depth**0.5), b.zero_point())
    b.add("BATCH_MATMUL", [x, other], y, {"adjY": adj_y}, "BatchMatMulOptions")
    return True


def _transpose_conv(b: Builder) -> bool:
    x = _image(b)
    if x is None:
        return False
    n, h, w, in_c = b.tensors[x].shape
    (scale, _), out_c, k, stride = b.like(x), b.upto(1, 8), b.upto(1, 4), b.upto(1, 2)
    result = (n, h * stride, w * stride, out_c)
    if prod(result) > MAX_ELEMENTS:
        return False
    middle = b.scale(0.01)
    scales = [b.scale(middle) for _ in range(out_c)]
    inputs = [b.int32(result), b.constant((out_c, k, k, in_c), scales, low=-127), x]
    if b.chance(0.6):
        bias_scales = [float(np.float32(scale * each)) for each in scales]
        inputs.append(b.tensor(T((out_c,), "int32", bias_scales, data=b.rng.integers(-3000, 3000, out_c))))
    options = {"strideH": stride, "strideW": stride, "fusedActivationFunction": b.one(*ACTIVATIONS)}
    y = Y(result, b.scale(60 * scale * middle * k * in_c**0.5), b.zero_point())
    b.add("TRANSPOSE_CONV", inputs, y, options, "TransposeConvOptions")
    return True


def _along(b: Builder) -> bool:
    """CUMSUM, LOG_SOFTMAX, L2_NORMALIZATION or ADD_N."""
    x = b.pick(lambda tensor: 2 <= len(tensor.shape) <= 4 and tensor.shape[-1] < 512)
    if x is None:
        return False
    shape, (scale, _) = tuple(b.tensors[x].shape), b.like(x)
    kind = b.one("CUMSUM", "LOG_SOFTMAX", "L2_NORMALIZATION", "ADD_N")
    if kind == "LOG_SOFTMAX":
        b.add(kind, [x], Y(shape, 1 / 16, 127), {}, "LogSoftmaxOptions")
    elif kind == "L2_NORMALIZATION":
        b.add(kind, [x], Y(shape, 1 / 128, 0), {}, "L2NormOptions")
    elif kind == "CUMSUM":
        inputs = [x, b.int32([b.upto(0, len(shape) - 1)])]
        b.add(kind, inputs, Y(shape, b.scale(4 * scale), b.zero_point()), {"reverse": b.chance(0.5)}, "CumsumOptions")
    else:
        b.add(kind, [x] * b.upto(2, 4), Y(shape, b.scale(3 * scale), b.zero_point()))
    return True


MORE: tuple[Callable[[Builder], bool], ...] = (_resize, _mirror_pad, _gather, _matmul, _transpose_conv, _along)
