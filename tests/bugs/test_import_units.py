"""Photos became 0 to 1 before a model that divides by 255: int8 always answered class 0, "0.4 steps" from float."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gen.cli.main import main
from gen.errors import UsageError
from gen.importer import calibration, compare, from_keras
from gen.importer.calibration import Input
from gen.importer.opened import UNTRUSTED, Options
from gen.importer.units import units
from gen.model import tflite
from gen.model.graph import Array
from tests.imports import keras, quantized, save

SHAPE = (6, 6, 3)


def _photos(folder: Path, count: int = 12) -> Path:
    """One of three primary colors each, bright or dark, and some of it noise."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number in range(count):
        pixels = rng.integers(0, 60, SHAPE)
        pixels[..., number % 3] += 60 + 10 * number
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    return folder


def _model(*first: Any) -> Any:
    """A classifier of the color, after these layers, which give values of about 0 to 1."""
    k = keras()
    dense = k.layers.Dense(3, activation="softmax")
    model = k.Sequential([k.Input(SHAPE), *first, k.layers.GlobalAveragePooling2D(), dense])
    dense.set_weights([np.eye(3) * 12 - 4, np.array([0.3, 0, 0])])
    return model


def _first(what: str) -> list[Any]:
    layers = keras().layers
    k = keras()
    inner = k.Sequential([k.Input(SHAPE), layers.ZeroPadding2D(1), layers.Rescaling(1 / 255)])
    deviation = [0.23**2 * 255**2] * 3
    return {
        "Rescaling": [layers.Rescaling(1 / 255)],
        "to -1 to 1": [layers.Rescaling(1 / 127.5, offset=-1)],
        "Normalization": [layers.Normalization(mean=[124, 116, 104], variance=deviation)],
        "BatchNormalization": [layers.BatchNormalization()],
        "inside": [inner],
        "two": [layers.Rescaling(1 / 255), layers.Normalization(mean=[0.48, 0.46, 0.41], variance=[0.05] * 3)],
        "the mean": [layers.Normalization(mean=[124, 116, 104], variance=[1, 1, 1])],
        "augmented": [layers.RandomFlip(), layers.Rescaling(1 / 255)],
        "of 0 to 1": [layers.Normalization(mean=[0.48, 0.46, 0.41], variance=[0.05] * 3)],
        "twice less 1": [layers.Rescaling(2, offset=-1)],
        "of -1 to 1": [layers.Rescaling(0.5, offset=0.5)],
        "nothing": [],
    }[what]


BYTES = ("Rescaling", "to -1 to 1", "Normalization", "BatchNormalization", "inside", "two", "the mean", "augmented")
CASES = {**dict.fromkeys(BYTES, "0..255"), "of 0 to 1": "0..1", "twice less 1": "0..1", "of -1 to 1": "signed"}


@pytest.mark.parametrize("what", [*CASES, "nothing"])
def test_the_units_are_told_from_the_first_layers(what: str, tmp_path: Path) -> None:
    model = _model(*_first(what))
    if what == "BatchNormalization":
        model.layers[0].set_weights([np.ones(3), np.zeros(3), np.full(3, 120.0), np.full(3, 60.0**2)])
    (found,) = from_keras.open_keras(save(model, tmp_path / "m.keras"), UNTRUSTED).inputs
    assert found.units == CASES.get(what)


def test_photos_reach_the_model_in_its_units(tmp_path: Path) -> None:
    photos = _photos(tmp_path / "photos")
    path = save(_model(*_first("Rescaling")), tmp_path / "m.keras")
    made = quantized(path, photos)
    graph = tflite.read(made.content, "m")
    assert 0.5 < graph.tensors[graph.inputs[0]].scale <= 1  # of 0 to 255
    assert "images became pixels of 0 to 255, which the model's own first layers take" in made.notes
    assert "int8 and float have the same largest element of the output in 12 of 12 examples" in made.notes
    assert not [note for note in made.notes if note.startswith("warning")]


