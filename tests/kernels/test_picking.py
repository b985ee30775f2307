"""Operators that move elements by tables or by indices: each against TFLM, the reference and its kernels."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import ModelError, UnsupportedOp
from gen.model import reference, tflite
from gen.model.ops import lower
from gen.model.ops.operator import Call
from tests.effort import cases
from tests.kernels import draw
from tests.kernels.harness import assert_exact, assert_kernels
from tests.tiny import O, T, model


def numbers(values: Any) -> T:
    return T(np.shape(values), "int32", data=np.array(values, np.int32))


def image(shape: tuple[int, ...], data: Any = None) -> T:
    return T(shape, scale=0.1, zero_point=3, data=data)


def lowered(content: bytes) -> Call:
    graph = tflite.read(content, "tiny")
    return lower(graph, graph.ops[0])


def mirror_model(shape: tuple[int, ...], widths: list[tuple[int, int]], mode: int) -> bytes:
    out = tuple(n + before + after for n, (before, after) in zip(shape, widths, strict=True))
    op = O("MIRROR_PAD", (0, 1), (2,), {"mode": mode}, "MirrorPadOptions")
    return model([image(shape), numbers(widths), image(out)], [op], (0,), (2,))


def test_mirror_pad_without_a_mode_is_refused() -> None:
    """TFLM takes what the memory for its options holds."""
    op = O("MIRROR_PAD", (0, 1), (2,))
    with pytest.raises(UnsupportedOp, match="has no options in the file, such as its Mode"):
        lowered(model([image((3,)), numbers([(1, 1)]), image((5,))], [op], (0,), (2,)))


@settings(derandomize=True, deadline=None, max_examples=cases(15, 40))
@given(st.data())
def test_mirror_pad_equals_tflm(data: st.DataObject) -> None:
    shape, mode = data.draw(draw.shapes(1, 4, 5)), data.draw(st.integers(0, 1))
    most = [size - 1 + mode for size in shape]
    widths = [(data.draw(st.integers(0, n)), data.draw(st.integers(0, n))) for n in most]
    assert_exact(mirror_model(shape, widths, mode), [data.draw(draw.int8_values(shape))])


def test_mirrors_too_wide_are_refused() -> None:
    with pytest.raises(ModelError, match=r"mirrors \[\[0, 3\]\] elements of an input of shape \(3,\)"):
        lowered(mirror_model((3,), [(0, 3)], 0))


def blocks_model(kind: str, shape: tuple[int, ...], out: tuple[int, ...], blocks: Any, pairs: Any) -> bytes:
    tensors = [image(shape), numbers(blocks), numbers(pairs), image(out)]
    return model(tensors, [O(kind, (0, 1, 2), (3,))], (0,), (3,))


@pytest.mark.parametrize("kind", ["SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"])
@settings(derandomize=True, deadline=None, max_examples=cases(15, 40))
@given(data=st.data())
def test_blocks_equal_tflm(kind: str, data: st.DataObject) -> None:
    """Of one or two axes, cropped by any number of elements."""
    space = data.draw(st.integers(1, 2))
    n, c = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 5))
    blocks = [data.draw(st.integers(1, 3)) for _ in range(space)]
    sizes = [data.draw(st.integers(1, 4)) for _ in range(space)]  # of a batch's rows and columns
    pairs = []
    for size, block in zip(sizes, blocks, strict=True):
        if kind == "SPACE_TO_BATCH_ND":
            pairs.append((0, 0))
            continue
        first = data.draw(st.integers(0, size * block - 1))
        pairs.append((first, data.draw(st.integers(0, size * block - 1 - first))))
    whole = [size * block - sum(pair) for size, block, pair in zip(sizes, blocks, pairs, strict=True)]
    batched, plain = (int(n * np.prod(blocks)), *sizes, c), (n, *whole, c)
    shape, out = (plain, batched) if kind == "SPACE_TO_BATCH_ND" else (batched, plain)
    assert_exact(blocks_model(kind, shape, out, blocks, pairs), [data.draw(draw.int8_values(shape))])


def test_blocks_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ModelError, match=r"has blocks of \[2, 2\] on an input of shape \(1, 3, 4, 1\)"):
        lowered(blocks_model("SPACE_TO_BATCH_ND", (1, 3, 4, 1), (4, 2, 2, 1), [2, 2], [(0, 0), (0, 0)]))
    with pytest.raises(UnsupportedOp, match=r"puts \[\[0, 1\], \[0, 0\]\] around its input, .* use PAD before it"):
        lowered(blocks_model("SPACE_TO_BATCH_ND", (1, 3, 4, 1), (4, 2, 2, 1), [2, 2], [(0, 1), (0, 0)]))
    with pytest.raises(UnsupportedOp, match="TFLM takes 3 or 4 axes"):
        lowered(blocks_model("BATCH_TO_SPACE_ND", (4, 2), (2, 4), [2], [(0, 0)]))


def int8(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.integers(-128, 128, shape).astype(np.int8)


generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def indexed(kind: str, x: T, indices: T, out: tuple[int, ...], options: dict[str, int] | None = None) -> bytes:
    """Indices without data are an input."""
    op = O(kind, (0, 1), (2,), options, "GatherOptions" if kind == "GATHER" else None)
    if kind == "EMBEDDING_LOOKUP":
        op = O(kind, (1, 0), (2,))
    return model([x, indices, image(out)], [op], (0,) if indices.data is not None else (0, 1), (2,))


@pytest.mark.parametrize("constant", [False, True])
@settings(derandomize=True, deadline=None, max_examples=cases(15, 40))
@given(data=st.data(), rng=generators)
def test_gather_equals_tflm(constant: bool, data: st.DataObject, rng: np.random.Generator) -> None:
    shape, picks = data.draw(draw.shapes(1, 4, 5)), data.draw(draw.shapes(0, 2, 4))
    axis = data.draw(st.integers(0, len(shape) - 1))
    batched = data.draw(st.integers(0, min(axis, 1)))
    picks = (*shape[:batched], *picks)
    indices = rng.integers(0, shape[axis], picks).astype(np.int32)
    out = (*shape[:axis], *picks[batched:], *shape[axis + 1 :])
    options = {"axis": axis - len(shape) * data.draw(st.booleans()), "batchDims": batched}
    content = indexed("GATHER", image(shape), T(picks, "int32", data=indices if constant else None), out, options)
    assert_exact(content, [int8(rng, shape), *([] if constant else [indices])])


@pytest.mark.parametrize("constant", [False, True])
@settings(derandomize=True, deadline=None, max_examples=cases(10, 30))
@given(data=st.data(), rng=generators)
def test_gather_nd_equals_tflm(constant: bool, data: st.DataObject, rng: np.random.Generator) -> None:
    shape, count = data.draw(draw.shapes(1, 4, 5)), data.draw(draw.shapes(1, 2, 4))
    depth = data.draw(st.integers(1, len(shape)))
    indices = rng.integers(0, shape[:depth], (*count, depth)).astype(np.int32)
    named = T(indices.shape, "int32", data=indices if constant else None)
    content = indexed("GATHER_ND", image(shape), named, (*count, *shape[depth:]))
    assert_exact(content, [int8(rng, shape), *([] if constant else [indices])])


@settings(derandomize=True, deadline=None, max_examples=cases(8, 20))
@given(data=st.data(), rng=generators)
def test_embedding_lookup_equals_tflm(data: st.DataObject, rng: np.random.Generator) -> None:
    shape, count = data.draw(draw.shapes(2, 3, 6)), data.draw(st.integers(1, 5))
    indices = rng.integers(0, shape[0], count).astype(np.int32)
    table, named = image(shape, int8(rng, shape)), T((count,), "int32")
    content = model([table, named, image((count, *shape[1:]))], [O("EMBEDDING_LOOKUP", (1, 0), (2,))], (1,), (2,))
    assert_exact(content, [indices])


def test_indices_beyond_the_input() -> None:
    """Constant ones are refused, those of run time are the nearest element's."""
    with pytest.raises(ModelError, match=r"gathers \[\[3\]\] of \[3\]"):
        lowered(indexed("GATHER", image((3, 2)), numbers([3]), (1, 2)))
    content = indexed("GATHER", image((3, 2)), T((4,), "int32"), (4, 2))
    x = np.arange(6, dtype=np.int8).reshape(3, 2)
    inputs: list[Any] = [x, np.array([-1, 3, 2**31 - 1, -(2**31)], np.int32)]
    np.testing.assert_array_equal(reference.outputs(tflite.read(content, "tiny"), inputs)[0], x[[0, 2, 2, 0]])
    assert_kernels(content, inputs)


