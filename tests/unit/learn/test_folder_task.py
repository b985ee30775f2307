"""Training on a person's own data: the command line, a whole run, its card, and the sizes of students."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from gen.cli.main import main
from gen.compiler.engines import ENGINES
from gen.compiler.target import Target
from gen.data import folder as data
from gen.data.augment import ImageAugmentation, SeriesAugmentation
from gen.errors import MissingTool
from gen.learn import architectures, folder_task, tensorflow, train
from gen.learn.card import Card
from gen.learn.quantize import convert
from gen.model import tflite
from gen.model.quantized import QuantizedModel
from gen.model.values import quantize_input
from tests.own_data import images, order, silent, write


def test_the_command_line_refuses_what_can_t_be_meant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(images(tmp_path / "data"))
    for words, match in (
        ([], "name a task .*, or your own data with --data FOLDER"),
        (["digits", "--window", "3"], "--window is for --data"),
        (["digits", "--data", folder, "--kind", "images"], "leave out the task"),
        (["--data", folder], "--data needs --kind, one of images, wav, csv"),
        (["--data", folder, "--kind", "images", "--size", "8"], "8 is not of the form 32x32"),
        (["--data", folder, "--kind", "wav", "--hop", "0"], "0 is not a positive number"),
        (["--data", folder, "--kind", "csv"], "has no csv files"),
    ):
        assert main(["train", *words, "--out", str(tmp_path / "out")]) == 2
        assert re.search(f"error: .*{match}", capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_augmentation_and_training_suit_the_data() -> None:
    assert isinstance(folder_task.augmentation("images", (32, 32, 3)), ImageAugmentation)
    assert isinstance(folder_task.augmentation("wav", (1, 49, 32)), SeriesAugmentation)
    assert isinstance(folder_task.augmentation("csv", (1, 128, 6)), SeriesAugmentation)
    many, few = folder_task.training("student", 10_000, None), folder_task.training("student", 9, None)
    assert (many.epochs, many.batch, few.epochs, few.batch) == (20, 32, 100, 4)
    assert folder_task.training("student", 2, 3).batch == 2 and folder_task.training("teacher", 2, 3).epochs == 3


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Card, list[str]]:
    """A folder of images in data/, its student in out/, after two epochs."""
    folder, said = tmp_path_factory.mktemp("own"), list[str]()
    write(images(folder / "data", each=10), {"flat/bad.png": b"no image"})
    asked = order(folder / "data", "images", size=(8, 8), epochs=2)
    return folder, folder_task.train_folder(asked, folder / "out", said.append, silent), said


def test_a_whole_run_leaves_model_card_and_picture(whole_run: tuple[Path, Card, list[str]]) -> None:
    folder, card, said = whole_run
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["mine.json", "mine.png", "mine.tflite"]
    assert json.loads((folder / "out" / "mine.json").read_text("utf-8")) == json.loads(json.dumps(card))
    about = card["data"]
    assert (about["kind"], about["folder"], about["bad_files"]) == (
        "images",
        "../data",
        [{"file": "flat/bad.png", "reason": "is not PNG or JPEG"}],
    )
    assert card["dataset"]["classes"] == ["flat", "upright"]
    assert len(about["test_files"]) == card["dataset"]["test"] == 4
    assert str(folder) not in json.dumps(card)
    assert ("data", "20 files in 2 classes, 1 skipped") in folder_task.summary(card)
    assert any("skipped: flat/bad.png" in line for line in said)


def test_verify_takes_it_with_its_test_set(
    whole_run: tuple[Path, Card, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, card, _ = whole_run
    words = ["verify", str(folder / "out" / "mine.tflite"), "--board", "host", "--engine", "aot", "--json"]
    assert main([*words, "--out", str(tmp_path)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["vectors"]) == ("exact", 4)
    assert found["vectors_source"] == "the first 4 of 4 test examples of mine"
    assert found["accuracy"] == card["models"]["distilled"]["test_int8"]["accuracy"]
    assert found["arena_bytes"] <= 16 * 1024


def test_the_card_gives_the_test_set(whole_run: tuple[Path, Card, list[str]]) -> None:
    folder, card, _ = whole_run
    sha256 = card["models"]["distilled"]["sha256"]
    test = data.test_set(folder / "out" / "mine.json", sha256)
    assert data.test_set(folder / "out" / "mine.json", "0" * 64) is None
    prepared = data.prepare(order(folder / "data", "images", size=(8, 8)), silent)
    assert test is not None and test.x.tobytes() == prepared.splits.test.x.tobytes()
    assert test.y.tolist() == prepared.splits.test.y.tolist()


def test_an_interruption_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "train", interrupt)
    words = ["train", "--data", str(images(tmp_path / "data")), "--kind", "images", "--out", str(tmp_path / "out")]
    assert main(words) == 130
    assert capsys.readouterr().err.endswith("interrupted: nothing half-written was left behind.\n")
    assert not list((tmp_path / "out").iterdir())


SHAPES = [(32, 32, 3), (64, 64, 1), (1, 16, 2), (1, 512, 3)]


@pytest.fixture(scope="module")
def students() -> dict[tuple[int, int, int], QuantizedModel]:
    """Untrained, for ten classes: sizes do not depend on the weights."""
    tensorflow.start_tensorflow()
    rng = np.random.default_rng(1)
    found = {}
    for shape in SHAPES:
        with tensorflow.quiet():
            content = convert(architectures.student(shape, 10), rng.normal(size=(8, *shape)).astype(np.float32))
        found[shape] = QuantizedModel(content, tflite.read(content, "student"), None)
    return found


def test_students_fit_64_kb_of_flash_and_16_kb_of_ram(students: dict[tuple[int, int, int], QuantizedModel]) -> None:
    sizes = {
        shape: (len(model.content), ENGINES["aot"](model, Target("portable", 4)).arena_bytes)
        for shape, model in students.items()
    }
    flash, ram = folder_task.FLASH_BYTES - folder_task.CODE_BYTES, folder_task.RAM_BYTES - folder_task.STACK_BYTES
    assert all(content <= flash and arena <= ram for content, arena in sizes.values()), sizes


def test_a_student_that_is_larger_is_said() -> None:
    said: list[str] = []
    for arena in (12 * 1024, 12 * 1024 + 1):
        about = {"kind": "images", "arena_bytes": {"aot": arena}}
        folder_task.tell_size({"models": {"distilled": {"tflite_bytes": 9000}}, "data": about}, said.append)
    assert [line.endswith("a smaller --size helps") for line in said] == [False, False, True]


def test_gain_and_offset_give_the_int8_input(
    students: dict[tuple[int, int, int], QuantizedModel], tmp_path: Path
) -> None:
    rng = np.random.default_rng(5)
    for n, label in enumerate("aabbab" * 2):
        rows = rng.normal((5, -2000), (0.01, 300), (40, 2))
        write(tmp_path, {f"{label}/{n}.csv": "\n".join(f"{a:.5f},{b:.1f}" for a, b in rows).encode()})
    prepared = data.prepare(order(tmp_path, "csv"), silent)
    model = students[(1, 16, 2)]
    constants = folder_task.describe(prepared, model, tmp_path)["input"]
    natural = np.concatenate([recording.x for recording in prepared.parts[2]])
    value = np.array(constants["gain"]) * natural + np.array(constants["offset"])
    mine = np.clip(np.copysign(np.floor(np.abs(value) + 0.5), value), -128, 127).astype(np.int64)
    truth = np.concatenate([quantize_input(model.graph, x[None])[0] for x in prepared.splits.test.x])
    assert np.abs(mine - truth).max() <= 1 and (mine == truth).mean() > 0.99
    assert np.std(truth[..., 0]) > 10 and np.std(truth[..., 1]) > 10  # neither channel is lost


def test_a_test_set_that_is_gone_is_said(whole_run: tuple[Path, Card, list[str]], tmp_path: Path) -> None:
    folder, card, _ = whole_run
    shutil.copytree(folder, tmp_path / "moved")
    path = tmp_path / "moved" / "out" / "mine.json"
    sha256 = card["models"]["distilled"]["sha256"]
    assert data.test_set(path, sha256) is not None
    name = card["data"]["test_files"][0]
    (tmp_path / "moved" / "data" / name).unlink()
    with pytest.raises(MissingTool, match=rf"{re.escape(name)} can't be read"):
        data.test_set(path, sha256)
    path.write_text('{"data": {"kind": "smells"}}', encoding="utf-8")
    assert data.test_set(path, sha256) is None
