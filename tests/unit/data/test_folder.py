"""A person's own folder: which files are used, which are refused and why, and splits by file."""

import errno
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.data import files as data_files
from gen.data import folder as data
from gen.data.files import Recording, Unusable
from gen.data.images import ImageFeatures
from gen.errors import UsageError
from gen.learn import folder_task
from tests.own_data import MAKE, bars, images, order, refuse, series, silent, sounds, write

# Splits


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), min_size=1, max_size=40), st.integers(0, 99))
def test_a_split_has_every_file_once_and_every_class(files: list[list[str]], seed: int) -> None:
    x = np.zeros((1, 1, 1, 1), np.float32)
    recordings = [Recording(f"{n}.csv", x, tuple(labels)) for n, labels in enumerate(files)]
    try:
        parts = data_files.split(recordings, seed)
    except UsageError:
        assert any(len(set(labels)) > 1 for labels in files) or min(Counter(labels[0] for labels in files).values()) < 3
        return
    names = [recording.file for part in parts for recording in part]
    assert sorted(names) == sorted(recording.file for recording in recordings)
    classes = {label for labels in files for label in labels}
    assert all({label for recording in part for label in recording.labels} == classes for part in parts)
    assert [[r.file for r in part] for part in data_files.split(recordings, seed)] == [
        [r.file for r in part] for part in parts
    ]


def test_splits_are_stratified_and_the_seed_decides() -> None:
    x = np.zeros((1, 1, 1, 1), np.float32)
    recordings = [Recording(f"{n}", x, ("rare",) if n % 5 == 0 else ("often",)) for n in range(100)]
    train, validation, test = data_files.split(recordings, 1)
    assert [data_files.files_by_class(part) for part in (train, validation, test)] == [
        {"often": 52, "rare": 13},
        {"often": 12, "rare": 3},
        {"often": 16, "rare": 4},
    ]
    assert [r.file for r in data_files.split(recordings, 2)[2]] != [r.file for r in test]


def test_windows_of_one_file_stay_in_one_split(tmp_path: Path) -> None:
    prepared = data.prepare(order(series(tmp_path, each=8, rows=80), "csv", hop=4.0), silent)
    windows = [{w.tobytes() for r in part for w in r.x} for part in prepared.parts]
    assert [len(w) for w in windows] == [2 * 17 * n for n in (5, 1, 2)]
    assert not windows[0] & windows[1] and not windows[0] & windows[2] and not windows[1] & windows[2]


# All kinds


@pytest.mark.parametrize("kind", data.KINDS)
def test_a_folder_gives_normalized_splits_the_same_each_time(kind: str, tmp_path: Path) -> None:
    folder = MAKE[kind](tmp_path)
    one, again = (data.prepare(order(folder, kind), silent) for _ in range(2))
    x = one.splits.train.x
    assert x.shape[1:] == one.features.shape and set(one.splits.test.y.tolist()) == {0, 1}
    if kind == "images":
        assert (one.normalization.mean, one.normalization.deviation) == ((0.0,), (1.0,))
        assert 0 <= x.min() < 0.2 and 0.8 < x.max() <= 1
    else:
        np.testing.assert_allclose(x.mean(axis=(0, 1, 2)), 0, atol=1e-4)
        assert x.std() == pytest.approx(1, abs=1e-3)
        assert len(set(one.normalization.deviation)) == (1 if kind == "wav" else 2)
    for part in ("train", "validation", "test"):
        a, b = getattr(one.splits, part), getattr(again.splits, part)
        assert a.x.tobytes() == b.x.tobytes() and a.y.tobytes() == b.y.tobytes()


