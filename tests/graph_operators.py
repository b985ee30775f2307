"""Operators for tests/graphs.py: each adds one of its kind, of random form, to a model in the making."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from tests.graph_builder import ACTIVATIONS, FIXED, MAX_ELEMENTS, PROBABILITY, Builder, Y
from tests.tiny import O, T


def _window(b: Builder) -> tuple[int, int, int]:
    """(kernel, stride, dilation) along an axis; the window may be larger than the input."""
    return b.upto(1, 5), b.one(1, 1, 2, 3), b.one(1, 1, 1, 2, 3)


def _after(size: int, kernel: int, stride: int, dilation: int, padding: int) -> int:
    span = (kernel - 1) * dilation + 1
    return -(-size // stride) if padding == 0 else (size - span + stride) // stride


def _image(b: Builder) -> int | None:
    return b.pick(lambda tensor: len(tensor.shape) == 4)


def _convolution(b: Builder) -> bool:
    x = _image(b)
    if x is None:
        return False
    in_c = b.tensors[x].shape[3]
    (k_h, s_h, d_h), (k_w, s_w, d_w) = _window(b), _window(b)
    if b.usual or b.chance(0.2):
        k_h = k_w = b.one(1, 3, 3)
        d_h = d_w = 1
        s_h = s_w = b.one(1, 1, 1, 2)
    padding, depthwise = b.one(0, 0, 1), b.chance(0.45)
    groups = (
        1 if depthwise or b.usual or b.chance(0.8) else int(b.one(*(g for g in range(1, in_c + 1) if in_c % g == 0)))
    )
    if depthwise:
        out_c = in_c * (1 if b.usual else b.one(1, 1, 1, 2, 3))
    elif b.usual:
        out_c = b.one(in_c, in_c, 8, 12, 16, 24)
    else:
        out_c = groups * b.one(b.upto(1, 9), b.upto(1, 9), 4, 8, 16, 24, 32)
    window = _Window((k_h, k_w), (s_h, s_w), (d_h, d_w), padding, groups, depthwise)
    return _convolve(b, x, out_c, window) is not None


@dataclass(frozen=True)
class _Window:
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int] = (1, 1)
    padding: int = 0  # SAME
    groups: int = 1
    depthwise: bool = False


def _convolve(b: Builder, x: int, out_c: int, w: _Window) -> int | None:
    """The output of a convolution, None where it would be too large or nothing."""
    batches, in_h, in_w, in_c = b.tensors[x].shape
    out_h, out_w = (
        _after(n, kernel, stride, dilation, w.padding)
        for n, kernel, stride, dilation in zip((in_h, in_w), w.kernel, w.stride, w.dilation, strict=True)
    )
    if min(out_h, out_w) < 1 or out_h * out_w * out_c * batches > MAX_ELEMENTS or out_c > 64:
        return None
    depth = 1 if w.depthwise else in_c // w.groups
    shape = (1, *w.kernel, out_c) if w.depthwise else (out_c, *w.kernel, depth)
    inputs, scale = _weighted(b, x, shape, axis=3 if w.depthwise else 0)
    options = {"padding": w.padding, "strideH": w.stride[0], "strideW": w.stride[1], "dilationHFactor": w.dilation[0],
               "dilationWFactor": w.dilation[1], "fusedActivationFunction": b.one(*ACTIVATIONS)}  # fmt: skip
    kind, table = "CONV_2D", "Conv2DOptions"
    if w.depthwise:
        kind, table, options["depthMultiplier"] = "DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions", out_c // in_c
    return b.add(kind, inputs, Y((batches, out_h, out_w, out_c), scale, b.zero_point()), options, table)


def _block(b: Builder) -> bool:
    """Few channels made many, convolved one by one, made few again, and added to what they were: MobileNet's block. Or
    two convolutions and a third beside them, added: ResNet's."""
    x = _image(b)
    if x is None or b.tensors[x].shape[0] > 1:
        return False
    in_c, stride, size = b.tensors[x].shape[3], b.one(1, 1, 2), b.one(1, 3)
    if b.chance(0.6):
        y = _convolve(b, x, in_c * b.one(2, 4), _Window((1, 1), (1, 1)))
        y = None if y is None else _convolve(
            b, y, b.tensors[y].shape[3], _Window((3, 3), (stride, stride), depthwise=True))  # fmt: skip
        y = None if y is None else _convolve(b, y, in_c, _Window((1, 1), (1, 1)))
        other = x if stride == 1 else None
    else:
        y = _convolve(b, x, in_c, _Window((3, 3), (1, 1)))
        y = None if y is None else _convolve(b, y, 2 * in_c, _Window((size, size), (1, 1)))
        other = _convolve(b, x, 2 * in_c, _Window((1, 1), (1, 1)))
    if y is not None and other is not None:
        scale = b.scale(max(b.like(y)[0], b.like(other)[0]))
        pair = [y, other] if b.chance(0.5) else [other, y]
        options = {"fusedActivationFunction": b.one(*ACTIVATIONS)}
        b.add("ADD", pair, Y(tuple(b.tensors[y].shape), scale, b.zero_point()), options, "AddOptions")
    return y is not None


