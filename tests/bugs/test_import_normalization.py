"""BatchNormalization, Rescaling and Normalization that no convolution takes up were refused as MUL or SUB."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.cli.main import main
from gen.importer.affine import affine_to_depthwise
from gen.learn import tensorflow
from gen.model import reference, tflite
from gen.model.graph import Array
from tests import tiny
from tests.imports import keras, kinds, quantized, save, shake, worst_steps

SHAPE = (8, 8, 3)
SEED = 5
RNG = np.random.default_rng(SEED)


@pytest.fixture(autouse=True)
def _same_numbers() -> None:
    """Every test draws the same, whichever ran before it."""
    RNG.bit_generator.state = np.random.default_rng(SEED).bit_generator.state


def _layers(what: str) -> tuple[tuple[int, ...], list[Any]]:
    """The shape of the input, and what follows it."""
    layers = keras().layers
    bn, conv = layers.BatchNormalization, layers.Conv2D
    tail = [layers.Flatten(), layers.Dense(4)]
    return {
        "after an activation": (SHAPE, [conv(4, 3, activation="relu"), bn(), conv(4, 3, padding="same"), *tail]),
        "twice": (SHAPE, [conv(4, 3, activation="relu"), bn(), layers.ReLU(), bn(), conv(4, 3, padding="same"), *tail]),
        "at the input": (SHAPE, [bn(), conv(4, 3, padding="same"), *tail]),
        "after pooling": (SHAPE, [conv(4, 3, activation="relu"), layers.MaxPooling2D(), bn(), *tail]),
        "vectors": (SHAPE, [layers.Flatten(), bn(), layers.ReLU(), layers.Dense(5, activation="relu"), bn()]),
        "series": ((16, 3), [layers.Conv1D(4, 3, activation="relu"), bn(), layers.Conv1D(4, 3, padding="same"), *tail]),
        "series at the end": ((16, 3), [layers.Conv1D(4, 3, activation="relu"), bn()]),
        "Rescaling": (SHAPE, [layers.Rescaling(2.5, offset=-1), conv(4, 3, padding="same"), *tail]),
        "Normalization": (
            SHAPE,
            [layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[0.2, 1, 2]), conv(4, 3, padding="same"), *tail],
        ),
    }[what]


def _sum() -> Any:
    k = keras()
    x = k.Input(SHAPE)
    y = k.layers.Add()([k.layers.Conv2D(3, 3, padding="same")(x), x])
    y = k.layers.ReLU()(k.layers.BatchNormalization()(y))
    y = k.layers.Concatenate()([y, k.layers.Conv2D(3, 3, padding="same")(y)])  # two readers
    return k.Model(x, k.layers.GlobalAveragePooling2D()(k.layers.BatchNormalization()(y)))


def _sequence(what: str) -> Callable[[], Any]:
    def build() -> Any:
        shape, layers = _layers(what)
        k = keras()
        return k.Sequential([k.Input(shape), *layers])

    return build


ALL = ("after an activation", "twice", "at the input", "after pooling", "vectors", "series", "series at the end",
       "Rescaling", "Normalization")  # fmt: skip


def _made(build: Callable[[], Any], path: Path) -> tuple[bytes, Array, Array]:
    """The .tflite, examples and what the float model makes of them."""
    model = shake(build())
    save(model, path)
    x = RNG.uniform(-1, 2, (24, *model.inputs[0].shape[1:])).astype(np.float32)
    np.savez(path.with_suffix(".npz"), x)
    with tensorflow.quiet():
        wanted = np.asarray(model(x))
    return quantized(path, path.with_suffix(".npz")).content, x, wanted


@pytest.mark.parametrize("what", [*ALL, "after a sum"])
def test_it_becomes_a_depthwise_convolution(what: str, tmp_path: Path) -> None:
    content, x, wanted = _made(_sum if what == "after a sum" else _sequence(what), tmp_path / "m.keras")
    assert "depthwise_conv_2d" in kinds(content) and {"mul", "sub", "div"}.isdisjoint(kinds(content))
    assert worst_steps(content, x, wanted) <= 5
    graph = tflite.read(content, "m")
    for vector in range(4):
        inputs = reference.random_inputs(graph, vector, 1)
        assert np.array_equal(tiny.tflm(content, inputs)[0], reference.outputs(graph, inputs)[0])


def test_in_a_saved_model(tmp_path: Path) -> None:
    content, x, wanted = _made(_sequence("after an activation"), tmp_path / "m")
    assert "depthwise_conv_2d" in kinds(content) and worst_steps(content, x, wanted) <= 5


@pytest.mark.parametrize("engine", ["tflm", "aot"])
def test_it_verifies_on_a_board(engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, _, _ = _made(_sequence("after an activation"), tmp_path / "m.keras")
    (tmp_path / "m.tflite").write_bytes(content)
    words = ("--board", "qemu_mps2_an386", "--engine", engine, "--vectors", "5", "--out", str(tmp_path / "build"))
    assert main(["verify", str(tmp_path / "m.tflite"), *words]) == 0
    assert "exact" in capsys.readouterr().out


def test_a_float_tflite_keeps_its_values(tmp_path: Path) -> None:
    """The rewriting itself, in float32: within the last bits, and nothing where there is nothing to rewrite."""
    with tensorflow.quiet():
        k = keras()
        import tensorflow as tf

        def content(model: Any) -> bytes:
            x = tf.TensorSpec((1, *model.inputs[0].shape[1:]))
            function = tf.function(lambda x: model(x, training=False)).get_concrete_function(x)
            return bytes(tf.lite.TFLiteConverter.from_concrete_functions([function]).convert())

        def run(content: bytes, x: Array) -> Array:
            interpreter = tf.lite.Interpreter(model_content=content)
            interpreter.allocate_tensors()
            interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
            interpreter.invoke()
            return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))

        x = k.Input(SHAPE)
        y = 3 - k.layers.BatchNormalization()(x)  # a constant less x
        y = k.layers.ReLU(max_value=6)(y / np.array([1, 2, 4], np.float32))
        plain = content(shake(k.Model(x, y)))
        changed = affine_to_depthwise(plain)
        assert changed != plain
        for _ in range(5):
            one = RNG.normal(size=(1, *SHAPE)).astype(np.float32)
            assert np.allclose(run(plain, one), run(changed, one), atol=1e-5)
        no_normalization = content(k.Sequential([k.Input(SHAPE), k.layers.Conv2D(3, 3)]))
        assert affine_to_depthwise(no_normalization) == no_normalization
