"""Float models' files: quantized as exactly as their scales allow, to the same bytes every time, or refused."""

import re
import shlex
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.cli.main import main, parser
from gen.errors import MissingTool, ModelError, NotQuantized, UnsupportedOp, UsageError
from gen.importer import float_file, load
from gen.importer.load import FLOAT
from gen.importer.opened import Options
from gen.learn import task, tensorflow
from gen.model import tflite
from gen.paths import ROOT
from tests.imports import kinds, outputs, quantized
from tests.tiny import float_model, hybrid_model

SHAPE = (12, 10, 3)
EXAMPLES = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("convert")


@pytest.fixture(scope="module")
def examples(folder: Path) -> Path:
    path = folder / "examples.npz"
    np.savez(path, np.random.default_rng(1).random((EXAMPLES, *SHAPE), np.float32))
    return path


@pytest.fixture(scope="module")
def network(folder: Path) -> Any:
    """A small Keras network with initial weights, saved as net.keras, net.h5 and the SavedModel net."""
    with tensorflow.quiet():
        tensorflow.start_tensorflow()
        import keras
        from keras import layers

        keras.utils.set_random_seed(3)
        net = keras.Sequential(
            [
                keras.Input(SHAPE, name="image"),
                layers.Conv2D(6, 3, padding="same", activation="relu"),
                layers.BatchNormalization(),
                layers.SeparableConv2D(8, 3, strides=2, activation="relu6"),
                layers.MaxPooling2D(),
                layers.Flatten(),
                layers.Dense(5, activation="softmax"),
            ]
        )
        net.save(folder / "net.keras")
        net.save(folder / "net.h5")
        net.export(folder / "net", verbose=False)
    return net


@pytest.mark.parametrize("name", ["net.keras", "net.h5", "net"])
def test_keras_files_and_saved_models_become_int8(name: str, folder: Path, examples: Path, network: Any) -> None:
    made = quantized(folder / name, examples)
    graph = tflite.read(made.content, "m")
    assert kinds(made.content) == ["conv_2d", "depthwise_conv_2d", "conv_2d", "max_pool_2d", "reshape",
                                   "fully_connected", "softmax"]  # fmt: skip
    assert {tensor.dtype for tensor in graph.tensors} == {"int8", "int32"}
    assert graph.tensors[graph.inputs[0]].shape == (1, *SHAPE)
    for op in graph.ops:
        if op.kind in ("conv_2d", "depthwise_conv_2d"):
            quant = graph.input(op, 1).quant
            assert quant is not None and quant.per_channel
    (x,) = np.load(examples).values()
    with tensorflow.quiet():
        wanted = np.asarray(network(x))
    found = np.concatenate([outputs(made.content, one[None])[0] for one in x])
    assert np.abs(found - wanted).max() <= 3 / 256  # a softmax counts in steps of 1/256
    assert any("24 examples" in note for note in made.notes) and any("(1, 12, 10, 3)" in note for note in made.notes)


def test_the_same_file_gives_the_same_bytes(folder: Path, examples: Path, network: Any) -> None:
    first, second = (quantized(folder / "net.keras", examples).content for _ in range(2))
    assert first == second == quantized(folder / "net.h5", examples).content


def test_a_dense_layer_is_as_exact_as_its_scales_allow(folder: Path, network: Any) -> None:
    """Half a step of the input for each weight, half a step of the weight for each input, half a step of bias and
    output: no quantized layer can promise less, and this one keeps it."""
    rng = np.random.default_rng(5)
    x = rng.uniform(-2, 3, (60, 7)).astype(np.float32)
    np.savez(folder / "dense.npz", x)
    with tensorflow.quiet():
        import keras

        dense = keras.Sequential([keras.Input((7,)), keras.layers.Dense(4)])
        dense.save(folder / "dense.keras")
        wanted = np.asarray(dense(x))
        kernel = np.asarray(dense.layers[0].kernel)
    content = quantized(folder / "dense.keras", folder / "dense.npz").content
    graph = tflite.read(content, "m")
    (op,) = graph.ops
    scale_x, scale_y = graph.input(op, 0).scale, graph.output(op).scale
    quant = graph.input(op, 1).quant
    assert quant is not None
    scale_w = np.array(quant.scale)
    for one, real in zip(x, wanted, strict=True):
        slack = np.abs(kernel).sum(axis=0) * scale_x / 2 + (np.abs(one).sum() + 7 * scale_x / 2) * scale_w / 2
        slack += scale_x * scale_w / 2 + scale_y / 2 + 2**-8 * scale_y
        (found,) = outputs(content, one[None])
        assert np.all(np.abs(found[0] - real) <= slack)


