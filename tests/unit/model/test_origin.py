"""The layer that asked for an operator, told from tensors' names of real conversions."""

from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.errors import UnsupportedOp
from gen.importer import calibration, child_process, from_keras, from_onnx
from gen.importer.opened import UNTRUSTED
from gen.learn import tensorflow
from gen.model.origin import layer_of
from tests.imports import keras, onnx_model, quantized, save, shake

SHAPE = (8, 8, 3)


def _origins(content: bytes) -> list[tuple[str, str | None]]:
    """Each operator's kind and layer, but for conversions of numbers and changes of shape."""
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    graph, found = model.subgraphs[0], []
    for op in graph.operators:
        kind = flatbuffer_utils.opcode_to_name(model, op.opcodeIndex).lower()
        if kind not in ("quantize", "dequantize", "reshape"):
            found.append((kind, layer_of(graph.tensors[op.outputs[0]].name.decode(), kind)))
    return found


def _network() -> Any:
    k = keras()
    layers = k.layers
    block = k.Sequential(
        [
            k.Input((8, 8, 4)),
            layers.Conv2D(4, 3, padding="same", activation="swish", name="inner_conv"),
            layers.BatchNormalization(name="inner_bn"),
        ],
        name="block",
    )
    x = k.Input(SHAPE)
    y = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same", activation="relu")(x))
    y = layers.LeakyReLU(name="leaky")(layers.Multiply(name="gate")([y, block(y)]))
    y = layers.GlobalAveragePooling2D()(layers.SeparableConv2D(5, 3, activation="tanh", name="sep")(y))
    y = layers.Dense(4, activation="elu")(y)
    y = layers.Dense(4)(y)
    return shake(k.Model(x, layers.Dense(3)(y)))


WANTED = [
    ("conv_2d", "conv2d"), ("depthwise_conv_2d", "batch_normalization"), ("conv_2d", "block/inner_conv"),
    ("logistic", "block/inner_conv"), ("mul", "block/inner_conv"), ("depthwise_conv_2d", "block/inner_bn"),
    ("mul", "gate"), ("leaky_relu", "leaky"), ("depthwise_conv_2d", "sep"), ("conv_2d", "sep"), ("tanh", "sep"),
    ("mean", "global_average_pooling2d"), ("fully_connected", "dense"), ("elu", "dense"),
    ("fully_connected", "dense_1"), ("fully_connected", None),
]  # fmt: skip


@pytest.mark.parametrize("name", ["m.keras", "m"])
def test_of_keras(name: str, tmp_path: Path) -> None:
    keras().backend.clear_session()
    path = save(_network(), tmp_path / name)
    np.savez(tmp_path / "x.npz", np.random.default_rng(1).uniform(0, 1, (8, *SHAPE)))
    with tensorflow.quiet():
        opened = (from_keras.open_keras if path.suffix else from_keras.open_saved_model)(path, UNTRUSTED)
        content = opened.convert(calibration.read(tmp_path / "x.npz", opened.inputs))
    assert _origins(content) == WANTED


def test_of_onnx(tmp_path: Path) -> None:
    from onnx import helper

    weights = np.random.default_rng(1).normal(size=(4, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "W"], ["/features/0/Conv_output_0"]),
        helper.make_node("Sigmoid", ["/features/0/Conv_output_0"], ["/act/Sigmoid_output_0"]),
        helper.make_node("Mul", ["/features/0/Conv_output_0", "/act/Sigmoid_output_0"], ["/Mul_output_0"]),
        helper.make_node("GlobalAveragePool", ["/Mul_output_0"], ["/pool/out"]),
        helper.make_node("Flatten", ["/pool/out"], ["y"]),
    ]
    onnx_model(tmp_path / "m.onnx", nodes, (1, 3, 8, 8), (1, 4), {"W": weights})
    np.savez(tmp_path / "x.npz", np.random.default_rng(1).uniform(0, 1, (8, 3, 8, 8)))
    with tensorflow.quiet():
        opened = from_onnx.open_onnx(tmp_path / "m.onnx", UNTRUSTED)
        content = opened.convert(calibration.read(tmp_path / "x.npz", opened.inputs))
    assert _origins(content)[:3] == [
        ("conv_2d", "_features_0_Conv_output_0"),
        ("logistic", "_act_Sigmoid_output_0"),
        ("mul", "_Mul_output_0"),
    ]


def _of_torch(folder: Path) -> list[tuple[str, str | None]]:
    import torch

    class Block(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.first, self.act = torch.nn.Conv2d(3, 4, 3), torch.nn.Sigmoid()

        def forward(self, x: Any) -> Any:
            y = self.first(x)
            return y * self.act(y)

    network = torch.nn.Sequential(
        torch.nn.Sequential(Block(), torch.nn.Tanh()), torch.nn.Flatten(), torch.nn.Linear(144, 2)
    )
    torch.export.save(torch.export.export(network.eval(), (torch.zeros(1, 3, 8, 8),)), str(folder / "m.pt2"))
    from gen.importer import from_torch

    np.savez(folder / "x.npz", np.random.default_rng(1).uniform(0, 1, (8, 3, 8, 8)))
    opened = from_torch.open_exported(folder / "m.pt2", UNTRUSTED)
    return _origins(opened.convert(calibration.read(folder / "x.npz", opened.inputs)))


@pytest.mark.skipif(
    not any(one.name == "litert-torch" for one in metadata.distributions()),
    reason="litert-torch is not installed: `make setup TORCH=1` brings it",
)
def test_of_pytorch(tmp_path: Path) -> None:
    found = dict(child_process.run(_of_torch, tmp_path))
    assert (found["conv_2d"], found["logistic"], found["mul"], found["tanh"]) == ("0.0.first", "0.0.act", "0.0", "0.1")


@pytest.mark.parametrize(
    ("name", "kind", "layer"),
    [
        ("Identity", "softmax", None),
        ("tfl.quantize", "quantize", None),
        ("arith.constant", "reshape", None),
        ("StatefulPartitionedCall:0", "softmax", None),
        ("MatMul", "fully_connected", None),
        ("", "add", None),
        ("dense/MatMul", "fully_connected", "dense"),
        ("model/dense_1/MatMul", "fully_connected", "dense_1"),  # of Keras 2
        ("m_1/a_1/Relu;m_1/b_1/MatMul", "fully_connected", "b"),
    ],
)
def test_names(name: str, kind: str, layer: str | None) -> None:
    assert layer_of(name, kind) == layer


def test_all_that_a_converter_refuses_is_named_with_its_layers(tmp_path: Path) -> None:
    k = keras()
    k.backend.clear_session()
    import tensorflow as tf

    class Digamma(k.layers.Layer):  # type: ignore[misc, name-defined]
        def call(self, x: Any) -> Any:
            return tf.math.digamma(x + 2)

    x = k.Input((8,))
    y = Digamma(name="gamma")(k.ops.erfinv(k.layers.Dense(8, name="head")(k.ops.erfinv(x))))
    np.savez(tmp_path / "x.npz", np.random.default_rng(1).uniform(0, 0.5, (8, 8)))
    path = save(k.Model(x, y), tmp_path / "m")
    with pytest.raises(UnsupportedOp, match=r"its Digamma \(gamma\), Erfinv \(erfinv, erfinv_1\): replace it"):
        quantized(path, tmp_path / "x.npz")
