"""Models that were refused for something else than what keeps them from being built, or one obstacle at a time."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from gen.errors import ModelError, NotQuantized, UnsupportedOp
from gen.importer.load import load_model
from gen.model import tflite
from gen.model.support import require_supported
from tests.tiny import O, T, edited, model

X = T((1, 4), scale=0.05, zero_point=-4)
FLOAT = T((1, 4), "float32")


def refusal(content: bytes) -> ModelError:
    with pytest.raises(ModelError) as caught:
        require_supported(tflite.read(content, "net"), "net.tflite")
    return caught.value


def custom(name: bytes) -> bytes:
    def edit(m: Any) -> None:
        m.operatorCodes[0].builtinCode = m.operatorCodes[0].deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        m.operatorCodes[0].customCode = name

    return edited(model([X, X], [O("RELU", (0,), (1,))], (0,), (1,)), edit)


def test_all_obstacles_are_told_at_once() -> None:
    """One message had the first of them only."""
    tensors = [X, X, X, X, X, T((1, 4), "uint32", 0.01), X]
    ops = [
        O("SIN", (0,), (1,)),
        O("COS", (1,), (2,)),
        O("SIN", (2,), (3,)),
        O("WHILE", (3,), (4,)),
        O("QUANTIZE", (3,), (5,)),
        O("ADD", (3, 3), (6,), {"fusedActivationFunction": 4}, "AddOptions"),
    ]
    error = refusal(model(tensors, ops, (0,), (4, 5, 6)))
    assert isinstance(error, UnsupportedOp)
    assert re.fullmatch(
        r"net\.tflite can't be built, for 4 reasons:\n"
        r"  1\. operators 0 and 2 \(SIN\); operator 1 \(COS\): in TFLM .*\.\n"
        r"  2\. operator 3 \(WHILE\) has no options in the file, .*\.\n"
        r"  3\. operator 4 \(QUANTIZE\) turns int8 into uint32: only .*\.\n"
        r"  4\. operator 5 \(ADD\) has the fused activation TANH: .*\.",
        str(error),
    )


def test_the_layer_that_asked_for_an_operator_is_named() -> None:
    """As the converter's names of tensors tell it."""
    names = ("serving_default_x:0", "net_1/squash_1/Tanh", "net_1/wave_1/Cos", "net_1/again_1/Tanh")
    tensors = [T((1, 4), scale=0.05, name=name) for name in names]
    ops = [O("SIN", (0,), (1,)), O("COS", (1,), (2,)), O("SIN", (2,), (3,))]
    found = str(refusal(model(tensors, ops, (0,), (3,))))
    assert "operators 0 and 2 (SIN), of layers squash, again; operator 1 (COS), of layer wave: in TFLM" in found


def test_operators_of_one_fault_are_told_together() -> None:
    half = T((1, 4), scale=0.1, zero_point=0)
    ops = [O("SOFTMAX", (0,), (i,), {"beta": 1.0}, "SoftmaxOptions") for i in range(1, 10)]
    error = refusal(model([X, *[half] * 9], ops, (0,), (9,)))
    assert str(error).count("SOFTMAX") == 2
    assert str(error).endswith("The same goes for operators 1, 2, 3, 4, 5 and 3 more (SOFTMAX).")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (b"ethos-u", "Arm's Ethos-U: give the .tflite from before Vela"),
        (b"edgetpu-custom-op", "the Edge TPU: give the .tflite from before its compiler"),
        (b"FlexErf", "TFLM does not run either: convert without SELECT_TF_OPS"),
        (b"SignalCircularBuffer", "CUSTOM SignalCircularBuffer): not supported"),
    ],
)
def test_custom_operators_are_named_as_in_the_file(name: bytes, words: str) -> None:
    error = refusal(custom(name))
    assert words in str(error)
    assert f"(CUSTOM {name.decode()})" in str(error)


def test_variable_tensors_are_state_and_not_damage() -> None:
    """They were read "before anything computes it: the model file is damaged"; one that nothing changes stays zero."""

    def edit(m: Any) -> None:
        m.subgraphs[0].tensors[1].isVariable = True

    content = edited(model([X, X, X], [O("ADD", (0, 1), (2,), {}, "AddOptions")], (0,), (2,)), edit)
    graph = tflite.read(content, "net")
    require_supported(graph, "net.tflite")
    assert [variable.name for variable in graph.variables] == ["t1"]


