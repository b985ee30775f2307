"""A folder of a person's own recordings: which files it has, what each gives, and which split it goes to.

A file is the unit: windows of one never lie in two splits, because they are more alike than two recordings are."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from gen.errors import UsageError
from gen.model.graph import Array

Progress = Callable[[str, int, int], None]
SHARES = (0.15, 0.2)  # of each class's files: validation, test
MIN_FILES = 3  # files of a class: one for each split
MAX_BYTES = 2 << 30  # of examples; training takes some times as much memory


class Unusable(Exception):
    """What is wrong with a file, as the end of a sentence that begins with its name."""


@dataclass(frozen=True)
class Entry:
    """A file to read."""

    path: Path
    name: str  # path relative to the folder, with /
    label: str | None  # name of the folder that it lies in; None where a column of the file says it

    def content(self) -> bytes:
        """Raises Unusable."""
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise Unusable(f"can't be read ({error.strerror})") from None
        if not content:
            raise Unusable("is empty")
        return content


@dataclass(frozen=True, eq=False)
class Windows:
    """The examples of one file."""

    x: Array  # float32 N x H x W x C, not normalized
    labels: tuple[str, ...] | None = None  # N of them, where the file says them
    note: str = ""  # what was done to make it fit, if anything


class Features(Protocol):
    """How a file's content becomes the model's input; a frozen dataclass of plain values, kept in the card."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """H, W, C of one example."""

    def read(self, content: bytes) -> Windows:
        """Raises Unusable, MissingTool."""


@dataclass(frozen=True)
class UnusableFile:
    file: str  # name, as in Entry
    reason: str  # the end of a sentence that begins with the file's name


@dataclass(frozen=True, eq=False)
class Recording:
    """One file's examples."""

    file: str
    x: Array  # as in Windows
    labels: tuple[str, ...]  # one for each example


@dataclass(frozen=True, eq=False)
class Collection:
    """All that a folder holds."""

    recordings: tuple[Recording, ...]
    bad: tuple[UnusableFile, ...]
    notes: tuple[str, ...]  # sentences for a person on what was left out or changed

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(sorted({label for recording in self.recordings for label in recording.labels}))


def find(folder: Path, suffixes: tuple[str, ...], *, flat: bool) -> tuple[list[Entry], list[str]]:
    """The files with one of the suffixes (any case) below the class folders, or, where flat allows it, directly in the
    folder; and notes on others. Hidden ones do not count. Raises UsageError: no such folder, no files, one class, an
    empty class folder, both layouts."""
    kind = " or ".join(suffix.lstrip(".") for suffix in suffixes)
    if not folder.is_dir():
        raise UsageError(f"--data {folder} is not a folder: give the one that has a folder for each class.")
    try:
        visible = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        groups = {path.name: _below(path) for path in visible if path.is_dir()}
    except OSError as error:
        raise UsageError(f"can't list {error.filename}: {error.strerror}; make it readable, or remove it.") from None
    direct = [path for path in visible if path.is_file()]
    entries = [Entry(path, path.name, None) for path in direct if path.suffix.lower() in suffixes]
    if flat and entries:
        if groups:
            raise UsageError(
                f"{folder} has both {kind} files and folders: keep class folders, or files with a column 'label'."
            )
        return entries, _others(direct, suffixes, kind)
    layout = f"put the {kind} files of each class into a folder of its own below {folder}"
    if len(groups) < 2:
        raise UsageError(f"{folder} has {len(groups)} class folder{'' if groups else 's'}, two are needed: {layout}.")
    found = {
        label: [Entry(path, path.relative_to(folder).as_posix(), label) for path in below if _is(path, suffixes)]
        for label, below in groups.items()
    }
    empty = [label for label, below in found.items() if not below]
    if empty:
        raise UsageError(
            f"class folder {folder / empty[0]} has no {kind} files: "
            f"{'remove it, or ' if len(groups) > 2 else ''}{layout}."
        )
    all_files = [*direct, *(path for below in groups.values() for path in below)]
    notes = _others(all_files, suffixes, kind)
    if entries:
        notes.append(f"{len(entries)} {kind} directly in {folder}, so without a class: left out")
    return [entry for below in found.values() for entry in below], notes


def _below(folder: Path) -> list[Path]:
    """Raises OSError for a folder that can't be listed, which rglob() would skip in silence."""
    found = list[Path]()
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():  # a link may lead back
            found += _below(path)
        elif path.is_file():
            found.append(path)
    return sorted(found)


def _is(path: Path, suffixes: tuple[str, ...]) -> bool:
    return path.suffix.lower() in suffixes


def _others(files: Sequence[Path], suffixes: tuple[str, ...], kind: str) -> list[str]:
    others = [path for path in files if not _is(path, suffixes)]
    return [f"{len(others)} other than {kind}, such as {others[0].name}: left out"] if others else []


def contents(entries: Sequence[Entry]) -> Iterator[bytes]:
    """Of each file that can be read."""
    for entry in entries:
        try:
            yield entry.content()
        except Unusable:
            continue  # read() names it