@pytest.mark.parametrize("kind", data.KINDS)
def test_bad_files_are_named_and_counted(kind: str, tmp_path: Path) -> None:
    folder = MAKE[kind](tmp_path)
    first = next(path for path in sorted(folder.rglob("*")) if path.is_file())
    content, suffix = first.read_bytes(), first.suffix
    shutil.copy(first, first.with_name(f"copy{suffix}"))
    first.with_name(f"empty{suffix}").write_bytes(b"")
    first.with_name(f"cut{suffix}").write_bytes(content[: len(content) // 3])
    first.with_name(f"noise{suffix}").write_bytes(bytes(range(128, 256)) * 4)
    first.with_name("notes.txt").write_bytes(b"a")
    first.with_name(".hidden").write_bytes(b"a")
    said: list[str] = []
    prepared = data.prepare(order(folder, kind), silent)
    folder_task.tell(prepared, said.append)
    reasons = {Path(bad.file).stem: bad.reason for bad in prepared.collection.bad}
    assert set(reasons) == {"copy", "empty", "cut", "noise"}
    assert reasons["copy"].startswith("has the same bytes as") and reasons["empty"] == "is empty"
    for bad in prepared.collection.bad:
        assert f"data: skipped: {bad.file} {bad.reason}" in said
    assert any(line.startswith("data: 8 files used, 4 skipped; ") for line in said)
    assert any("1 other than" in line and "such as notes.txt: left out" in line for line in said)


@pytest.mark.parametrize("kind", data.KINDS)
def test_damaged_bytes_give_values_or_a_reason(kind: str, tmp_path: Path) -> None:
    folder = MAKE[kind](tmp_path, each=3)
    features = data.prepare(order(folder, kind), silent).features
    content = next(path for path in sorted(folder.rglob("*")) if path.is_file()).read_bytes()

    places = st.one_of(st.integers(0, 63), st.integers(0, len(content) - 1))  # headers first

    @settings(derandomize=True, deadline=None, max_examples=60)
    @given(st.integers(0, len(content)), st.lists(st.tuples(places, st.integers(0, 255))))
    def damage(end: int, changes: list[tuple[int, int]]) -> None:
        damaged = bytearray(content)
        for place, value in changes:
            damaged[place] = value
        try:
            windows = features.read(bytes(damaged[:end]))
        except Unusable as problem:
            assert str(problem)
            return
        assert windows.x.dtype == np.float32 and windows.x.shape[1:] == features.shape
        assert np.isfinite(windows.x).all() and len(windows.x) > 0

    damage()


def test_what_can_t_be_read_is_a_bad_file(tmp_path: Path) -> None:
    gone = data_files.Entry(tmp_path / "a" / "gone.png", "a/gone.png", "a")
    collection = data_files.read([gone], ImageFeatures(8, 8, 1), silent)
    assert [bad.reason for bad in collection.bad] == ["can't be read (No such file or directory)"]


def test_a_folder_that_can_t_be_listed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(images(tmp_path), {"flat/locked/1.png": bars(9, False)})
    listed = Path.iterdir

    def iterdir(path: Path) -> Iterator[Path]:
        if path.name == "locked":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listed(path)

    assert len(data.prepare(order(folder, "images"), silent).collection.recordings) == 9
    monkeypatch.setattr(Path, "iterdir", iterdir)  # root could read it whatever its mode
    refuse(folder, "images", r"can't list .*locked: Permission denied; make it readable")


def test_the_reason_that_most_files_have_is_given(tmp_path: Path) -> None:
    folder = write(series(tmp_path), {"a/-.csv": b"no\nnumber"})
    refuse(folder, "csv", "9 can't be used, such as a/0.csv, which has 40 rows, a window has 64", window=64.0)


def test_more_examples_than_memory_holds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_files, "MAX_BYTES", 1 << 12)
    refuse(series(tmp_path), "csv", r"the files up to .*\.csv give .* GB of examples", hop=1.0)


def test_imbalance_and_many_bad_files_are_said(tmp_path: Path) -> None:
    folder = images(tmp_path)
    write(folder, {f"flat/more{i}.png": bars(100 + i, False) for i in range(16)})
    write(folder, {f"flat/bad{i:02}.png": b"no image %d" % i for i in range(25)})
    said: list[str] = []
    prepared = data.prepare(order(folder, "images"), silent)
    folder_task.tell(prepared, said.append)
    assert sum("data: skipped: flat/bad" in line for line in said) == 20
    assert "data: skipped: 5 more, which the card names" in said
    assert folder_task.balance(prepared) == {
        "flat": {"files": 20, "train": 13, "validation": 3, "test": 4},
        "upright": {"files": 4, "train": 2, "validation": 1, "test": 1},
    }
    (line,) = [line for line in said if "unbalanced" in line]
    assert "flat has 5.0 times the examples of upright" in line and "right in 80.0% of the test set" in line


def test_layouts_that_teach_nothing_are_refused(tmp_path: Path) -> None:
    refuse(tmp_path / "none", "images", "is not a folder")
    refuse(tmp_path, "images", "has 0 class folders, two are needed")
    write(tmp_path, {"a/1.png": bars(1, True)})
    refuse(tmp_path, "images", "has 1 class folder, two are needed: put the png or jpg or jpeg files of each class")
    (tmp_path / "b").mkdir()
    refuse(tmp_path, "images", r"class folder .*b has no png or jpg or jpeg files: put")
    write(tmp_path, {"b/1.png": bars(1, False)})
    refuse(tmp_path, "images", "class 'a' has 1 usable file, at least 3 are needed")
    write(tmp_path, {"b/1.png": b"no image"})
    refuse(
        tmp_path, "images", r"has usable files of 1 class, two are needed; 1 can't be used, such as b/1.png, which is"
    )
    refuse(tmp_path, "wav", "has no wav files")


def test_options_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    shots, talk, moves = images(tmp_path / "i"), sounds(tmp_path / "s"), series(tmp_path / "c")
    refuse(shots, "images", "--window and --hop are for wav and csv", window=2.0)
    refuse(talk, "wav", "--size is for images", size=(8, 8))
    refuse(shots, "images", "--size 4x8: give 8 to 256", size=(4, 8))
    refuse(talk, "wav", r"--window 0.05 is too short: at 8000 Hz at least 0.17 s", window=0.05)
    refuse(talk, "wav", r"--hop 0.01 is too short: a spectrogram has a value each 0.02 s", hop=0.01)
    refuse(moves, "csv", "--window 7 is too short", window=7.0)
    refuse(moves, "csv", "--hop 2.5 is not a whole number of rows", hop=2.5)
    refuse(moves, "csv", "class 'a' has|usable files of 0 classes", window=400.0)
    refuse(shots, "images", "'digits' is the name of a task", name="digits")
    refuse(shots, "images", "--name 'a b'", name="a b")


def test_names_come_from_the_folder() -> None:
    names = {"knock knock": "knock_knock", "ünï": "n", "7up": "data_7up", "ä": "data", "a-b": "a-b"}
    assert {folder: data.default_name(Path("/x") / folder) for folder in names} == names