@settings(derandomize=True, deadline=None, max_examples=cases(15, 40))
@given(data=st.data(), rng=generators)
def test_dynamic_update_slice_equals_tflm(data: st.DataObject, rng: np.random.Generator) -> None:
    """At places within the input and beyond it."""
    shape, dtype = data.draw(draw.shapes(1, 5, 5)), data.draw(st.sampled_from(["int8", "int8", "int32"]))
    part = tuple(data.draw(st.sampled_from([size, data.draw(st.integers(1, size))])) for size in shape)
    start = rng.integers(-2, 6, len(shape)).astype(np.int32)
    constant, scale = data.draw(st.booleans()), 0.1 if dtype == "int8" else None
    tensors = [T(each, dtype, scale=scale) for each in (shape, part, shape)]
    tensors.append(T(start.shape, "int32", data=start if constant else None))
    op = O("DYNAMIC_UPDATE_SLICE", (0, 1, 3), (2,), {}, "DynamicUpdateSliceOptions")
    content = model(tensors, [op], (0, 1) if constant else (0, 1, 3), (2,))
    inputs = [rng.integers(-128, 128, each).astype(dtype) for each in (shape, part)]
    assert_exact(content, [*inputs, *([] if constant else [start])], in_place=True)


@settings(derandomize=True, deadline=None, max_examples=cases(15, 40))
@given(data=st.data(), rng=generators)
def test_select_v2_equals_tflm(data: st.DataObject, rng: np.random.Generator) -> None:
    shape, dtype = data.draw(draw.shapes(1, 4, 4)), data.draw(st.sampled_from(["int8", "int16"]))
    kept = data.draw(st.sampled_from([1.0, 0.6]))
    shapes = [tuple(size if rng.random() < kept else 1 for size in shape) for _ in range(3)]
    out, scale = np.broadcast_shapes(*shapes), 0.1 if dtype == "int8" else None
    tensors = [T(shapes[0], "bool"), *(T(each, dtype, scale=scale) for each in (*shapes[1:], out))]
    content = model(tensors, [O("SELECT_V2", (0, 1, 2), (3,), {}, "SelectV2Options")], (0, 1, 2), (3,))
    inputs = [rng.integers(-128, 128, each).astype(dtype) for each in shapes[1:]]
    assert_exact(content, [rng.integers(0, 2, shapes[0]).astype(np.bool_), *inputs])


@pytest.mark.parametrize("shapes", [((3, 1, 5), (4, 1)), ((4,), (2, 3, 1)), ((1, 7), (1, 7)), ((2,), (2,))])
def test_broadcast_args_equals_tflm(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    counts = [len(shape) for shape in shapes]
    tensors = [T((count,), "int32") for count in (*counts, max(counts))]
    content = model(tensors, [O("BROADCAST_ARGS", (0, 1), (2,))], (0, 1), (2,))
    assert_exact(content, [np.array(shape, np.int32) for shape in shapes])
