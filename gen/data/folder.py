"""A person's own folder of recordings -> normalized splits by file; and the test set again, from a card."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gen.data import audio, files, images, series
from gen.data.audio import AudioFeatures
from gen.data.examples import Examples, Splits
from gen.data.files import Collection, Entry, Features, Progress, Recording
from gen.data.images import ImageFeatures
from gen.data.series import SeriesFeatures
from gen.errors import MissingTool, UsageError
from gen.model.graph import Array

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,40}")


@dataclass(frozen=True)
class FolderOptions:
    """What the command line asks for; None: the default of the kind of data."""

    folder: Path  # with a folder for each class
    kind: str  # a key of KINDS
    name: str | None = None  # of the model
    window: float | None = None  # seconds of wav, rows of csv
    hop: float | None = None  # from one window to the next, in the same unit
    size: tuple[int, int] | None = None  # height and width of images
    epochs: int | None = None
    seed: int = 1


@dataclass(frozen=True)
class Kind:
    """A kind of data."""

    suffixes: tuple[str, ...]  # of its files
    features: type[Any]  # the dataclass that reads a file
    window: float | None  # the default; None for a kind without windows


KINDS: Mapping[str, Kind] = {
    "images": Kind(images.SUFFIXES, ImageFeatures, None),
    "wav": Kind(audio.SUFFIXES, AudioFeatures, 1.0),
    "csv": Kind(series.SUFFIXES, SeriesFeatures, 128.0),
}
SIZE = (32, 32)
SIZES = range(8, 257)


@dataclass(frozen=True)
class Normalization:
    """For each channel: value -> (value - mean) / deviation, before quantization."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def apply(self, x: Array) -> Array:
        """NHWC float32 in natural units -> NHWC float32."""
        normalized: Array = (x - np.array(self.mean, np.float32)) / np.array(self.deviation, np.float32)
        return normalized

    def undo(self, x: Array) -> Array:
        """NHWC float32 -> NHWC float32 in natural units."""
        natural: Array = x * np.array(self.deviation, np.float32) + np.array(self.mean, np.float32)
        return natural


@dataclass(frozen=True, eq=False)
class Prepared:
    """A folder, read."""

    options: FolderOptions
    name: str
    features: Features
    collection: Collection
    normalization: Normalization
    parts: tuple[list[Recording], list[Recording], list[Recording]]  # recordings of training, validation and test
    splits: Splits  # normalized

    @property
    def classes(self) -> tuple[str, ...]:
        return self.collection.classes


def prepare(options: FolderOptions, progress: Progress, taken: Sequence[str] = ()) -> Prepared:
    """Reads the folder. Raises UsageError (options, too little to learn from), MissingTool."""
    name = options.name or default_name(options.folder)
    check_name(name, taken)
    kind = _kind(options.kind)
    entries, notes = files.find(options.folder, kind.suffixes, flat=options.kind == "csv")
    features, more = survey(options, entries)
    collection = files.read(entries, features, progress)
    collection = replace(collection, notes=(*notes, *more, *collection.notes))
    files.check(collection, options.folder)
    parts = files.split(collection.recordings, options.seed)
    (x, y), *others = (files.stack(part, collection.classes) for part in parts)
    normalization = normalize(x, options.kind)
    # The quantizer's ranges come from the first training examples: all classes must be among them.
    shuffled = np.random.default_rng(options.seed).permutation(len(y))
    train, validation, test = (Examples(normalization.apply(x), y) for x, y in ((x[shuffled], y[shuffled]), *others))
    splits = Splits(train, validation, test)
    return Prepared(options, name, features, collection, normalization, parts, splits)


def default_name(folder: Path) -> str:
    """The folder's name, with _ for what can't be in a model's."""
    word = re.sub(r"[^A-Za-z0-9_-]+", "_", folder.resolve().name).strip("_-")[:32]
    return word if NAME.fullmatch(word) else f"data_{word}" if word else "data"


def check_name(name: str, taken: Sequence[str]) -> None:
    if not NAME.fullmatch(name):
        raise UsageError(f"--name {name!r}: give a letter, then letters, digits, _ and -, 41 at most.")
    if name in taken:
        raise UsageError(f"{name!r} is the name of a task of models/: give your model another with --name.")


