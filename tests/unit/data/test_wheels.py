"""Data out of wheels: what a .ts file says, and what is said when a wheel is not there."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from gen.data import wheels
from gen.errors import MissingTool
from gen.paths import MODELS

TS = "# a comment\n@problemName two\n@classLabel true up down\n@data\n1,2.5,-3:4,5,6:up\n7:8:down\n"


def test_a_ts_file_is_read_whole() -> None:
    cases, labels = wheels.read_ts(TS)
    assert labels == ["up", "down"]
    assert [case.dtype for case in cases] == [np.float32, np.float32]
    assert [case.tolist() for case in cases] == [[[1, 4], [2.5, 5], [-3, 6]], [[7, 8]]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "some_data-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("some_data/x.bin", b"\x01\x02")
    return tmp_path


def test_a_file_is_read_out_of_its_wheel(folder: Path) -> None:
    assert wheels.read("some_data-1.0", "some_data/x.bin", folder) == b"\x01\x02"


@pytest.mark.parametrize(
    ("wheel", "path", "message"),
    [
        ("some_data-1.1", "some_data/x.bin", r"some_data-1\.1.*not in .*run `python -m gen\.data\.wheels`"),
        ("some_data-1.0", "some_data/y.bin", r"lacks some_data/y\.bin: delete it and run"),
        ("half-1.0", "half/x", "is damaged"),
    ],
)
def test_what_is_missing_is_said_with_the_command(wheel: str, path: str, message: str, folder: Path) -> None:
    (folder / "half-1.0-py3-none-any.whl").write_bytes(b"PK\x03\x04 half a download")
    with pytest.raises(MissingTool, match=message):
        wheels.read(wheel, path, folder)


def test_the_wheels_that_are_read_are_those_that_set_up_fetches() -> None:
    lines = (MODELS / "data.txt").read_text("utf-8").splitlines()
    pinned = [line.partition(" ")[0] for line in lines if line[0] != "#"]
    named = [line.replace("==", "-").replace("scikit-image", "scikit_image") for line in pinned]
    assert named == [wheels.AEON, wheels.SCIKIT_IMAGE]


def test_a_long_series_is_cut_and_a_short_one_padded() -> None:
    labels = ("1", "2", "3", "4", "5", "6", "7", "8", "9")
    long, short = (wheels.series("JapaneseVowels", labels, steps, "", "").examples for steps in (29, 10))
    assert (long.x.shape, short.x.shape) == ((270, 1, 29, 12), (270, 1, 10, 12))
    assert np.array_equal(long.x[:, :, :10], short.x)
    assert np.all(long.x[0, 0, 20:] == 0)  # the first utterance has 20 frames
    assert np.all(np.any(long.x[0, 0, :20] != 0, axis=-1))
    assert long.y.tolist() == np.repeat(np.arange(9), 30).tolist()
