"""DEPTHWISE_CONV_2D: TFLM = NumPy reference = every kernel, byte for byte; and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import UnsupportedOp
from gen.model import reference, tflite
from gen.model.graph import Array
from tests import tiny
from tests.kernels import convolutions, draw
from tests.kernels.harness import assert_exact, assert_kernels
from tests.tiny import O, T


@st.composite
def models(draw_: st.DrawFn) -> tuple[bytes, Array]:
    """A model of one DEPTHWISE_CONV_2D and an input."""
    rng = draw_(convolutions.GENERATORS)
    batches, in_c, multiplier = draw_(st.sampled_from([1, 1, 2])), draw_(st.integers(1, 10)), draw_(st.integers(1, 3))
    same = draw_(st.booleans())
    h, w = (draw_(convolutions.windows(same, dilations=(1, 1, 2, 3))) for _ in range(2))
    out_c = in_c * multiplier
    x_scale, w_scale = draw_(draw.scales), draw_(convolutions.weight_scales(out_c))
    y_scale = draw_(convolutions.output_scales(x_scale, w_scale, h.kernel * w.kernel))
    tensors = [
        T((batches, h.size, w.size, in_c), scale=x_scale, zero_point=draw_(draw.zero_points)),
        T(
            (1, h.kernel, w.kernel, out_c),
            scale=w_scale,
            axis=3,
            data=convolutions.weights(rng, 1, h.kernel, w.kernel, out_c),
        ),
        T((out_c,), "int32", data=convolutions.bias(rng, out_c)),
        T((batches, h.out, w.out, out_c), scale=y_scale, zero_point=draw_(draw.zero_points)),
    ]
    options = {
        "padding": 0 if same else 1, "strideH": h.stride, "strideW": w.stride, "dilationHFactor": h.dilation,
        "dilationWFactor": w.dilation, "depthMultiplier": multiplier,
        "fusedActivationFunction": draw_(convolutions.ACTIVATIONS),
    }  # fmt: skip
    op = O("DEPTHWISE_CONV_2D", [0, 1, 2], [3], options, "DepthwiseConv2DOptions")
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


def test_no_bias_is_a_bias_of_zero() -> None:
    """TFLM itself crashes on a depthwise convolution without bias (it frees a null tensor), so it isn't asked."""
    rng = np.random.default_rng(3)
    x = rng.integers(-128, 128, (1, 6, 7, 10)).astype(np.int8)
    outputs = []
    for inputs in ([0, 1], [0, 1, -1], [0, 1, 2]):
        tensors = [
            T(x.shape, scale=0.1, zero_point=4),
            T((1, 3, 3, 10), scale=0.1, data=np.arange(90).reshape(1, 3, 3, 10) - 45),
            T((10,), "int32", data=np.zeros(10)),
            T(x.shape, scale=2.0),
        ]
        options = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1, "depthMultiplier": 1}
        op = O("DEPTHWISE_CONV_2D", inputs, [3], options, "DepthwiseConv2DOptions")
        content = tiny.model(tensors, [op], [0], [3])
        outputs.append(reference.outputs(tflite.read(content, "one"), [x])[0])
        (assert_exact if inputs[-1] == 2 else assert_kernels)(content, [x])
    assert (outputs[0] == outputs[2]).all() and (outputs[1] == outputs[2]).all()


@pytest.mark.parametrize(("w_shape", "declared"), [((1, 3, 3, 6), 1), ((1, 3, 3, 9), 2), ((2, 3, 3, 8), 2)])
def test_channels_that_do_not_belong_together_are_refused(w_shape: tuple[int, ...], declared: int) -> None:
    tensors = [
        T((1, 5, 5, 4), scale=0.1),
        T(w_shape, scale=0.1, data=np.ones(w_shape)),
        T((1, 5, 5, w_shape[3]), scale=0.1),
    ]
    options = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1, "depthMultiplier": declared}
    op = O("DEPTHWISE_CONV_2D", [0, 1], [2], options, "DepthwiseConv2DOptions")
    graph = tflite.read(tiny.model(tensors, [op], [0], [2]), "one")
    with pytest.raises(UnsupportedOp, match="depth multiplier"):
        reference.run(graph, [np.zeros((1, 5, 5, 4), np.int8)])
