"""Models, damaged or merely odd, that were accepted and computed otherwise than TFLM computes them."""

from typing import Any

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from gen.compiler.engines import ENGINES
from gen.compiler.engines.tflm_arena import plan
from gen.compiler.passes import optimize
from gen.compiler.target import Target
from gen.errors import NotQuantized, NotTflite, UnsupportedOp
from gen.model import reference, tflite
from gen.model.quantized import QuantizedModel
from gen.model.support import require_supported
from tests import tiny
from tests.tiny import O, T, edited, model

X = T((1, 4), scale=0.05, zero_point=-4)


def relu() -> bytes:
    return model([X, X], [O("RELU", (0,), (1,))], (0,), (1,))


def test_buffer_0_with_data_is_refused() -> None:
    """It stands for "no data"; TFLM takes what it holds for the data of every activation."""

    def edit(m: Any) -> None:
        m.buffers[0].data = np.arange(4, dtype=np.uint8)

    with pytest.raises(NotTflite, match="buffer 0, which stands for none, has data"):
        tflite.read(edited(relu(), edit), "m")


def test_scales_without_zero_points_are_none() -> None:
    """They were taken for zero points of 0; TFLM takes such a tensor for one that is not quantized."""

    def edit(m: Any) -> None:
        m.subgraphs[0].tensors[1].quantization.zeroPoint = None

    graph = tflite.read(edited(relu(), edit), "m")
    with pytest.raises(NotQuantized, match="not quantized int8"):
        require_supported(graph, "m")


def wide(kind: str, scale: Any, channels: int = 3, value: int = 127) -> bytes:
    """An operator with weights whose sums reach 4 * 255 * 127 before they are rescaled."""
    shapes = {
        "CONV_2D": ((1, 2, 2, 1), (channels, 2, 2, 1), (1, 1, 1, channels), 0),
        "DEPTHWISE_CONV_2D": ((1, 2, 2, 1), (1, 2, 2, channels), (1, 1, 1, channels), 3),
        "FULLY_CONNECTED": ((1, 4), (channels, 4), (1, channels), 0),
    }
    x, weights, y, axis = shapes[kind]
    table = {"CONV_2D": "Conv2DOptions", "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions"}.get(kind, "")
    options: dict[str, Any] = {"padding": 1, "strideW": 1, "strideH": 1}
    if kind == "FULLY_CONNECTED":
        options, table = {}, "FullyConnectedOptions"
    if kind == "DEPTHWISE_CONV_2D":
        options["depthMultiplier"] = channels
    tensors = [T(x, scale=1.0, zero_point=-128),
               T(weights, scale=scale, axis=axis, data=np.full(weights, value, np.int8)),
               T(y, scale=1.0)]  # fmt: skip
    return model(tensors, [O(kind, (0, 1), (2,), options, table)], (0,), (2,))


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
def test_sums_that_leave_int32_when_shifted_are_refused(kind: str) -> None:
    """C leaves that undefined; tflite-micro's compiler made another thing of it than ours. 4 * 255 * 127 is just below
    2**17, so that a shift of 14 is the last that fits."""
    fits, leaves = 2.0**13, 2.0**14
    x = [np.full(4, 127, np.int8)]
    for scale in (fits, [0.01, fits, 0.01]):
        content = wide(kind, scale)
        graph = tflite.read(content, "m")
        require_supported(graph, "m")
        ours = reference.outputs(graph, x)[0]
        np.testing.assert_array_equal(ours, tiny.tflm(content, [x[0].reshape(graph.tensors[0].shape)])[0])
    for scale in (leaves, [0.01, leaves, 0.01]):
        with pytest.raises(UnsupportedOp, match=r"sums can leave int32, which TFLM leaves undefined: quantize"):
            require_supported(tflite.read(wide(kind, scale), "m"), "m")
    require_supported(tflite.read(wide(kind, [0.01, leaves, 0.01], value=0), "m"), "m")


def dead_channels(outputs: tuple[int, ...]) -> bytes:
    """Two FULLY_CONNECTEDs with a RESHAPE between them: of eight channels RELU cuts off seven."""
    bias = np.array([-100_000] * 7 + [0], np.int32)
    tensors = [
        X,
        T((8, 4), scale=0.01, data=np.ones((8, 4))),
        T((8,), "int32", scale=0.0005, data=bias),
        T((1, 8), scale=0.05, zero_point=-128),
        T((3,), "int32", data=[1, 1, 8]),
        T((1, 1, 8), scale=0.05, zero_point=-128),
        T((2, 8), scale=0.01, data=np.arange(16).reshape(2, 8)),
        T((2,), "int32", scale=0.0005, data=[7, -7]),
        T((1, 2), scale=0.1),
    ]
    ops = [
        O("FULLY_CONNECTED", (0, 1, 2), (3,), {"fusedActivationFunction": 1}, "FullyConnectedOptions"),
        O("RESHAPE", (3, 4), (5,)),
        O("FULLY_CONNECTED", (5, 6, 7), (8,), {}, "FullyConnectedOptions"),
    ]
    return model(tensors, ops, (0,), outputs)