def _kind(word: str | None) -> Kind:
    if word is None or word not in KINDS:
        raise UsageError(f"--data needs --kind, one of {', '.join(KINDS)}.")
    return KINDS[word]


def survey(options: FolderOptions, entries: list[Entry]) -> tuple[Features, list[str]]:
    """How to read the files, from what most of them are; and notes. Raises UsageError, MissingTool."""
    kind = KINDS[options.kind]
    if kind.window is None and (options.window or options.hop):
        raise UsageError("--window and --hop are for wav and csv: an image is one example.")
    if options.kind != "images" and options.size:
        raise UsageError(f"--size is for images, not for {options.kind}: --window says how long an example is.")
    contents = files.contents(entries)
    if options.kind == "images":
        height, width = options.size or SIZE
        if height not in SIZES or width not in SIZES:
            raise UsageError(f"--size {height}x{width}: give {SIZES[0]} to {SIZES[-1]} pixels each way.")
        return images.survey(contents, height, width), []
    window = options.window or kind.window or 0.0
    if options.kind == "wav":
        return audio.survey(contents, window, options.hop or window / 2), []
    hop = options.hop or max(1, window // 2)
    return series.survey(contents, window, hop, by_row=entries[0].label is None)


def normalize(x: Array, kind: str) -> Normalization:
    """Constants from the training split. Images stay 0 to 1. The channels of csv get mean 0 and deviation 1, as one
    scale for the whole int8 input would leave nothing of a channel whose unit is small. The bands of wav have one unit:
    each gets mean 0, all of them one deviation, so that a band of silence stays quiet."""
    channels = x.shape[-1]
    if kind == "images":
        return Normalization((0.0,) * channels, (1.0,) * channels)
    values = x.reshape(-1, channels).astype(np.float64)
    deviation = values.std(axis=0)
    if kind == "wav":
        deviation = np.full(channels, np.sqrt(np.mean(deviation**2)))
    constant = deviation <= 1e-6 * np.maximum(1.0, np.abs(values).max(axis=0))
    return Normalization(
        tuple(float(np.float32(m)) for m in values.mean(axis=0)),
        tuple(float(np.float32(d)) for d in np.where(constant, 1.0, deviation)),
    )


@dataclass(frozen=True, eq=False)
class Known:
    """What a card of ours says of the data that its model was trained on."""

    kind: str
    features: Features
    normalization: Normalization
    classes: tuple[str, ...]
    entries: tuple[Entry, ...]  # files of the test set
    card: Path

    def raw_test_set(self) -> Examples:
        """In natural units. Raises MissingTool: files are gone, or others."""
        collection = files.read(list(self.entries), self.features, lambda *_: None)
        if collection.bad or not set(collection.classes) <= set(self.classes):
            first = collection.bad[0] if collection.bad else None
            why = f"{first.file} {first.reason}" if first else "a file has labels that the model does not know"
            raise MissingTool(f"the test set of {self.card} is not there as it was: {why}.")
        return Examples(*files.stack(collection.recordings, self.classes))


def known(card_path: Path, sha256: str) -> Known | None:
    """Of a card that train_folder() wrote; None where it is no such card, or another model's."""
    try:
        card = json.loads(card_path.read_text("utf-8"))
        about, classes = card["data"], tuple(card["dataset"]["classes"])
        if card["models"][card.get("kept", "distilled")]["sha256"] != sha256:
            return None
        values = {key: files.plain(value) for key, value in about["features"].items()}
        features = KINDS[about["kind"]].features(**values)
        normalization = Normalization(**{key: tuple(value) for key, value in about["normalization"].items()})
        folder, by_row = card_path.resolve().parent / about["folder"], values.get("by_row", False)
        entries = [Entry(folder / name, name, None if by_row else name.split("/")[0]) for name in about["test_files"]]
        return Known(about["kind"], features, normalization, classes, tuple(entries), card_path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def test_set(card_path: Path, sha256: str) -> Examples | None:
    """The test set of the model with this hash, normalized, from the constants and the files that a card names which
    train_folder() wrote; None where it is no such card, or another model's. Raises MissingTool: the files are gone."""
    found = known(card_path, sha256)
    if found is None:
        return None
    raw = found.raw_test_set()
    return Examples(found.normalization.apply(raw.x), raw.y)