def read(entries: Sequence[Entry], features: Features, progress: Progress) -> Collection:
    """Every file through the features; a file that can't be used, or is a copy of one before it, is in bad. Raises
    UsageError: more than MAX_BYTES."""
    recordings, bad, notes = list[Recording](), list[UnusableFile](), Counter[str]()
    seen: dict[bytes, str] = {}
    size = 0
    for number, entry in enumerate(entries):
        progress("data: files read", number, len(entries))
        try:
            content = entry.content()
            first = seen.setdefault(hashlib.sha256(content).digest(), entry.name)
            if first != entry.name:
                raise Unusable(f"has the same bytes as {first}")
            windows = features.read(content)
        except Unusable as problem:
            bad.append(UnusableFile(entry.name, str(problem)))
            continue
        labels = windows.labels if entry.label is None else (entry.label,) * len(windows.x)
        if labels is None:
            bad.append(UnusableFile(entry.name, "has no column 'label' and lies in no class folder"))
            continue
        size += windows.x.nbytes
        if size > MAX_BYTES:
            raise UsageError(
                f"the files up to {entry.name} give {size / (1 << 30):.1f} GB of examples, at most "
                f"{MAX_BYTES >> 30} GB are possible: give a longer --hop, smaller examples, or fewer files."
            )
        if windows.note:
            notes[windows.note] += 1
        recordings.append(Recording(entry.name, windows.x, labels))
    progress("data: files read", len(entries), len(entries))
    said = tuple(f"{count} file{'s' * (count > 1)}: {note}" for note, count in notes.items())
    return Collection(tuple(recordings), tuple(bad), said)


def check(collection: Collection, folder: Path) -> None:
    """Raises UsageError where too little is left to learn from, with the most common reason of bad files."""
    why = f"; {len(collection.bad)} can't be used, such as {_example(collection.bad)}" if collection.bad else ""
    if len(collection.classes) < 2:
        raise UsageError(
            f"{folder} has usable files of {len(collection.classes)} class"
            f"{'' if len(collection.classes) == 1 else 'es'}, two are needed{why}."
        )
    for label, count in files_by_class(collection.recordings).items():
        if count < MIN_FILES:
            raise UsageError(
                f"class {label!r} has {count} usable file{'s' * (count > 1)}, at least {MIN_FILES} are needed, because "
                f"training, validation and test get different files: record more{why}."
            )


def _example(bad: Sequence[UnusableFile]) -> str:
    """The first of those with the most common kind of reason: the reason but for its numbers and quotations."""
    kinds = [re.sub(r"\d+|'[^']*'", "", one.reason) for one in bad]
    one = bad[kinds.index(Counter(kinds).most_common(1)[0][0])]
    return f"{one.file}, which {one.reason}"


def files_by_class(recordings: Sequence[Recording]) -> dict[str, int]:
    counts = Counter(label for recording in recordings for label in set(recording.labels))
    return dict(sorted(counts.items()))


def split(recordings: Sequence[Recording], seed: int) -> tuple[list[Recording], list[Recording], list[Recording]]:
    """Training, validation, test: every recording in one of them, classes in proportion.

    A recording of several classes counts for the one that the fewest recordings have, as in iterative stratification
    (Sechidis, Tsoumakas, Vlahavas: On the Stratification of Multi-label Data, 2011). Raises UsageError where a class
    would be missing from a split."""
    rng = np.random.default_rng(seed)
    counts = files_by_class(recordings)
    groups: dict[str, list[Recording]] = {label: [] for label in counts}
    for recording in recordings:
        groups[min(set(recording.labels), key=lambda label: (counts[label], label))].append(recording)
    train, validation, test = list[Recording](), list[Recording](), list[Recording]()
    for group in groups.values():
        shuffled = [group[i] for i in rng.permutation(len(group))]
        for_validation, for_test = (max(1, round(share * len(group))) if len(group) > 2 else 0 for share in SHARES)
        validation += shuffled[:for_validation]
        test += shuffled[for_validation : for_validation + for_test]
        train += shuffled[for_validation + for_test :]
    train, validation, test = ([part[i] for i in rng.permutation(len(part))] for part in (train, validation, test))
    for name, part in (("training", train), ("validation", validation), ("test", test)):
        missing = sorted(set(counts) - set(files_by_class(part)))
        if missing:
            raise UsageError(
                f"class {missing[0]!r} can't be in all three splits by whole files, {name} has none of it: "
                "record it in more files."
            )
    return train, validation, test


def stack(recordings: Sequence[Recording], classes: Sequence[str]) -> tuple[Array, Array]:
    """x: float32 N x H x W x C, y: int64, the place of each label in classes."""
    y = np.array([classes.index(label) for recording in recordings for label in recording.labels], np.int64)
    return np.concatenate([recording.x for recording in recordings]), y


def plain(value: Any) -> Any:
    """A dataclass's values as JSON gives them back: tuples for lists."""
    return tuple(value) if isinstance(value, list) else value