@pytest.mark.parametrize(
    ("tensor", "error", "words"),
    [
        (T((1, 4), "uint8", 0.01), NotQuantized, "ADD in uint8, which is TensorFlow's quantization of 2018 to 2020"),
        (T((1, 4), "uint16", 0.01), UnsupportedOp, "tensor 't0' (and 1 more) is uint16, which is not supported"),
        (T((1, 1 << 25), scale=0.01), UnsupportedOp, "33,554,432 elements, more than 16,777,216: no microcontroller"),
    ],
)
def test_the_type_and_the_size_are_named(tensor: T, error: type[ModelError], words: str) -> None:
    found = refusal(model([tensor, tensor], [O("ADD", (0, 0), (1,), {}, "AddOptions")], (0,), (1,)))
    assert isinstance(found, error)
    assert words in str(found)


def test_float_in_the_middle_is_told_from_a_float_model() -> None:
    """Everything with float in it was "a float32 model" or "hybrid"."""
    tail = [
        O("RELU", (0,), (1,)),
        O("DEQUANTIZE", (1,), (2,)),
        O("SOFTMAX", (2,), (3,), {"beta": 1.0}, "SoftmaxOptions"),
        O("QUANTIZE", (3,), (4,)),
    ]
    error = refusal(model([X, X, FLOAT, FLOAT, X], tail, (0,), (4,)))
    assert "behind operator 1 (DEQUANTIZE) the model goes on in float32, with SOFTMAX: end it at tensor 't1'" in str(
        error
    )
    ends = [O("RELU", (0,), (1,)), O("QUANTIZE", (1,), (2,)), O("RELU", (2,), (3,))]
    assert "int8 but for RELU, which compute in float32 (operator 0 (RELU))" in str(
        refusal(model([FLOAT, FLOAT, X, X], ends, (0,), (3,)))
    )
    assert "is a float32 model, not int8; give the float model" in str(
        refusal(model([FLOAT, FLOAT], [O("RELU", (0,), (1,))], (0,), (1,)))
    )


def test_options_that_the_file_lacks_are_told() -> None:
    """CONV_2D without them was computed with TFLite's defaults; TFLM computes something else."""
    rng = np.random.default_rng(1)
    image, weights = T((1, 4, 4, 2), scale=0.05), T((2, 3, 3, 2), scale=0.01, data=rng.integers(-9, 9, (2, 3, 3, 2)))
    error = refusal(model([image, weights, image], [O("CONV_2D", (0, 1, -1), (2,))], (0,), (2,)))
    assert "operator 0 (CONV_2D) has no options in the file, such as its Padding" in str(error)


def test_a_depth_multiplier_of_0_is_told() -> None:
    """It was taken from the shapes, where TFLM computes nothing at all."""
    weights = T((1, 3, 3, 2), scale=0.01, data=np.ones((1, 3, 3, 2)))
    image = T((1, 4, 4, 2), scale=0.05)
    options = {"padding": 0, "strideW": 1, "strideH": 1, "depthMultiplier": 0}
    op = O("DEPTHWISE_CONV_2D", (0, 1, -1), (2,), options, "DepthwiseConv2DOptions")
    assert "depth multiplier 0, with which TFLM computes nothing" in str(
        refusal(model([image, weights, image], [op], (0,), (2,)))
    )


@pytest.mark.parametrize("scale", [float(np.float32(3.3e38)), 1e31])
def test_scales_at_the_end_of_float32_are_told(scale: float) -> None:
    """Their products are infinite on one side and not on the other."""
    with pytest.raises(ModelError, match=r"beyond 1e\+30"):
        tflite.read(model([T((1, 4), scale=scale), X], [O("RELU", (0,), (1,))], (0,), (1,)), "net")


@pytest.mark.parametrize("kind", ["RELU6", "ADD"])
def test_scales_too_fine_for_the_limits_of_relu6_are_told(kind: str) -> None:
    """TFLM's 6 / scale is beyond int32 there: it gives the lowest value, we gave the highest."""
    fine = T((1, 4), scale=1e-10)
    options = ({"fusedActivationFunction": 3}, "AddOptions") if kind == "ADD" else ()
    inputs = (0, 0) if kind == "ADD" else (0,)
    assert "too fine for int32 to hold its limits" in str(
        refusal(model([fine, fine], [O(kind, inputs, (1,), *options)], (0,), (1,)))
    )


def test_a_logistic_of_another_output_scale_is_told() -> None:
    """It was computed for 1/256, off by the ratio; TFLite refuses it."""
    y = T((1, 4), scale=1 / 128, zero_point=-128)
    assert "TFLite fixes them to 1/256 and -128" in str(refusal(model([X, y], [O("LOGISTIC", (0,), (1,))], (0,), (1,))))


def test_the_command_line_tells_what_else_the_file_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = edited(model([X, X], [O("RELU", (0,), (1,))], (0,), (1,)), lambda m: m.subgraphs.append(m.subgraphs[0]))
    (tmp_path / "two.tflite").write_bytes(content)
    load_model(str(tmp_path / "two.tflite"))
    assert "two.tflite: the first of its subgraphs is built, not 'subgraph 1'\n" in capsys.readouterr().err
