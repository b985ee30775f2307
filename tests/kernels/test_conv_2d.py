"""CONV_2D: TFLM = NumPy reference = every kernel, byte for byte; and what is refused."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import GenError, ModelError, NotQuantized, UnsupportedOp
from gen.model import reference, tflite
from gen.model.graph import Array
from tests import tiny
from tests.kernels import convolutions, draw
from tests.kernels.harness import assert_exact
from tests.tiny import O, T


@st.composite
def models(draw_: st.DrawFn) -> tuple[bytes, Array]:
    """A model of one CONV_2D and an input."""
    rng = draw_(convolutions.GENERATORS)
    batches, groups = draw_(st.sampled_from([1, 1, 2])), draw_(st.sampled_from([1, 1, 2, 3]))
    group_c, group_out_c = draw_(st.integers(1, 6)), draw_(st.integers(1, 9))
    same = draw_(st.booleans())
    h, w = (draw_(convolutions.windows(same, dilations=(1, 1, 2, 3))) for _ in range(2))
    in_c, out_c = groups * group_c, groups * group_out_c
    x_scale, w_scale = draw_(draw.scales), draw_(convolutions.weight_scales(out_c))
    y_scale = draw_(convolutions.output_scales(x_scale, w_scale, h.kernel * w.kernel * group_c))
    tensors = [
        T((batches, h.size, w.size, in_c), scale=x_scale, zero_point=draw_(draw.zero_points)),
        T(
            (out_c, h.kernel, w.kernel, group_c),
            scale=w_scale,
            data=convolutions.weights(rng, out_c, h.kernel, w.kernel, group_c),
        ),
        T((out_c,), "int32", data=convolutions.bias(rng, out_c)),
        T((batches, h.out, w.out, out_c), scale=y_scale, zero_point=draw_(draw.zero_points)),
    ]
    bias = draw_(st.sampled_from([2, 2, -1]))
    options = {
        "padding": 0 if same else 1, "strideH": h.stride, "strideW": w.stride, "dilationHFactor": h.dilation,
        "dilationWFactor": w.dilation, "fusedActivationFunction": draw_(convolutions.ACTIVATIONS),
    }  # fmt: skip
    op = O("CONV_2D", [0, 1, bias], [3], options, "Conv2DOptions")
    return tiny.model(tensors, [op], [0], [3]), draw_(
        draw.int8_values(
            (
                batches,
                h.size,
                w.size,
                in_c,
            )
        )
    )


@settings(derandomize=True, deadline=None, max_examples=60)
@given(models())
def test_exact(case: tuple[bytes, Array]) -> None:
    content, x = case
    assert_exact(content, [x])


def one(**changes: Any) -> bytes:
    """A small valid model with some of its parts changed."""
    parts: dict[str, Any] = {
        "x": T((1, 5, 5, 4), scale=0.1),
        "w": T((6, 3, 3, 4), scale=0.01, data=np.ones((6, 3, 3, 4))),
        "b": T((6,), "int32", data=np.zeros(6)),
        "y": T((1, 5, 5, 6), scale=0.2),
    }
    options = {"padding": 0, "strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    options |= {key: changes.pop(key) for key in list(changes) if key not in parts}
    parts |= changes
    op = O("CONV_2D", [0, 1, 2], [3], options, "Conv2DOptions")
    return tiny.model(list(parts.values()), [op], [0], [3])


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"x": T((1, 5, 5, 4), "int16", scale=0.1)}, UnsupportedOp, "int16"),
        ({"x": T((1, 5, 5, 4))}, NotQuantized, "not quantized"),
        ({"x": T((1, 5, 5, 4), scale=0.1, zero_point=200)}, ModelError, "zero point"),
        ({"x": T((5, 5, 4), scale=0.1)}, UnsupportedOp, "4 dimensions"),
        ({"x": T((1, 5, 5, 6), scale=0.1)}, UnsupportedOp, "groups"),
        ({"w": T((6, 3, 3, 4), scale=0.01, zero_point=3, data=np.ones((6, 3, 3, 4)))}, UnsupportedOp, "asymmetric"),
        ({"w": T((6, 3, 3, 4), scale=[0.01] * 4, axis=3, data=np.ones((6, 3, 3, 4)))}, ModelError, "weight scales"),
        ({"b": T((6,), "int64", data=np.zeros(6))}, NotQuantized, "bias"),
        ({"b": T((5,), "int32", data=np.zeros(5))}, ModelError, "(5,)"),
        ({"y": T((1, 4, 5, 6), scale=0.2)}, ModelError, "(1, 4, 5, 6)"),
        ({"strideH": 0}, ModelError, "stride"),
        ({"dilationWFactor": 0}, ModelError, "dilation"),
        ({"padding": 1, "dilationHFactor": 3}, ModelError, "window"),
        ({"fusedActivationFunction": 4}, UnsupportedOp, "TANH"),
    ],
)
def test_refused(changes: dict[str, Any], error: type[GenError], words: str) -> None:
    graph = tflite.read(one(**changes), "one")
    with pytest.raises(error) as caught:
        reference.run(graph, [np.zeros(graph.tensors[0].shape, graph.tensors[0].dtype)])
    assert words in str(caught.value)


@pytest.mark.parametrize(("width", "dilation", "words"), [(70000, 1, "in_w 70000"), (60000, 60000, "too far apart")])
def test_sizes_beyond_the_structs_types_are_refused(width: int, dilation: int, words: str) -> None:
    tensors = [
        T((1, 1, width, 1), scale=0.1),
        T((1, 1, 1, 1), scale=0.1, data=np.ones((1, 1, 1, 1))),
        T((1, 1, width, 1), scale=0.1),
    ]
    options = {"strideH": 1, "strideW": 1, "dilationHFactor": dilation, "dilationWFactor": 1}
    op = O("CONV_2D", [0, 1], [2], options, "Conv2DOptions")
    graph = tflite.read(tiny.model(tensors, [op], [0], [2]), "one")
    with pytest.raises(UnsupportedOp, match=words):
        reference.run(graph, [np.zeros(tensors[0].shape, np.int8)])


def test_weights_computed_at_run_time_are_refused() -> None:
    tensors = [T((1, 5, 5, 4), scale=0.1), T((6, 3, 3, 4), scale=0.01), T((1, 5, 5, 6), scale=0.2)]
    op = O("CONV_2D", [0, 1], [2], {"strideH": 1, "strideW": 1}, "Conv2DOptions")
    graph = tflite.read(tiny.model(tensors, [op], [0, 1], [2]), "one")
    with pytest.raises(UnsupportedOp, match="constant weights"):
        reference.run(graph, [np.zeros(tensor.shape, np.int8) for tensor in tensors[:2]])


def test_the_model_that_refusals_start_from_is_good() -> None:
    assert_exact(one(), [np.arange(100, dtype=np.int8).reshape(1, 5, 5, 4)])
