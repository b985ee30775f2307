"""Right ONNX graphs were blamed: as many channels as rows and columns, series, paddings by name, float16."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper

from gen.errors import UnsupportedOp
from gen.model.graph import Array
from tests.imports import kinds, onnx_model, outputs, quantized

SEED = 4
RNG = np.random.default_rng(SEED)


@pytest.fixture(autouse=True)
def _same_numbers() -> None:
    """Every test draws the same, whichever ran before it."""
    RNG.bit_generator.state = np.random.default_rng(SEED).bit_generator.state


def _weights(*shape: int) -> Array:
    return RNG.normal(0, 0.5, shape).astype(np.float32)


def _check(path: Path, model: Any, shape: tuple[int, ...], tolerance: float = 3) -> list[str]:
    """Convert it, hold int8 against ONNX's reference, channels first or last; returns the operators and notes."""
    from onnx.reference import ReferenceEvaluator

    from gen.model import tflite

    x = RNG.normal(size=(16, *shape)).astype(np.float32)
    np.savez(path.with_suffix(".npz"), x)
    made = quantized(path, path.with_suffix(".npz"))
    reference, graph = ReferenceEvaluator(model), tflite.read(made.content, "m")
    dtype = np.float16 if model.graph.input[0].type.tensor_type.elem_type == 10 else np.float32
    for one in x:
        wanted = np.asarray(reference.run(None, {"x": one[None].astype(dtype)})[0])
        (found,) = outputs(made.content, np.moveaxis(one, 0, -1)[None])
        assert found.shape == (np.moveaxis(wanted, 1, -1) if wanted.ndim > 2 else wanted).shape
        last = np.moveaxis(wanted, 1, -1) if wanted.ndim > 2 else wanted
        assert np.abs(found - last).max() <= tolerance * graph.tensors[graph.outputs[0]].scale
    return [*kinds(made.content), *made.notes]


