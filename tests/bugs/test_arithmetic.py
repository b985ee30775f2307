"""Models that were computed, silently, otherwise than TFLM computes them."""

import numpy as np
import pytest

from gen.compiler.engines import ENGINES
from gen.compiler.passes import optimize
from gen.compiler.target import Target
from gen.model import fixed_point, reference, tflite
from gen.model.graph import Array
from gen.model.quantized import QuantizedModel
from gen.model.upstream import Unconfirmed
from tests import tiny
from tests.kernels.harness import assert_exact, assert_kernels
from tests.tiny import O, T, model


@pytest.mark.parametrize("count", [511, 512, 513, 1000, 2047, 4095])
def test_as_many_equal_logits(count: int) -> None:
    """From 512 on SOFTMAX shifted by 32 and more, which C leaves undefined: 127 on RISC-V, -127 on a Cortex-M4, and
    tflite-micro aborts. 256 / count rounds to 0 or 1."""
    tensors = [T((1, count), scale=0.1), T((1, count), scale=1 / 256, zero_point=-128)]
    content = model(tensors, [O("SOFTMAX", (0,), (1,), {"beta": 1.0}, "SoftmaxOptions")], (0,), (1,))
    x = np.full((1, count), 3, np.int8)
    assert_kernels(content, [x])
    y = reference.outputs(tflite.read(content, "m"), [x])[0]
    assert set(y.ravel().tolist()) == {-128 if count > 511 else -127}
    if count > 511:
        with pytest.raises(Unconfirmed, match="was ended by SIGABRT on the model"):
            tiny.tflm(content, [x])
    else:
        np.testing.assert_array_equal(y, tiny.tflm(content, [x])[0])


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize(("dilation_h", "dilation_w"), [(1, 5), (5, 1), (5, 5), (3, 4)])
@pytest.mark.parametrize("channels", [1, 4, 6])
def test_windows_beside_the_input(size: int, dilation_h: int, dilation_w: int, channels: int) -> None:
    """A window of an even number of taps, none of which lies on the input: a Cortex-M4's loop ran once too often."""
    rng = np.random.default_rng(channels)
    image = T((1, size, size, channels), scale=0.05, zero_point=7)
    tensors = [
        image,
        T((5, 2, 2, channels), scale=0.01, data=rng.integers(-127, 128, (5, 2, 2, channels))),
        T((5,), "int32", scale=0.0005, data=[100, -200, 300, -400, 500]),
        T((1, size, size, 5), scale=0.02),
        T((1, 2, 2, channels), scale=0.01, data=rng.integers(-127, 128, (1, 2, 2, channels))),
        T((channels,), "int32", scale=0.0005, data=np.arange(channels) * 90),
        T((1, size, size, channels), scale=0.02),
    ]
    options = {
        "padding": 0, "strideW": 1, "strideH": 1, "dilationHFactor": dilation_h, "dilationWFactor": dilation_w,
    }  # fmt: skip
    ops = [
        O("CONV_2D", (0, 1, 2), (3,), options, "Conv2DOptions"),
        O("DEPTHWISE_CONV_2D", (0, 4, 5), (6,), options | {"depthMultiplier": 1}, "DepthwiseConv2DOptions"),
    ]
    x = rng.integers(-128, 128, image.shape).astype(np.int8)
    assert_exact(model(tensors, ops, (0,), (3, 6)), [x])