def test_of_other_models_they_become_0_to_1_and_an_option_says_otherwise(tmp_path: Path) -> None:
    photos = _photos(tmp_path / "photos")
    path = save(_model(), tmp_path / "m.keras")
    notes = quantized(path, photos).notes
    assert "images became pixels of 0 to 1, the model scales none itself; --pixels says otherwise" in notes
    for chosen, low, high in (("0..255", 0.4, 1), ("signed", 0.4 * 2 / 255, 2 / 255)):
        made = quantized(path, photos, Options(pixels=chosen))
        graph = tflite.read(made.content, "m")
        assert low < graph.tensors[graph.inputs[0]].scale <= high * 1.01
        assert any(note.endswith("as --pixels says") for note in made.notes)


def test_wrong_units_are_said_and_do_not_look_fine(tmp_path: Path) -> None:
    photos = _photos(tmp_path / "photos")
    path = save(_model(*_first("Rescaling")), tmp_path / "m.keras")
    notes = quantized(path, photos, Options(pixels="0..1")).notes
    warnings = [note for note in notes if note.startswith("warning")]
    assert any("first layers seem to take pixels of 0 to 255, not 0..1" in note for note in warnings)
    assert any("element 0 of the output is the largest for all 12 examples" in note for note in warnings)
    assert any("the output is the same" in note or "varies by no more than" in note for note in warnings)
    arrays = tmp_path / "x.npz"
    np.savez(arrays, np.random.default_rng(2).uniform(0, 1, (12, *SHAPE)))
    warnings = [note for note in quantized(path, arrays).notes if note.startswith("warning")]
    assert any(
        "at most 1, but the model's own first layers seem to take pixels from 0 to 255" in one for one in warnings
    )


def test_the_option_is_for_images_of_float_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "x.npz", np.zeros((2, 4)))
    with pytest.raises(UsageError, match="--pixels is for images"):
        calibration.read(tmp_path / "x.npz", [Input("x", (1, 4))], "0..255")
    for option in (("--pixels", "0..1"), ("--trust",)):
        assert main(["build", "digits", "--board", "host", *option]) == 2
        assert f"{option[0]} is for float models" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("scale", "offset", "expected"),
    [
        ([1 / 255, 0], [0, 0.4], "0..255"),  # 0: what is padded
        ([1], [0], None),
        ([0], [0], None),
        ([1], [-128], "0..255"),
        ([-1], [1], "0..1"),
    ],
)
def test_units_of_a_first_step(scale: list[float], offset: list[float], expected: str | None) -> None:
    assert units(np.array(scale, np.float64), np.array(offset, np.float64)) == expected


def _output(real: Array, int8: Array, step: float = 0.01, classes: bool = True) -> compare.Output:
    return compare.Output("y", np.round(int8 / step).astype(np.int8), int8, real, step, classes)


SPREAD = np.eye(3)[[0, 1, 2, 0, 1, 2, 0, 1]]


@pytest.mark.parametrize(
    ("check", "output", "says"),
    [
        (compare._classes, _output(SPREAD, SPREAD), ["in 8 of 8"]),
        (compare._classes, _output(SPREAD, np.roll(SPREAD, 1, 1)), ["in 0 of 8", "warning: that is 0% only"]),
        (
            compare._classes,
            _output(SPREAD, np.eye(3)[[0] * 8]),
            ["in 3 of 8", "38% only", "element 0 of y is the largest for all 8 examples, while float finds 3"],
        ),
        (
            compare._classes,
            _output(np.eye(3)[[1] * 8], np.eye(3)[[1] * 8]),
            ["in 8 of 8", "element 1 of y is the largest for all 8 examples, and in float, too"],
        ),
        (compare._classes, _output(SPREAD, np.ones((8, 3))), ["in 8 of 8", "element 0"]),  # a tie is right
        (compare._classes, _output(SPREAD, SPREAD, classes=False), []),
        (compare._variation, _output(SPREAD, SPREAD), []),
        (compare._variation, _output(SPREAD, np.ones((8, 3))), ["y is the same for all 8 examples"]),
        (compare._variation, _output(SPREAD / 50, SPREAD / 50), ["varies by no more than 2 of 255 steps"]),
    ],
)
def test_a_report_of_outputs_that_hardly_vary_warns(
    check: Callable[[compare.Output], list[str]], output: compare.Output, says: list[str]
) -> None:
    found = check(output)
    assert len(found) == len(says) and all(a in b for a, b in zip(says, found, strict=True))
