"""CAST: every pair of types against TFLM, the reference and the kernel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import UnsupportedOp
from gen.model import tflite
from gen.model.graph import Array
from gen.model.ops import lower
from gen.model.ops.cast import TYPES
from tests.effort import cases
from tests.kernels.harness import assert_exact, assert_kernels
from tests.tiny import O, T, model

FLOATS = np.array(
    [0, -0.0, 0.5, -0.5, 1.5, -1.99, 127, 127.9, 128.5, -128.9, -129, 300.7, 32767.9, -32768.9, 40000.5, -40000,
     2.0**24, 2147483520, 2147483648, -2147483648, 4294967040, 4294967296, 1e20, -1e20, 1e-45, -1e-30, np.inf, -np.inf],
    np.float32,
)  # fmt: skip
WHOLE = [0, 1, -1, 127, 128, 255, 256, -128, -129, 32767, -32768, 32768, 2**24 + 1, 2**24 + 3, 2**25 + 2, 2**25 + 6]


def cast_model(before: str, after: str, count: int) -> bytes:
    return model([T([count], before), T([count], after)], [O("CAST", [0], [1], {}, "CastOptions")], [0], [1])


def values(dtype: str, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    if dtype == "float32":
        drawn = rng.choice([-1.0, 1.0], 40) * 2.0 ** rng.uniform(-3, 34, 40)
        return np.concatenate([FLOATS, drawn.astype(np.float32)])
    if dtype == "bool":
        return rng.integers(0, 2, 20).astype(np.bool_)
    drawn = (rng.integers(0, 2**32, 40) >> rng.integers(0, 32, 40)) * rng.choice([-1, 1], 40)
    return np.concatenate([np.array([*WHOLE, 2**31 - 1, -(2**31)]), drawn]).astype(dtype)


@pytest.mark.parametrize("before", TYPES)
@pytest.mark.parametrize("after", TYPES)
def test_every_pair_of_types(before: str, after: str) -> None:
    x = values(before, 1)
    assert_exact(cast_model(before, after, x.size), [x], in_place=x.itemsize == np.dtype(after).itemsize)


@settings(derandomize=True, deadline=None, max_examples=cases(15, 60))
@given(st.sampled_from(["int32", "uint32", "float32"]), st.sampled_from(TYPES), st.integers(0, 2**32 - 1))
def test_random_values(before: str, after: str, seed: int) -> None:
    x = values(before, seed)
    assert_exact(cast_model(before, after, x.size), [x], targets=("host",))


@pytest.mark.parametrize("after", TYPES)
def test_no_number_is_0(after: str) -> None:
    if after not in ("float32", "bool"):
        assert_kernels(cast_model("float32", after, 1), [np.array([np.nan], np.float32)])


@pytest.mark.parametrize("types", [("uint8", "int8"), ("int8", "uint8"), ("int64", "int32")])
def test_other_types_are_refused(types: tuple[str, str]) -> None:
    graph = tflite.read(cast_model(*types, 2), "tiny")
    with pytest.raises(UnsupportedOp, match=r"TFLM casts between int8, int16, int32, uint32, bool, float32 only"):
        lower(graph, graph.ops[0])