@pytest.mark.parametrize(("scale", "zero_point"), [(0.1, 3), (0.05, 4), (0.05, 3)])
def test_a_pad_into_another_scale_or_zero_point(scale: float, zero_point: int) -> None:
    """PAD moves bytes; engine aot let the convolution behind it read them with the scale from before."""
    rng = np.random.default_rng(3)
    tensors = [
        T((1, 6, 6, 2), scale=0.05, zero_point=3),
        T((4, 2), "int32", data=[[0, 0], [1, 1], [1, 1], [0, 0]]),
        T((1, 8, 8, 2), scale=scale, zero_point=zero_point),
        T((4, 3, 3, 2), scale=0.01, data=rng.integers(-127, 128, (4, 3, 3, 2))),
        T((1, 6, 6, 4), scale=0.3),
    ]
    options = {"padding": 1, "strideW": 1, "strideH": 1}
    ops = [O("PAD", (0, 1), (2,), {}, "PadOptions"), O("CONV_2D", (2, 3, -1), (4,), options, "Conv2DOptions")]
    content = model(tensors, ops, (0,), (4,))
    graph = tflite.read(content, "m")
    x = [rng.integers(-128, 128, (1, 6, 6, 2)).astype(np.int8)]
    truth = tiny.tflm(content, x)[0]
    np.testing.assert_array_equal(reference.outputs(graph, x)[0], truth)
    optimized = optimize(graph)
    np.testing.assert_array_equal(reference.outputs(optimized, x)[0], truth)
    assert len(optimized.ops) == (1 if (scale, zero_point) == (0.05, 3) else 2)


def near_ties(x_scale: float, w_scale: float, y_scale: float) -> Array:
    """Biases that a product of scales in double rounds to another output than one in float32."""
    double = fixed_point.quantize_multiplier(x_scale * w_scale / y_scale)
    single = fixed_point.quantize_multiplier(float(np.float32(x_scale) * np.float32(w_scale)) / y_scale)
    steps = np.arange(-126, 126) + 0.5
    close = (steps / (x_scale * w_scale / y_scale))[:, None] + np.arange(-8, 9)
    sums = np.unique(np.round(close).astype(np.int32))
    a, b = (fixed_point.multiply_by_quantized_multiplier(sums, *pair) for pair in (double, single))
    found: Array = sums[a != b]
    return found


def test_fully_connected_multiplies_its_scales_in_double() -> None:
    """As the TFLM that gen/model/upstream.py names; those of August 2026 and before did it in float32. The biases
    here tell the two rules apart, in outputs of that TFLM."""
    rng, told = np.random.default_rng(7), 0
    for _ in range(40):
        x_scale, w_scale = (float(np.float32(s)) for s in rng.uniform(0.001, 1, 2))
        y_scale = float(np.float32(x_scale * w_scale * 2.0**18))
        biases = near_ties(x_scale, w_scale, y_scale)
        if not biases.size:
            continue
        told += 1
        count = len(biases)
        tensors = [
            T((1, 1), scale=x_scale),
            T((count, 1), scale=w_scale, data=np.zeros((count, 1))),
            T((count,), "int32", scale=float(np.float32(x_scale * w_scale)), data=biases),
            T((1, count), scale=y_scale),
        ]
        op = O("FULLY_CONNECTED", (0, 1, 2), (3,), {}, "FullyConnectedOptions")
        assert_exact(model(tensors, [op], (0,), (3,)), [np.zeros((1, 1), np.int8)], targets=["host"])
    assert told >= 5


@pytest.mark.parametrize(("scale", "zero_point"), [(0.05, 128), (0.05, 0), (0.031, 255), (0.08, 3)])
def test_uint8_at_the_rims(scale: float, zero_point: int) -> None:
    """uint8 u counts as int8 u - 128; it was refused."""
    tensors = [
        T((1, 256), "uint8", scale, zero_point),
        T((1, 256), scale=0.05),
        T((1, 256), scale=0.07, zero_point=-20),
        T((1, 256), "uint8", scale, zero_point),
    ]
    ops = [O("QUANTIZE", (0,), (1,)), O("RELU", (1,), (2,)), O("QUANTIZE", (2,), (3,))]
    content = model(tensors, ops, (0,), (3,))
    x = [np.arange(256, dtype=np.uint8).reshape(1, 256)]
    assert_exact(content, x, in_place=True)
    graph = tflite.read(content, "m")
    for engine in ENGINES.values():
        assert engine(QuantizedModel(content, graph), Target("dsp", 4)).arena_bytes > 0
    np.testing.assert_array_equal(reference.outputs(optimize(graph), x)[0], tiny.tflm(content, x)[0])