def _weighted(b: Builder, x: int, shape: tuple[int, ...], axis: int) -> tuple[list[int], float]:
    """Inputs of an operator, with weights of this shape and mostly a bias, and an output scale that its sums make use
    of. axis: of the weights' output channels."""
    out, taps = shape[axis], prod(shape) // shape[axis]
    x_scale, _ = b.like(x)
    middle = b.scale(0.01)
    scales: Any = [b.scale(middle) for _ in range(out)] if b.chance(0.6) else middle
    w = b.constant(shape, scales, axis=axis, low=b.one(-127, -128))
    bias = -1
    if b.chance(0.75):
        spread = int(b.one(0, 300, 30_000, 2**20))
        data = b.rng.integers(-spread, spread + 1, out)
        products = [float(np.float32(x_scale * s)) for s in np.atleast_1d(scales)]
        bias = b.tensor(T((out,), "int32", products if isinstance(scales, list) else products[0], data=data))
    y_scale = b.scale(x_scale * middle * 60 * max(taps, 1) ** 0.5)
    # Not -1 for a bias that is absent: of DEPTHWISE_CONV_2D tflite-micro crashes on that.
    return ([x, w, bias] if bias >= 0 else [x, w]), y_scale


def _fully_connected(b: Builder) -> bool:
    x = b.pick()
    assert x is not None
    shape = tuple(b.tensors[x].shape)
    in_n = shape[-1] if b.chance(0.5) else prod(shape[b.upto(0, len(shape) - 1) :])
    out_n, batches = b.upto(1, 12) if b.chance(0.8) else b.upto(12, 40), prod(shape) // in_n
    if in_n > 600 or batches * out_n > MAX_ELEMENTS:
        return False
    keep = in_n == shape[-1] and b.chance(0.5)
    inputs, scale = _weighted(b, x, (out_n, in_n), axis=0)
    y = Y((*shape[:-1], out_n) if keep else (batches, out_n), scale, b.zero_point())
    options = {"fusedActivationFunction": b.one(*ACTIVATIONS), "keepNumDims": keep}
    b.add("FULLY_CONNECTED", inputs, y, options, "FullyConnectedOptions")
    return True


def _pool(b: Builder) -> bool:
    x = _image(b)
    if x is None:
        return False
    batches, in_h, in_w, channels = b.tensors[x].shape
    (k_h, s_h, _), (k_w, s_w, _) = _window(b), _window(b)
    padding = b.one(0, 1)
    if b.chance(0.2):
        k_h, k_w = in_h, in_w
    out_h, out_w = _after(in_h, k_h, s_h, 1, padding), _after(in_w, k_w, s_w, 1, padding)
    if min(out_h, out_w) < 1:
        return False
    options = {"padding": padding, "strideH": s_h, "strideW": s_w, "filterHeight": k_h, "filterWidth": k_w,
               "fusedActivationFunction": b.one(*ACTIVATIONS)}  # fmt: skip
    kind = b.one("AVERAGE_POOL_2D", "MAX_POOL_2D")
    b.add(kind, [x], Y((batches, out_h, out_w, channels), *b.like(x)), options, "Pool2DOptions")
    return True


