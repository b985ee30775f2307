"""Binary operators on int32: each against TFLM, the reference and its kernel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import UnsupportedOp
from gen.model import tflite
from gen.model.graph import Array
from gen.model.ops import OPS, lower
from gen.model.ops.binary_int32 import FIRST_COMPARISON, OPERATORS
from tests.effort import cases
from tests.kernels.harness import assert_exact, assert_kernels
from tests.tiny import O, T, model

SHAPES = [((3, 5), (3, 5)), ((4, 1, 3), (1, 5, 3)), ((1,), (7,)), ((2, 6), ()), ((2, 3, 4), (3, 1))]


def binary_model(kind: str, x: tuple[T, T], activation: int = 0) -> bytes:
    y = T(np.broadcast_shapes(*(tuple(t.shape) for t in x)), "bool" if is_comparison(kind) else "int32")
    table = OPS[kind].options_table
    options = {"fusedActivationFunction": activation} if table else {}
    inputs = [i for i in range(2) if x[i].data is None]
    return model([*x, y], [O(kind.upper(), [0, 1], [2], options, table)], inputs, [2])


def is_comparison(kind: str) -> bool:
    return OPERATORS.index(kind) >= FIRST_COMPARISON


def values(shape: tuple[int, ...], seed: int) -> Array:
    """Of every size, few enough small ones apart for some to be equal."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(-(2**31), 2**31, shape) >> rng.integers(0, 32, shape)
    return np.asarray(drawn, np.int32)


@pytest.mark.parametrize("kind", OPERATORS)
@settings(derandomize=True, deadline=None, max_examples=cases(8, 30))
@given(st.sampled_from(SHAPES), st.booleans(), st.sampled_from([None, 0, 1]), st.integers(0, 2**32 - 1))
def test_equals_tflm(
    kind: str, shapes: tuple[tuple[int, ...], tuple[int, ...]], swap: bool, constant: int | None, seed: int
) -> None:
    shapes = shapes[::-1] if swap else shapes
    x = [values(shape, seed + n) for n, shape in enumerate(shapes)]
    if kind == "div":  # by 0 and -2^31 / -1, which a PC ends on
        x[0], x[1] = np.maximum(x[0], 1 - 2**31), np.where(x[1] == 0, 3, x[1])
    tensors = [T(shapes[n], "int32", data=x[n] if n == constant else None) for n in range(2)]
    whole = not is_comparison(kind) and x[0].size == np.broadcast(*x).size
    inputs = [x[n] for n in range(2) if n != constant]
    assert_exact(binary_model(kind, (tensors[0], tensors[1])), inputs, in_place=whole)


def test_what_tflm_leaves_undefined_of_a_division() -> None:
    """It is the same everywhere here."""
    x = [np.array(values, np.int32) for values in ([5, -5, 0, -(2**31), 2**31 - 1], [0, 0, 0, -1, -1])]
    assert_kernels(binary_model("div", (T([5], "int32"), T([5], "int32"))), x)


def test_a_fused_activation_is_refused() -> None:
    """TFLM passes over it in ADD."""
    graph = tflite.read(binary_model("add", (T([2], "int32"), T([2], "int32")), activation=1), "tiny")
    with pytest.raises(UnsupportedOp, match="has a fused activation on int32"):
        lower(graph, graph.ops[0])
