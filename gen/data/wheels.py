"""Data that PyPI packages carry, read out of their wheels: installing aeon would bring numba, which limits NumPy.

The wheels are named in models/data.txt, with their hashes. `python -m gen.data.wheels` downloads them."""

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np

from gen.data.examples import Dataset, Examples
from gen.errors import MissingTool
from gen.model.graph import Array
from gen.paths import CACHE, MODELS, ROOT

FOLDER = CACHE / "data"
FETCH = "python -m gen.data.wheels"
# One wheel for all machines: it is read, not run.
TARGET = ("--only-binary", ":all:", "--python-version", "3.11", "--platform", "manylinux_2_28_x86_64")
AEON = "aeon-1.6.0"
SCIKIT_IMAGE = "scikit_image-0.26.0"


def read(wheel: str, path: str, folder: Path = FOLDER) -> bytes:
    """The file at path inside the wheel, which is given as name-version. Raises MissingTool when folder lacks it."""
    found = next(folder.glob(f"{wheel}-*.whl"), None)
    if found is None:
        shown = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder
        raise MissingTool(f"the data lie in the wheel {wheel}, which is not in {shown}: run `{FETCH}`.")
    try:
        with zipfile.ZipFile(found) as archive:
            return archive.read(path)
    except (zipfile.BadZipFile, KeyError):
        raise MissingTool(f"{found} is damaged or lacks {path}: delete it and run `{FETCH}`.") from None


def series(problem: str, classes: tuple[str, ...], steps: int, about: str, meaning: str) -> Dataset:
    """A problem of the UEA and UCR archives that aeon carries, with its test set: N x 1 x steps x channels, 0 after the
    end of shorter series, longer ones cut; y counts in the order of classes. about: ends the dataset's source; meaning:
    as Dataset has it. Raises as read()."""
    folder = f"aeon/datasets/data/{problem}/{problem}"
    train, test = (_examples(read(AEON, f"{folder}_{part}.ts"), classes, steps) for part in ("TRAIN", "TEST"))
    return Dataset(f"{AEON.replace('-', ' ')}, {problem}: {about}", classes, train, test=test, meaning=meaning)


def _examples(content: bytes, labels: tuple[str, ...], steps: int) -> Examples:
    cases, names = read_ts(content.decode("utf-8"))
    x = np.zeros((len(cases), 1, steps, cases[0].shape[1]), np.float32)
    for number, case in enumerate(cases):
        x[number, 0, : len(case)] = case[:steps]
    return Examples(x, np.array([labels.index(name) for name in names], np.int64))


def tsad(problem: str, file: str) -> tuple[Array, Array, Array, Array]:
    """A series of the anomaly archives that aeon carries: values (float32) and is it anomalous (bool) of each point of
    the normal series to learn from, then of all that comes after it; the file of the test set repeats the first.
    Raises as read()."""
    folder = f"aeon/datasets/data/{problem}/{file}"
    (values, flags), (all_values, all_flags) = (
        _points(read(AEON, f"{folder}_{part}.csv")) for part in ("TRAIN", "TEST")
    )
    return values, flags, all_values[len(values) :], all_flags[len(values) :]


def _points(content: bytes) -> tuple[Array, Array]:
    """Of a CSV with a header: timestamp, value, is_anomaly."""
    columns = np.loadtxt(content.decode("utf-8").splitlines(), delimiter=",", skiprows=1, usecols=(1, 2), ndmin=2)
    return columns[:, 0].astype(np.float32), columns[:, 1] == 1


def read_ts(text: str) -> tuple[list[Array], list[str]]:
    """The cases, each steps x channels in float32, and their labels: after @data a line has, between colons, the
    comma-separated values of each channel, then the label (the .ts format of the UEA archive, without timestamps)."""
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if line.strip().lower() == "@data") + 1
    rows = [line.strip().split(":") for line in lines[first:] if line.strip()]
    cases = [np.array([channel.split(",") for channel in row[:-1]], np.float32).T for row in rows]
    return cases, [row[-1] for row in rows]


def download(folder: Path = FOLDER, listed: Path = MODELS / "data.txt") -> int:
    """Put every wheel of the list into folder, if it has the hash given there. Returns pip's exit code."""
    quiet = ("--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes")
    command = (sys.executable, "-m", "pip", "download", *quiet, *TARGET, "--dest", str(folder), "-r", str(listed))
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(download())
