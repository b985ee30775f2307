"""A card that names a task, beside a model of another shape, ended in a traceback."""

import json
from pathlib import Path

import numpy as np
import pytest

from gen.importer import load
from gen.paths import ROOT
from gen.verify.vectors import choose_vectors
from tests.tiny import O, T
from tests.tiny import model as tflite

DENSE = O("FULLY_CONNECTED", (0, 1, -1), (2,), {}, "FullyConnectedOptions")


def dense(shape: tuple[int, ...], outputs: int) -> bytes:
    weights = np.ones((outputs, int(np.prod(shape))), np.int8)
    tensors = [T(shape, scale=0.1), T(weights.shape, scale=0.1, data=weights), T((1, outputs), scale=0.1)]
    return tflite(tensors, [DENSE], (0,), (2,))


@pytest.mark.parametrize(("shape", "outputs"), [((1, 4), 10), ((1, 8, 8, 3), 10), ((1, 8, 8, 1), 3), ((1, 64), 10)])
def test_a_card_of_another_model_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], shape: tuple[int, ...], outputs: int
) -> None:
    (tmp_path / "net.tflite").write_bytes(dense(shape, outputs))
    (tmp_path / "net.json").write_text(json.dumps({"task": "digits"}), encoding="utf-8")
    vectors = choose_vectors(load.load_model(str(tmp_path / "net.tflite")), 3)
    assert vectors.measure is None and "random" in vectors.source
    assert "net.json says that the model is of task 'digits', whose examples are (8, 8, 1)" in capsys.readouterr().err


def test_a_card_of_the_models_own_task_gives_its_examples(tmp_path: Path) -> None:
    for suffix in (".tflite", ".json"):
        (tmp_path / f"net{suffix}").write_bytes((ROOT / "models" / f"digits{suffix}").read_bytes())
    vectors = choose_vectors(load.load_model(str(tmp_path / "net.tflite")), 3)
    assert vectors.measure is not None and "3 of 359 test examples" in vectors.source