def _add(b: Builder) -> bool:
    x = b.pick()
    assert x is not None
    shape, scale = tuple(b.tensors[x].shape), b.like(x)[0]
    if len(shape) > 6:
        return False
    if b.usual or b.chance(0.6):
        other = b.pick(lambda tensor: tuple(tensor.shape) == shape)
    else:
        kept = [size if b.chance(0.5) else 1 for size in shape]
        constant = b.constant(tuple(kept[b.upto(0, len(kept) - 1) :]), b.scale(scale), b.zero_point())
        alike = b.pick(lambda tensor: _broadcasts(tuple(tensor.shape), shape))
        other = alike if alike is not None and b.chance(0.5) else constant
    assert other is not None
    pair = [x, other] if b.chance(0.6) else [other, x]
    result = np.broadcast_shapes(tuple(b.tensors[other].shape), shape)
    kind = "ADD" if b.usual else b.one("ADD", "ADD", "MAXIMUM", "MINIMUM", "MUL", "SUB")
    table = {"ADD": "AddOptions", "MUL": "MulOptions", "SUB": "SubOptions"}.get(kind)
    options = {"fusedActivationFunction": b.one(*ACTIVATIONS)} if table else None
    other_scale = float(np.atleast_1d(np.asarray(b.tensors[other].scale))[0])
    near = 64 * scale * other_scale if kind == "MUL" else max(scale, other_scale)
    b.add(kind, pair, Y(result, b.scale(near), b.zero_point()), options, table)
    return True


def _broadcasts(shape: tuple[int, ...], with_: tuple[int, ...]) -> bool:
    try:
        return prod(np.broadcast_shapes(shape, with_)) <= MAX_ELEMENTS
    except ValueError:
        return False


def _concatenation(b: Builder) -> bool:
    x = b.pick()
    assert x is not None
    shape, quant = tuple(b.tensors[x].shape), b.like(x)
    axis = b.upto(0, len(shape) - 1)

    def fits(tensor: T) -> bool:
        other = tuple(tensor.shape)
        alike = len(other) == len(shape) and other[:axis] + other[axis + 1 :] == shape[:axis] + shape[axis + 1 :]
        return alike and (tensor.scale, tensor.zero_point) == quant

    parts = [x]
    for _ in range(b.upto(0, 3)):
        other = b.pick(fits)
        size = b.upto(1, 4)
        constant = (*shape[:axis], size, *shape[axis + 1 :])
        parts.append(b.constant(constant, *quant) if other is None or b.chance(0.3) else other)
    parts = [parts[i] for i in b.rng.permutation(len(parts))]
    joined = sum(b.tensors[i].shape[axis] for i in parts)
    result = (*shape[:axis], joined, *shape[axis + 1 :])
    if prod(result) > MAX_ELEMENTS:
        return False
    options = {"axis": axis - len(shape) * b.chance(0.5)}
    b.add("CONCATENATION", parts, Y(result, *quant), options, "ConcatenationOptions")
    return True


def _mean(b: Builder) -> bool:
    x = b.pick(lambda tensor: len(tensor.shape) <= 4)
    if x is None:
        return False
    shape = tuple(b.tensors[x].shape)
    axes = sorted({b.upto(0, len(shape) - 1) for _ in range(b.upto(1, 3))})
    keep = b.chance(0.5)
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes)
    if not kept:
        return False
    named = [axis - len(shape) * b.chance(0.3) for axis in axes]
    y_scale = b.scale(b.like(x)[0])
    b.add("MEAN", [x, b.int32(named)], Y(kept, y_scale, b.zero_point()), {"keepDims": keep}, "ReducerOptions")
    return True


def _pad(b: Builder) -> bool:
    x = b.pick(lambda tensor: len(tensor.shape) <= 4)
    if x is None:
        return False
    shape = tuple(b.tensors[x].shape)
    image = len(shape) == 4 and b.chance(0.6)
    widths = [[b.upto(0, 3) if b.chance(0.5) else 0 for _ in range(2)] for _ in shape]
    if image:
        widths[0] = widths[3] = [0, 0]
    result = tuple(n + before + after for n, (before, after) in zip(shape, widths, strict=True))
    if prod(result) > MAX_ELEMENTS:
        return False
    quant, inputs, kind = b.like(x), [x, b.int32(widths)], "PAD"
    if b.chance(0.4):
        kind = "PADV2"
        value = quant[1] if b.chance(0.5) else b.upto(-128, 127)
        inputs.append(b.tensor(T((1,), scale=quant[0], zero_point=quant[1], data=[value])))
    b.add(kind, inputs, Y(result, *quant), {}, "PadOptions" if kind == "PAD" else "PadV2Options")
    return True


def _elementwise(b: Builder) -> bool:
    x = b.pick()
    assert x is not None
    shape, (scale, zero_point) = tuple(b.tensors[x].shape), b.like(x)
    kind = b.one("RELU", "RELU6", "QUANTIZE", "RELU", *FIXED, "ABS", "LEAKY_RELU")
    if kind in FIXED:
        b.add(kind, [x], Y(shape, *FIXED[kind]))
    elif kind == "LEAKY_RELU":
        b.add(kind, [x], Y(shape, b.scale(scale), b.zero_point()), {"alpha": 0.25}, "LeakyReluOptions")
    elif b.chance(0.5):
        b.add(kind, [x], Y(shape, scale, zero_point))
    else:
        b.add(kind, [x], Y(shape, b.scale(scale), b.zero_point()))
    return True


