"""ONNX files, with their channels first: the same function with channels last, or refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.errors import ModelError, UnsupportedOp
from gen.model import reference, tflite
from gen.model.values import quantize_tensor
from tests import tiny
from tests.imports import kinds, outputs, quantized


def onnx_file(path: Path, *, batch: int | str = 1, tail: str = "Softmax") -> Any:
    """A network in PyTorch's order, 3 x 8 x 6: strided, depthwise and pointwise convolutions, a sum, a flattening."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(8)
    constants = {
        "w0": (4, 3, 3, 3), "b0": (4,), "w1": (4, 1, 3, 3), "b1": (4,), "w2": (4, 4, 1, 1), "w3": (5, 24), "b3": (5,)
    }  # fmt: skip
    values: dict[str, Any] = {name: rng.normal(0, 0.4, shape).astype(np.float32) for name, shape in constants.items()}
    values |= {"low": np.float32(0), "high": np.float32(6)}
    nodes = [
        helper.make_node("Conv", ["x", "w0", "b0"], ["c0"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["c0"], ["/r0"]),
        helper.make_node("Conv", ["/r0", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1], group=4),
        helper.make_node("Clip", ["c1", "low", "high"], ["r1"]),
        helper.make_node("Conv", ["r1", "w2"], ["c2"]),
        helper.make_node("Add", ["c2", "/r0"], ["sum"]),
        helper.make_node("MaxPool", ["sum"], ["pool"], kernel_shape=[2, 1], strides=[2, 1]),
        helper.make_node("Flatten", ["pool"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "w3", "b3"], ["logits"], transB=1),
        helper.make_node(tail, ["logits"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3, 8, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 5])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(made, str(path))
    return made


@pytest.fixture(scope="module")
def onnx_examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "x.npz"
    np.savez(path, np.random.default_rng(9).normal(size=(12, 3, 8, 6)).astype(np.float32))
    return path


@pytest.mark.parametrize("batch", [1, "N"])
def test_an_onnx_file_becomes_int8_with_channels_last(batch: int | str, tmp_path: Path, onnx_examples: Path) -> None:
    from onnx.reference import ReferenceEvaluator

    original = onnx_file(tmp_path / "m.onnx", batch=batch)
    made = quantized(tmp_path / "m.onnx", onnx_examples)
    graph = tflite.read(made.content, "m")
    assert graph.tensors[graph.inputs[0]].shape == (1, 8, 6, 3)
    assert kinds(made.content) == ["pad", "conv_2d", "depthwise_conv_2d", "conv_2d", "add", "max_pool_2d", "reshape",
                            "fully_connected", "softmax"]  # fmt: skip
    assert made.notes[0] == "input 'x' takes (1, 8, 6, 3), channels last; the file has (3, 8, 6)"
    for x in np.load(onnx_examples)["arr_0"]:
        (wanted,) = ReferenceEvaluator(original).run(None, {"x": x[None]})
        (found,) = outputs(made.content, np.moveaxis(x, 0, -1)[None])
        assert np.abs(found - np.asarray(wanted)).max() <= 8 / 256
        stored = quantize_tensor(graph.tensors[graph.inputs[0]], np.moveaxis(x, 0, -1)[None])
        assert np.array_equal(reference.outputs(graph, [stored])[0], tiny.tflm(made.content, [stored])[0])
    assert quantized(tmp_path / "m.onnx", onnx_examples).content == made.content


def test_onnx_operators_that_are_not_converted(tmp_path: Path, onnx_examples: Path) -> None:
    onnx_file(tmp_path / "m.onnx", tail="Erf")
    with pytest.raises(UnsupportedOp, match=r"has the ONNX operators Erf \(y\), which onnx2keras does not convert"):
        quantized(tmp_path / "m.onnx", onnx_examples)


def test_a_conversion_that_computes_something_else_is_refused(
    tmp_path: Path, onnx_examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnx2keras

    right = onnx2keras.onnx_to_keras

    def wrong(*args: Any, **options: Any) -> Any:
        network = right(*args, **options)
        weights = network.get_weights()
        weights[-1][0] += 0.01
        network.set_weights(weights)
        return network

    monkeypatch.setattr(onnx2keras, "onnx_to_keras", wrong)
    onnx_file(tmp_path / "m.onnx")
    with pytest.raises(ModelError, match=r"onnx2keras made of .* a model that computes something else in output 0"):
        quantized(tmp_path / "m.onnx", onnx_examples)
