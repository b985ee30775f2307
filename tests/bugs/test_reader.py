"""Models that were whole and were read as something else, called damaged, or ended in a traceback."""

import struct
from typing import Any

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from gen.errors import ModelError, NotTflite
from gen.model import reference, tflite, upstream
from gen.model.graph import Array
from gen.model.rewrites.inline import inline
from gen.model.support import require_supported
from tests import tiny
from tests.kernels.harness import assert_exact
from tests.tiny import O, T, edited, model

X = T((1, 4), scale=0.05, zero_point=-4)


def add() -> bytes:
    return model([X, X, X], [O("ADD", (0, 1), (2,), {}, "AddOptions")], (0, 1), (2,))


def dense(weights: Array, dtype: str = "int8", scale: Any = 0.02) -> bytes:
    out, count = weights.shape
    tensors = [T((1, count), scale=0.05), T(weights.shape, dtype, scale, data=weights), T((1, out), scale=0.2)]
    return model(tensors, [O("FULLY_CONNECTED", (0, 1, -1), (2,), {}, "FullyConnectedOptions")], (0,), (2,))


@pytest.mark.parametrize(("new", "old"), [(55, 0), (55, 55), (0, 55)])
def test_an_operators_code_is_the_greater_of_both_fields(new: int, old: int) -> None:
    """MAXIMUM (55) with a code in the new field alone was read as ADD (0), and verified as exact."""

    def edit(m: Any) -> None:
        m.operatorCodes[0].builtinCode, m.operatorCodes[0].deprecatedBuiltinCode = new, old
        m.subgraphs[0].operators[0].builtinOptions = None

    graph = tflite.read(edited(add(), edit), "m")
    assert [op.kind for op in graph.ops] == ["maximum"]


def test_the_axis_of_a_bias_is_nobodys_business() -> None:
    """TFLM's own person_detect has biases per channel with axis 3 of one dimension; it was called damaged."""
    rng = np.random.default_rng(1)
    scales = [0.01, 0.02, 0.03]
    tensors = [
        T((1, 4, 4, 3), scale=0.05),
        T((1, 2, 2, 3), scale=scales, axis=3, data=rng.integers(-127, 128, (1, 2, 2, 3))),
        T((3,), "int32", scale=[0.05 * s for s in scales], axis=3, data=[40, -50, 60]),
        T((1, 4, 4, 3), scale=0.1),
    ]
    options = {"padding": 0, "strideW": 1, "strideH": 1, "depthMultiplier": 1}
    op = O("DEPTHWISE_CONV_2D", (0, 1, 2), (3,), options, "DepthwiseConv2DOptions")
    assert_exact(model(tensors, [op], (0,), (3,)), [rng.integers(-128, 128, (1, 4, 4, 3)).astype(np.int8)])