def test_as_many_channels_as_rows_and_columns(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    node = helper.make_node("Conv", ["x", "W", "b"], ["y"], pads=[1, 1, 1, 1])
    model = onnx_model(path, [node], (1, 3, 5, 5), (1, 5, 5, 5), {"W": _weights(5, 3, 3, 3), "b": _weights(5)})
    assert "conv_2d" in _check(path, model, (3, 5, 5))


SERIES = {
    "pads": [helper.make_node("Conv", ["x", "W", "b"], ["c"], pads=[1, 1])],
    "one side": [helper.make_node("Conv", ["x", "W", "b"], ["c"], pads=[2, 0])],
    "no pads": [helper.make_node("Conv", ["x", "W", "b"], ["c"])],
    "dilations": [helper.make_node("Conv", ["x", "W", "b"], ["c"], dilations=[3])],
    "SAME_UPPER": [helper.make_node("Conv", ["x", "W", "b"], ["c"], auto_pad="SAME_UPPER", strides=[2])],
    "SAME_LOWER": [helper.make_node("Conv", ["x", "W", "b"], ["c"], auto_pad="SAME_LOWER", strides=[2])],
    "depthwise": [helper.make_node("Conv", ["x", "D"], ["c"], group=3, strides=[2], pads=[1, 1])],
    "a sum": [helper.make_node("Conv", ["x", "W"], ["d"], pads=[1, 1]), helper.make_node("Add", ["d", "B"], ["c"])],
    "normalized": [
        helper.make_node("Conv", ["x", "W"], ["d"], pads=[1, 1]),
        helper.make_node("Relu", ["d"], ["e"]),
        helper.make_node("BatchNormalization", ["e", "p", "q", "q", "p"], ["c"]),
    ],
    "padded": [helper.make_node("Pad", ["x", "P"], ["d"]), helper.make_node("Conv", ["d", "W"], ["c"])],
}
CONSTANTS = {
    "W": _weights(5, 3, 3), "D": _weights(3, 1, 3), "b": _weights(5), "B": _weights(1, 5, 1),
    "p": RNG.uniform(0.5, 2, 5).astype(np.float32), "q": _weights(5), "P": np.array([0, 0, 2, 0, 0, 1]),
}  # fmt: skip


@pytest.mark.parametrize("what", SERIES)
def test_series_become_images_of_one_row(what: str, tmp_path: Path) -> None:
    """With a pooling, a flattening and a dense layer behind it: the whole of a usual network."""
    path = tmp_path / "m.onnx"
    length = {"no pads": 14, "dilations": 10, "padded": 17}.get(what, 16)
    length = 8 if what in ("SAME_UPPER", "SAME_LOWER", "depthwise") else length
    channels = 3 if what == "depthwise" else 5
    tail = [
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["m"], kernel_shape=[2], strides=[2]),
        helper.make_node("Flatten", ["m"], ["f"]),
        helper.make_node("Gemm", ["f", "V", "c4"], ["y"], transB=1),
    ]
    constants = {**CONSTANTS, "V": _weights(4, channels * (length // 2)), "c4": _weights(4)}
    nodes = [*SERIES[what], *tail]
    used = {name for node in nodes for name in node.input}
    model = onnx_model(path, nodes, (1, 3, 16), (1, 4), {k: v for k, v in constants.items() if k in used})
    assert "conv_2d" in _check(path, model, (3, 16)) or what == "depthwise"


@pytest.mark.parametrize("end", ["series", "mean", "average"])
def test_ends_of_series(end: str, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    tail: list[Any] = {
        "series": [helper.make_node("Relu", ["c"], ["y"])],
        "mean": [helper.make_node("ReduceMean", ["c"], ["y"], axes=[2], keepdims=0)],
        "average": [
            helper.make_node("GlobalAveragePool", ["c"], ["g"]),
            helper.make_node("Squeeze", ["g", "two"], ["y"]),
        ],
    }[end]
    model = onnx_model(
        path,
        [helper.make_node("Conv", ["x", "W", "b"], ["c"], pads=[1, 1]), *tail],
        (1, 3, 16),
        (1, 5, 16) if end == "series" else (1, 5),
        {"W": CONSTANTS["W"], "b": CONSTANTS["b"], **({"two": np.array([2])} if end == "average" else {})},
    )
    _check(path, model, (3, 16))


def test_what_stands_in_the_way_of_series_is_named_all_at_once(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    nodes = [
        helper.make_node("Conv", ["x", "W"], ["c"]),
        helper.make_node("Softmax", ["c"], ["s"], axis=2),
        helper.make_node("Flatten", ["s"], ["y"], axis=2),
    ]
    onnx_model(path, nodes, (1, 3, 16), (5, 14), {"W": CONSTANTS["W"]})
    np.savez(tmp_path / "x.npz", RNG.normal(size=(4, 3, 16)))
    with pytest.raises(
        UnsupportedOp, match=r"beside them what can't be converted with these: Softmax \(s\), Flatten \(y\)"
    ):
        quantized(path, tmp_path / "x.npz")


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div"])
@pytest.mark.parametrize("shape", [(4, 1, 1), (1, 4, 1, 1), ()])
def test_constants_for_each_channel_are_in_the_files_order(op: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    path, constant = tmp_path / "m.onnx", RNG.uniform(0.5, 2, shape).astype(np.float32)
    nodes = [helper.make_node("Conv", ["x", "W"], ["c"]), helper.make_node(op, ["c", "a"], ["y"])]
    model = onnx_model(path, nodes, (1, 3, 6, 7), (1, 4, 4, 5), {"W": _weights(4, 3, 3, 3), "a": constant})
    assert _check(path, model, (3, 6, 7))[0] == "conv_2d"


@pytest.mark.parametrize("auto", ["SAME_UPPER", "SAME_LOWER", "VALID"])
def test_paddings_by_name(auto: str, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    node = helper.make_node("Conv", ["x", "W"], ["y"], auto_pad=auto, strides=[2, 1])
    shape = (1, 4, 2, 5) if auto == "VALID" else (1, 4, 3, 7)
    model = onnx_model(path, [node], (1, 3, 6, 7), shape, {"W": _weights(4, 3, 3, 3)})
    _check(path, model, (3, 6, 7))


def test_normalized_vectors(tmp_path: Path) -> None:
    """BatchNormalization after Flatten and Gemm, which onnx2keras takes for one of images."""
    path = tmp_path / "m.onnx"
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("Gemm", ["f", "V"], ["g"], transB=1),
        helper.make_node("Relu", ["g"], ["r"]),
        helper.make_node("BatchNormalization", ["r", "p", "q", "q", "p"], ["y"]),
    ]
    constants = {"V": _weights(5, 12), "p": CONSTANTS["p"], "q": CONSTANTS["q"]}
    model = onnx_model(path, nodes, (1, 3, 2, 2), (1, 5), constants)
    assert "depthwise_conv_2d" in _check(path, model, (3, 2, 2))


def test_half_precision_becomes_float32(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    nodes = [
        helper.make_node("Conv", ["x", "W"], ["c"]),
        helper.make_node("GlobalAveragePool", ["c"], ["g"]),
        helper.make_node("Flatten", ["g"], ["y"]),
    ]
    model = onnx_model(
        path, nodes, (1, 3, 6, 6), (1, 4), {"W": _weights(4, 3, 3, 3).astype(np.float16)}, dtype="FLOAT16"
    )
    assert "its 16-bit floats became float32, from which it is quantized" in _check(path, model, (3, 6, 6))
