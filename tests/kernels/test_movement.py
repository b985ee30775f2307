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


@settings(derandomize=True, deadline=None, max_examples=cases(60, 300))
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