def _moved(b: Builder) -> bool:
    """TRANSPOSE, REVERSE_V2 or STRIDED_SLICE, whose slices are often whole stretches."""
    x = b.pick(lambda tensor: len(tensor.shape) <= 4)
    if x is None:
        return False
    shape, quant, rank = tuple(b.tensors[x].shape), b.like(x), len(b.tensors[x].shape)
    kind = b.one("TRANSPOSE", "REVERSE_V2", "STRIDED_SLICE", "STRIDED_SLICE")
    if kind == "TRANSPOSE":
        order = [int(axis) for axis in b.rng.permutation(rank)]
        b.add(kind, [x, b.int32(order)], Y(tuple(shape[axis] for axis in order), *quant))
    elif kind == "REVERSE_V2":
        b.add(kind, [x, b.int32([b.upto(0, rank - 1)])], Y(shape, *quant))
    else:
        cut = b.upto(0, rank - 1) if b.chance(0.5) else 0
        begin = [b.upto(0, size - 1) if axis == cut else 0 for axis, size in enumerate(shape)]
        end = [b.upto(first + 1, size) for first, size in zip(begin, shape, strict=True)]
        end = [last if axis == cut else size for axis, (last, size) in enumerate(zip(end, shape, strict=True))]
        out = tuple(last - first for first, last in zip(begin, end, strict=True))
        numbers = [b.int32(each) for each in (begin, end, [1] * rank)]
        b.add(kind, [x, *numbers], Y(out, *quant), {}, "StridedSliceOptions")
    return True


def _split(b: Builder) -> bool:
    """SPLIT_V in two or three, each of which may be read."""
    x = b.pick(lambda tensor: max(tensor.shape) > 1)
    if x is None:
        return False
    shape, quant = tuple(b.tensors[x].shape), b.like(x)
    axis = int(np.argmax(shape)) if b.chance(0.6) else int(np.argmax(np.array(shape) > 1))
    cuts = sorted({b.upto(1, shape[axis] - 1) for _ in range(b.upto(1, 2))})
    sizes = [int(n) for n in np.diff([0, *cuts, shape[axis]])]
    ys = [b.tensor(T((*shape[:axis], n, *shape[axis + 1 :]), scale=quant[0], zero_point=quant[1])) for n in sizes]
    b.ops.append(O("SPLIT_V", [x, b.int32(sizes), b.int32(axis)], ys, {"numSplits": len(ys)}, "SplitVOptions"))
    b.open += ys
    return True


def _softmax(b: Builder) -> bool:
    # From 512 equal logits on tflite-micro aborts.
    x = b.pick(lambda tensor: len(tensor.shape) <= 4 and tensor.shape[-1] < 512)
    if x is None:
        return False
    beta = float(b.one(1.0, 1.0, 0.5, 3.0))
    b.add("SOFTMAX", [x], Y(tuple(b.tensors[x].shape), *PROBABILITY), {"beta": beta}, "SoftmaxOptions")
    return True


def _reshape(b: Builder) -> bool:
    x = b.pick()
    assert x is not None
    old, left = tuple(b.tensors[x].shape), prod(b.tensors[x].shape)
    sizes = []
    for _ in range(b.upto(0, 3)):
        sizes.append(int(b.one(*(n for n in range(1, left + 1) if left % n == 0))))
        left //= sizes[-1]
    shape = tuple(int(n) for n in b.rng.permutation([*sizes, left])) if b.chance(0.6) else (prod(old[:-1]), old[-1])
    if b.chance(0.3) and len(old) == 3:
        shape = (1, *old)
    inputs = [x, b.int32(shape)] if b.chance(0.7) else [x]
    attributes = (None, None) if len(inputs) == 2 and b.chance(0.5) else ({"newShape": list(shape)}, "ReshapeOptions")
    b.add("RESHAPE", inputs, Y(shape, *b.like(x)), *attributes)
    return True


OPERATORS: tuple[Callable[[Builder], bool], ...] = (
    _convolution, _convolution, _convolution, _convolution, _fully_connected, _pool, _pool, _add, _add,
    _concatenation, _concatenation, _mean, _pad, _pad, _elementwise, _elementwise, _softmax, _reshape,
    _moved, _split,
)  # fmt: skip
USUAL = (_convolution, _convolution, _block, _block, _add)