@pytest.mark.parametrize("scales", [0.02, [0.02, 0.05, 0.01]])
@pytest.mark.parametrize("shape", [(3, 4), (3, 5), (3, 1)])
def test_int4_weights_are_values_of_int8(shape: tuple[int, int], scales: Any) -> None:
    """Two to a byte, the first in the low half, rows not padded: TFLM runs them, they were refused."""
    values = np.random.default_rng(2).integers(-8, 8, shape).astype(np.int8)

    def edit(m: Any) -> None:
        flat = np.append(values.ravel() & 15, 0)[: -(-values.size // 2) * 2]
        m.subgraphs[0].tensors[1].type = schema.TensorType.INT4
        m.buffers[m.subgraphs[0].tensors[1].buffer].data = (flat[::2] | flat[1::2] << 4).astype(np.uint8)

    plain = dense(values, scale=scales)
    packed = edited(plain, edit)
    graph = tflite.read(packed, "m")
    require_supported(graph, "m")
    np.testing.assert_array_equal(graph.tensors[1].data, values)
    x = np.random.default_rng(3).integers(-128, 128, (1, shape[1])).astype(np.int8)
    ours = reference.outputs(graph, [x])[0]
    np.testing.assert_array_equal(ours, reference.outputs(tflite.read(plain, "m"), [x])[0])
    if scales == 0.02:  # TFLM has no int4 weights per channel here
        np.testing.assert_array_equal(ours, tiny.tflm(packed, [x])[0])
    np.testing.assert_array_equal(ours, tiny.tflm(inline(packed), [x])[0])


def external(content: bytes) -> bytes:
    """The model with its constants behind the flatbuffer, named by Buffer.offset and size."""
    constants: list[bytes] = []

    def edit(m: Any) -> None:
        for buffer in m.buffers:
            if buffer.data is not None:
                constants.append(bytes(buffer.data))
                buffer.data, buffer.offset, buffer.size = None, 7, len(constants[-1])

    made = bytearray(edited(content, edit))
    for data in constants:
        made.extend(bytes(-len(made) % 16))
        place = made.index(struct.pack("<QQ", len(data), 7)) + 8  # the builder writes the larger slot first
        struct.pack_into("<Q", made, place, len(made))
        made.extend(data)
    return bytes(made)


def test_constants_outside_the_flatbuffer_are_found() -> None:
    """Converters write large ones there; it was called damage. TFLM itself does not look there."""
    weights = np.random.default_rng(4).integers(-127, 128, (5, 33)).astype(np.int8)
    content = external(dense(weights))
    graph = tflite.read(content, "m")
    np.testing.assert_array_equal(graph.tensors[1].data, weights)
    x = np.random.default_rng(5).integers(-128, 128, (1, 33)).astype(np.int8)
    np.testing.assert_array_equal(reference.outputs(graph, [x])[0], tiny.tflm(inline(content), [x])[0])
    ours = reference.outputs(graph, [x])
    assert "confirmed by tflite-micro" in upstream.confirm(graph, content, [[x]], [ours])  # it was called our bug
    with pytest.raises(NotTflite, match=r"cut off: a constant of 165 bytes is at byte \d+ of \d+: copy it again"):
        tflite.read(content[:-1], "m")


def test_a_second_subgraph_is_named_and_not_built() -> None:
    """A file with two signatures was refused as control flow, of which it had none."""

    def edit(m: Any) -> None:
        m.subgraphs.append(m.subgraphs[0])
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = b"score", 1
        m.signatureDefs = [signature]

    content = edited(add(), edit)
    graph = tflite.read(content, "m")
    assert graph.others == ("score",)
    x = [np.array([[1, 2, 3, 4]], np.int8), np.array([[5, -6, 7, -8]], np.int8)]
    np.testing.assert_array_equal(reference.outputs(graph, x)[0], tiny.tflm(content, x)[0])


def test_an_output_may_be_a_constant() -> None:
    """It ended in a KeyError."""
    tensors = [X, X, T((1, 4), scale=0.1, data=[1, 2, 3, -4])]
    content = model(tensors, [O("RELU", (0,), (1,))], (0,), (1, 2))
    graph = tflite.read(content, "m")
    x = [np.array([[9, -9, 5, 0]], np.int8)]
    ours = reference.outputs(graph, x)
    assert ours[1].tolist() == [[1, 2, 3, -4]]
    for one, other in zip(ours, tiny.tflm(content, x), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", ["ADD", "RELU", "CONCATENATION", "MEAN", "SOFTMAX"])
def test_an_operator_without_inputs_is_told(kind: str) -> None:
    """It ended in an IndexError."""
    graph = tflite.read(model([X, X], [O("RELU", (0,), (1,)), O(kind, (), (1,))][1:], (0,), (1,)), "m")
    with pytest.raises(ModelError, match=rf"m can't be built: operator 0 \({kind}\) "):
        require_supported(graph, "m")


def test_an_operators_second_output_is_told() -> None:
    """One that another operator reads ended in a KeyError."""
    ops = [O("RELU", (0,), (1, 2)), O("ADD", (1, 2), (3,), {}, "AddOptions")]
    graph = tflite.read(model([X, X, X, X], ops, (0,), (3,)), "m")
    with pytest.raises(ModelError, match=r"operator 0 \(RELU\) has 2 outputs, which it can't have"):
        require_supported(graph, "m")