def test_several_inputs_keep_their_names_order_and_ranges(folder: Path, network: Any) -> None:
    rng = np.random.default_rng(6)
    arrays = {"right": rng.uniform(0, 5, (9, 6, 6, 1)), "left": rng.uniform(-1, 1, (9, 6, 6, 2))}
    np.savez(folder / "two.npz", left=arrays["left"], right=arrays["right"])
    with tensorflow.quiet():
        import keras
        from keras import layers

        left, right = keras.Input((6, 6, 2), name="left"), keras.Input((6, 6, 1), name="right")
        mixed = layers.Concatenate()([layers.Conv2D(3, 3)(left), layers.Conv2D(2, 3)(right)])
        both = keras.Model([left, right], layers.Dense(3)(layers.GlobalAveragePooling2D()(mixed)))
        both.save(folder / "two.keras")
        both.export(folder / "two", verbose=False)
        wanted = np.asarray(both([arrays["left"][:1], arrays["right"][:1]]))
    for name in ("two.keras", "two"):
        content = quantized(folder / name, folder / "two.npz").content
        graph = tflite.read(content, "m")
        tensors = [graph.tensors[i] for i in graph.inputs]
        assert [tensor.shape for tensor in tensors] == [(1, 6, 6, 2), (1, 6, 6, 1)]
        assert [round(tensor.scale * 255) for tensor in tensors] == [2, 5]
        (found,) = outputs(content, arrays["left"][:1], arrays["right"][:1])
        assert np.abs(found - wanted).max() <= 4 * graph.tensors[graph.outputs[0]].scale
    with pytest.raises(UsageError, match=r"has arr_0, not left, right: give an array for each input"):
        np.savez(folder / "one.npz", arrays["left"])
        quantized(folder / "two.keras", folder / "one.npz")


