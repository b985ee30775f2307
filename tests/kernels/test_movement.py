"""The family of data movement: each operator against TFLM, the reference and its kernel, for every type."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import ModelError, UnsupportedOp
from gen.model import tflite
from gen.model.ops import lower
from tests.effort import cases
from tests.kernels import draw
from tests.kernels.harness import assert_exact
from tests.tiny import O, T, model

MASKS = ("beginMask", "endMask", "shrinkAxisMask")


def values(rng: np.random.Generator, dtype: str, shape: tuple[int, ...]) -> Any:
    low, high = (-128, 127) if dtype == "int8" else (-(2**15), 2**15 - 1)
    return rng.integers(low, high, shape).astype(dtype)


def slice_model(
    shape: tuple[int, ...], ranges: list[tuple[int, int, int]], masks: dict[str, int], dtype: str = "int8"
) -> bytes:
    """ranges: begin, end and stride of each axis."""
    index: list[slice | int] = []
    for axis, (begin, end, step) in enumerate(ranges):
        has = {mask: bool(masks.get(mask, 0) >> axis & 1) for mask in MASKS}
        part = slice(None if has["beginMask"] else begin, None if has["endMask"] else end, step)
        index.append(0 if has["shrinkAxisMask"] else part)
    out = np.empty(shape, np.int8)[tuple(index)].shape
    numbers = [T((len(shape),), "int32", data=np.array(each, np.int32)) for each in zip(*ranges, strict=True)]
    scale = 0.1 if dtype == "int8" else None
    tensors = [T(shape, dtype, scale=scale), *numbers, T(out, dtype, scale=scale)]
    return model(tensors, [O("STRIDED_SLICE", (0, 1, 2, 3), (4,), masks, "StridedSliceOptions")], (0,), (4,))


@settings(derandomize=True, deadline=None, max_examples=cases(40, 100))
@given(st.data())
def test_strided_slice_equals_tflm(data: st.DataObject) -> None:
    shape = data.draw(draw.shapes(1, 4, 7))
    ranges = []
    masks = {mask: data.draw(st.integers(0, 15)) if data.draw(st.booleans()) else 0 for mask in MASKS}
    for axis, size in enumerate(shape):
        stride = data.draw(st.sampled_from([1, 1, 2, 3, -1, -2]))
        first, last = sorted(data.draw(st.lists(st.integers(0, size), min_size=2, max_size=2, unique=True)))
        start, stop = (first, last) if stride > 0 else (last - 1, first - 1 if first else -size - 1)
        negative = data.draw(st.booleans())
        begin = start - size if negative and start < size else start
        end = stop - size if negative and 0 <= stop < size else stop
        ranges.append((begin, end, 1 if masks["shrinkAxisMask"] >> axis & 1 else stride))
    dtype = data.draw(st.sampled_from(["int8", "int8", "int16", "int32"]))
    content = slice_model(shape, ranges, masks, dtype)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    assert_exact(content, [values(rng, dtype, shape)])


def lowered(content: bytes) -> dict[str, Any]:
    graph = tflite.read(content, "tiny")
    return dict(lower(graph, graph.ops[0]).params)


def test_axes_are_merged_to_the_fewest_moves() -> None:
    p = lowered(slice_model((4, 6, 5, 8), [(1, 3, 1), (0, 6, 1), (0, 5, 1), (0, 8, 1)], {}))
    assert (p["start"], p["run"], p["dims"]) == (240, 480, (1, 1, 1, 1, 1))
    p = lowered(slice_model((4, 6, 5, 8), [(0, 4, 1), (0, 6, 1), (0, 5, 1), (4, 8, 1)], {}))
    assert (p["start"], p["run"], p["dims"], p["stride"][-1]) == (4, 4, (1, 1, 1, 1, 120), 8)


@pytest.mark.parametrize("mask", ["ellipsisMask", "newAxisMask"])
def test_what_tflm_does_not_run_is_refused(mask: str) -> None:
    with pytest.raises(UnsupportedOp, match="an ellipsis or a new axis, which TFLM does not run"):
        lowered(slice_model((4,), [(0, 2, 1)], {mask: 1}))


def test_damaged_slices_are_refused() -> None:
    numbers = [T((1,), "int32", data=np.array([n], np.int32)) for n in (0, 2, 0)]
    op = O("STRIDED_SLICE", (0, 1, 2, 3), (4,), {}, "StridedSliceOptions")
    with pytest.raises(ModelError, match=r"strides \[0\]"):
        lowered(model([T((4,), scale=0.1), *numbers, T((2,), scale=0.1)], [op], (0,), (4,)))
    numbers[2] = T((1,), "int32", data=np.array([1], np.int32))
    with pytest.raises(ModelError, match=r"has shape \(3,\) where \(2,\) is due"):
        lowered(model([T((4,), scale=0.1), *numbers, T((3,), scale=0.1)], [op], (0,), (4,)))


def shuffled(
    data: st.DataObject, kind: str, shape: tuple[int, ...]
) -> tuple[list[T], dict[str, int] | None, tuple[int, ...]]:
    """(constant inputs, options, the output's shape) of an operator on an input of this shape."""

    def numbers(values: Any) -> T:
        return T(np.shape(values), "int32", data=np.array(values, np.int32))

    rank = len(shape)
    if kind == "TRANSPOSE":
        order = data.draw(st.permutations(range(rank)))
        return [numbers(order)], None, tuple(shape[axis] for axis in order)
    if kind == "REVERSE_V2":
        return [numbers([data.draw(st.integers(0, rank - 1))])], None, shape
    if kind == "BROADCAST_TO":
        wanted = (*(2,) * (rank < 5 and data.draw(st.booleans())), *(3 if size == 1 else size for size in shape))
        return [numbers(wanted)], None, wanted
    if kind == "SLICE":
        begin = [data.draw(st.integers(0, size - 1)) for size in shape]
        sizes = [data.draw(st.sampled_from([-1, 1, size - first])) for size, first in zip(shape, begin, strict=True)]
        out = tuple(n - b if s == -1 else s for n, b, s in zip(shape, begin, sizes, strict=True))
        return [numbers(begin), numbers(sizes)], None, out
    n, h, w, c = shape
    if kind == "SPACE_TO_DEPTH":
        return [], {"blockSize": 2}, (n, h // 2, w // 2, 4 * c)
    return [], {"blockSize": 2}, (n, 2 * h, 2 * w, c // 4)


BLOCKS = {"SPACE_TO_DEPTH": "SpaceToDepthOptions", "DEPTH_TO_SPACE": "DepthToSpaceOptions"}


@pytest.mark.parametrize("kind", ["BROADCAST_TO", "REVERSE_V2", "SLICE", "TRANSPOSE", *BLOCKS])
@settings(derandomize=True, deadline=None, max_examples=cases(10, 25))
@given(data=st.data())
def test_equals_tflm(kind: str, data: st.DataObject) -> None:
    shape = data.draw(draw.shapes(1, 4 if kind == "REVERSE_V2" else 5, 5))
    if kind in BLOCKS:
        n, h, w, c = (data.draw(st.integers(1, 3)) for _ in range(4))
        shape = (n, 2 * h, 2 * w, c) if kind == "SPACE_TO_DEPTH" else (n, h, w, 4 * c)
    others, options, out = shuffled(data, kind, shape)
    x, y = T(shape, scale=0.1, zero_point=3), T(out, scale=0.1, zero_point=3)
    op = O(kind, range(len(others) + 1), (len(others) + 1,), options, BLOCKS.get(kind))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    assert_exact(model([x, *others, y], [op], (0,), (len(others) + 1,)), [values(rng, "int8", shape)])


@settings(derandomize=True, deadline=None, max_examples=cases(15, 40))
@given(st.data())
def test_split_and_pack_equal_tflm(data: st.DataObject) -> None:
    shape = data.draw(draw.shapes(1, 4, 5))
    axis, dtype = data.draw(st.integers(0, len(shape) - 1)), data.draw(st.sampled_from(["int8", "int16", "int32"]))
    size, scale = shape[axis], 0.1 if dtype == "int8" else None
    axis_tensor = T((1,), "int32", data=np.array([axis - len(shape) * data.draw(st.booleans())], np.int32))
    cuts = sorted(data.draw(st.sets(st.integers(1, size - 1), max_size=3))) if size > 1 else []
    sizes = [int(n) for n in np.diff([0, *cuts, size])]

    def out(n: int) -> T:
        return T((*shape[:axis], n, *shape[axis + 1 :]), dtype, scale=scale)

    x = T(shape, dtype, scale=scale)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    array = values(rng, dtype, shape)
    kind = data.draw(st.sampled_from(["SPLIT", "SPLIT_V", "UNPACK", "PACK"]))
    if kind == "SPLIT":
        ys = [out(1) for _ in range(size)]
        op = O(kind, (1, 0), range(2, 2 + len(ys)), {"numSplits": size}, "SplitOptions")
        content = model([x, axis_tensor, *ys], [op], (0,), op.outputs)
    elif kind == "SPLIT_V":
        ys = [out(n) for n in sizes]
        op = O(kind, (0, 2, 1), range(3, 3 + len(ys)), {"numSplits": len(ys)}, "SplitVOptions")
        sizes_tensor = T((len(sizes),), "int32", data=np.array(sizes, np.int32))
        content = model([x, axis_tensor, sizes_tensor, *ys], [op], (0,), op.outputs)
    elif kind == "UNPACK":
        ys = [T((*shape[:axis], *shape[axis + 1 :]), dtype, scale=scale) for _ in range(size)]
        op = O(kind, (0,), range(1, 1 + size), {"num": size, "axis": axis}, "UnpackOptions")
        content = model([x, *ys], [op], (0,), op.outputs)
    else:
        y = T((*shape[:axis], 3, *shape[axis:]), dtype, scale=scale)
        op = O(kind, (0, 0, 0), (1,), {"axis": axis, "valuesCount": 3}, "PackOptions")
        content = model([x, y], [op], (0,), (1,))
    assert_exact(content, [array])


@settings(derandomize=True, deadline=None, max_examples=cases(15, 40))
@given(st.data())
def test_resize_nearest_neighbor_equals_tflm(data: st.DataObject) -> None:
    n, h, w, c = data.draw(st.tuples(st.integers(1, 2), st.integers(1, 7), st.integers(1, 7), st.integers(1, 5)))
    sizes = data.draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
    align, half = data.draw(st.sampled_from([(False, False), (True, False), (False, True)]))
    options = {"alignCorners": align, "halfPixelCenters": half}
    tensors = [
        T((n, h, w, c), scale=0.1),
        T((2,), "int32", data=np.array(sizes, np.int32)),
        T((n, *sizes, c), scale=0.1),
    ]
    op = O("RESIZE_NEAREST_NEIGHBOR", (0, 1), (2,), options, "ResizeNearestNeighborOptions")
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    assert_exact(model(tensors, [op], (0,), (2,)), [values(rng, "int8", (n, h, w, c))])


@pytest.mark.parametrize("kind", ["SHAPE", "ZEROS_LIKE", "FILL"])
@pytest.mark.parametrize("dtype", ["int8", "int32"])
def test_what_depends_on_no_activation_equals_tflm(kind: str, dtype: str) -> None:
    """Beside a RELU, so that the model computes something."""
    x, shape = T((2, 3), dtype, scale=0.1), (2, 3)
    made = T((2,), "int32") if kind == "SHAPE" else T(shape, dtype, scale=0.1)
    dims = T((2,), "int32", data=np.array(shape, np.int32))
    value = T((), dtype, scale=0.1, data=np.array(-7, dtype))
    image, relu = T((1, 4), scale=0.1), T((1, 4), scale=0.1)
    ops = [O("RELU", (3,), (4,)), O(kind, (1, 2) if kind == "FILL" else (0,), (5,))]
    content = model([x, dims, value, image, relu, made], ops, (0, 3), (4, 5))
    rng = np.random.default_rng(8)
    assert_exact(content, [values(rng, dtype, shape), values(rng, "int8", (1, 4))])