@pytest.mark.parametrize("constant", [1, 2, 4, 6, 7])
def test_constants_that_are_outputs_too_are_not_changed(constant: int) -> None:
    """Channels that need no computation were cut out of weights and biases, and of a RESHAPE's shape, which the graph
    also gives as they are."""
    content = dead_channels((8, constant))
    graph = tflite.read(content, "m")
    optimized = optimize(graph)
    x = [np.array([[1, -20, 30, 127]], np.int8)]
    truth = tiny.tflm(content, x)
    for ours in (reference.outputs(graph, x), reference.outputs(optimized, x)):
        for a, b in zip(ours, truth, strict=True):
            np.testing.assert_array_equal(a, b)
    assert ENGINES["aot"](QuantizedModel(content, graph), Target("portable", 4)).arena_bytes > 0


def test_dead_channels_behind_a_reshape_are_cut_out() -> None:
    """What the test before this one must not lose."""
    optimized = optimize(tflite.read(dead_channels((8,)), "m"))
    assert [optimized.output(op).shape for op in optimized.ops] == [(1, 4), (1, 1, 4), (1, 2)]


def test_int4_is_for_weights_only() -> None:
    """An int4 constant of ADD was unpacked as weights are; TFLM adds bytes of it as they lie, and bytes behind it."""
    tensors = [X, T((1, 4), scale=0.05, data=[1, -2, 3, -4]), X]

    def edit(m: Any) -> None:
        m.subgraphs[0].tensors[1].type = schema.TensorType.INT4
        m.buffers[1].data = np.array([0xE1, 0xC3], np.uint8)

    content = edited(model(tensors, [O("ADD", (0, 1), (2,), {}, "AddOptions")], (0,), (2,)), edit)
    with pytest.raises(UnsupportedOp, match="'t1' is int4, which is not supported"):
        require_supported(tflite.read(content, "m"), "m")


@pytest.mark.parametrize("how", ["sparse", "int4", "unknown"])
def test_an_odd_constant_that_nothing_reads(how: str) -> None:
    """Its bytes or values were looked at all the same: KeyError and ValueError by engine aot."""
    tensors = [X, X, T((2, 3), scale=0.1, data=np.arange(6).reshape(2, 3))]

    def edit(m: Any) -> None:
        if how == "sparse":
            m.subgraphs[0].tensors[2].sparsity = schema.SparsityParametersT()
            m.buffers[1].data = m.buffers[1].data[:4]
        else:
            m.subgraphs[0].tensors[2].type = schema.TensorType.INT4 if how == "int4" else 77

    content = edited(model(tensors, [O("RELU", (0,), (1,))], (0,), (1,)), edit)
    graph = tflite.read(content, "m")
    require_supported(graph, "m")
    for engine in ENGINES.values():
        assert engine(QuantizedModel(content, graph), Target("dsp", 4)).arena_bytes > 0


def test_data_of_its_own_come_before_what_an_offset_names() -> None:
    """A buffer may say both; the constants outside the flatbuffer were taken, TFLM knows of those inside only."""
    tensors = [X, T((1, 4), scale=0.05, data=[1, -2, 3, -4]), X]
    plain = model(tensors, [O("ADD", (0, 1), (2,), {}, "AddOptions")], (0,), (2,))

    def edit(m: Any) -> None:
        m.buffers[1].offset, m.buffers[1].size = 8, 4

    content = edited(plain, edit)
    x = [np.array([[9, 8, 7, 6]], np.int8)]
    ours = reference.outputs(tflite.read(content, "m"), x)[0]
    np.testing.assert_array_equal(ours, tiny.tflm(content, x)[0])
    np.testing.assert_array_equal(ours, reference.outputs(tflite.read(plain, "m"), x)[0])


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_a_bias_may_have_any_number_of_scales(count: int) -> None:
    """Of one that was not a channel's each, the cutting of dead channels ended in a ValueError."""

    def edit(m: Any) -> None:
        quant = m.subgraphs[0].tensors[2].quantization
        quant.scale, quant.zeroPoint = [0.0005] * count, [0] * count
        quant = m.subgraphs[0].tensors[1].quantization
        quant.scale, quant.zeroPoint = [0.01] * 8, [0] * 8

    content = edited(dead_channels((8,)), edit)
    graph = tflite.read(content, "m")
    require_supported(graph, "m")
    x = [np.array([[1, -20, 30, 127]], np.int8)]
    for ours in (reference.outputs(graph, x), reference.outputs(optimize(graph), x)):
        np.testing.assert_array_equal(ours[0], tiny.tflm(content, x)[0])


def test_a_reshape_into_a_variable_shares_no_memory() -> None:
    """The plan of engine tflm's arena ended in an assertion."""
    kept = T((4,), scale=0.05, zero_point=-4, variable=True)
    tensors = [X, kept, X, X]
    ops = [O("RESHAPE", (0,), (1,)), O("ADD", (0, 0), (2,), {}, "AddOptions"), O("ADD", (2, 0), (3,), {}, "AddOptions")]
    graph = tflite.read(model(tensors, ops, (0,), (3, 1)), "m")
    assert plan(graph).shares == {}