def test_it_is_converted_once(
    folder: Path, examples: Path, network: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(float_file, "IMPORTS", tmp_path / "import")
    said: list[str] = []
    first = float_file.load(folder / "net.keras", examples, said.append).content
    assert first == quantized(folder / "net.keras", examples).content
    kept, *others = sorted((tmp_path / "import").iterdir(), key=lambda path: path.suffix, reverse=True)
    assert others == [kept.with_suffix(".npz"), kept.with_suffix(".notes")]
    assert re.fullmatch(r"[0-9a-f]{16}\.tflite", kept.name) and kept.read_bytes() == first
    assert said[0].startswith("import: converting ") and kept.name in said[-1]
    told = said[1:-1]
    said.clear()
    assert float_file.load(folder / "net.keras", examples, said.append).content == first
    assert said[:-1] == told and said[-1].endswith("as converted before")
    keys = {float_file._key(float_file.KINDS[".keras"], folder / name, path, options) for name in ("net.keras",
    "net.h5") for path in (examples, Path(__file__)) for options in (Options(), Options(pixels="0..1"))}  # fmt: skip
    assert len(keys) == 8


def test_the_command_line_says_what_is_missing(
    folder: Path, examples: Path, network: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    board = ("--board", "qemu_mps2_an386")
    for words, says in (
        ((str(folder / "net.keras"),), "give them with --calibration FOLDER, of images or .npy files, or --calib"),
        ((str(folder / "none.onnx"), "--calibration", str(examples)), "No such file"),
        ((str(folder / "net.keras"), "--calibration", str(folder / "no")), "No such file"),
        (("digits", "--calibration", str(examples)), "--calibration is for float models"),
        ((str(task.model_path("digits")), "--calibration", str(examples)), "--calibration is for float models"),
    ):
        assert main(["build", *words, *board]) == 2
        assert says in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(("content", "what"), [(float_model(), "a float32 model"), (hybrid_model(), "hybrid")])
def test_float_and_hybrid_tflite_files_name_the_command_that_helps(content: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "my net.tflite"
    path.write_bytes(content)
    with pytest.raises(NotQuantized, match=what) as refusal:
        load.load_model(str(path))
    (command,) = re.findall(r"`python -m gen (.*?)`", str(refusal.value))
    args = parser().parse_args(shlex.split(command))
    assert Path(args.model) == path.with_suffix(".keras") and args.calibration == Path("FOLDER")


def test_a_tflite_file_needs_no_tensorflow() -> None:
    code = (
        "import sys; from gen.cli import main; from gen.importer import load; load.load_model('digits');"
        "print('tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_missing_packages_are_named(folder: Path, examples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(package: str) -> str:
        raise metadata.PackageNotFoundError(package)

    monkeypatch.setattr(metadata, "version", version)
    for suffix, command in (
        (".keras", r"'\.\[train\]'"),
        (".onnx", r"'\.\[train,onnx\]'"),
        (".pt2", r"'\.\[train,torch\]'"),
    ):
        path = folder / f"empty{suffix}"
        path.write_bytes(b"")
        with pytest.raises(MissingTool, match=rf"needs the Python package tensorflow: run `pip install .*{command}"):
            float_file.load(path, examples, print)


def test_every_kind_of_file_is_one_that_the_command_line_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert sorted(float_file.KINDS) == sorted(FLOAT)
    with pytest.raises(SystemExit):
        parser().parse_args(["build", "--help"])
    shown = capsys.readouterr().out
    assert all(suffix in shown for suffix in FLOAT) and "--calibration" in shown


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("m.keras", b"nonsense", r"is not a complete \.keras or \.h5 file"),
        ("m.h5", b"\x89HDF\r\n\x1a\n cut off", "Keras can't load"),
        ("m.onnx", b"nonsense" * 9, "is not a valid ONNX model"),
        ("m/saved_model.pb", b"nonsense", "TensorFlow can't load"),
    ],
)
def test_damaged_files(name: str, content: bytes, says: str, tmp_path: Path, examples: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(ModelError, match=says) as refusal:
        quantized(path.parent if path.suffix == ".pb" else path, examples)
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 600


def test_a_folder_that_is_no_saved_model(tmp_path: Path, examples: Path) -> None:
    with pytest.raises(UsageError, match=r"is a directory without a saved_model\.pb"):
        float_file.load(tmp_path, examples, print)


def _unusable() -> Mapping[str, Callable[[], Any]]:
    import keras
    from keras import layers

    def of(inputs: Any, *rest: Any) -> Any:
        x = inputs
        for layer in rest:
            x = layer(x)
        return keras.Model(inputs, x)

    return {
        "unknown size": lambda: of(keras.Input((None, 8, 1)), layers.Conv2D(2, 3)),
        "batch": lambda: of(keras.Input(batch_shape=(4, 8, 8, 1)), layers.Conv2D(2, 3)),
        "integers": lambda: of(keras.Input((8,), dtype="int32"), layers.Embedding(9, 2)),
        "code": lambda: of(keras.Input((8,)), layers.Lambda(lambda x: x * 2)),
        "operator": lambda: of(keras.Input((8,)), keras.ops.erfinv),
        "kernel": lambda: of(keras.Input((8,)), keras.ops.exp),
        "never built": lambda: keras.Sequential([layers.Dense(3)]),
    }


@pytest.mark.parametrize(
    ("what", "error", "says"),
    [
        ("unknown size", UnsupportedOp, r"has shape \(\?, \?, 8, 1\), with axis 1 dynamic"),
        ("batch", UnsupportedOp, "has a batch of 4: save the model with a batch of 1"),
        ("integers", ModelError, "is int32: only float32 inputs can become int8"),
        ("code", ModelError, "has Python code of its own in Lambda 'lambda', .*--trust"),
        ("operator", UnsupportedOp, "TensorFlow Lite has no int8 form of its Erfinv \\(erfinv\\): replace it"),
        ("kernel", UnsupportedOp, "EXP.*in TFLM in float32 only"),
        ("never built", ModelError, r"has no inputs: begin the model with keras\.Input"),
    ],
)
def test_models_that_cannot_become_int8(what: str, error: type[Exception], says: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", np.linspace(-0.5, 0.5, 40, dtype=np.float32).reshape(5, 8))
    with tensorflow.quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a model that was never built
        tensorflow.start_tensorflow()
        _unusable()[what]().save(tmp_path / "m.keras")
    with pytest.raises(error, match=says) as refusal:
        quantized(tmp_path / "m.keras", tmp_path / "x.npz")
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 600


def test_a_saved_model_without_the_usual_signature(tmp_path: Path, examples: Path) -> None:
    with tensorflow.quiet():
        tensorflow.start_tensorflow()
        import tensorflow as tf

        module = tf.Module()
        module.f = tf.function(lambda x: x + 1, input_signature=[tf.TensorSpec((1, 4))])
        tf.saved_model.save(module, str(tmp_path / "m"), signatures={"other": module.f})
        module.g = tf.function(lambda: tf.ones(1), input_signature=[])
        tf.saved_model.save(module, str(tmp_path / "g"), signatures={"serving_default": module.g})
    with pytest.raises(ModelError, match="has a signature 'serving_default' without inputs"):
        quantized(tmp_path / "g", examples)
    with pytest.raises(ModelError, match=r"has no signature 'serving_default' \(it has other\)"):
        quantized(tmp_path / "m", examples)
