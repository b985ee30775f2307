"""A person's own examples, from which a float model's quantization ranges are taken.

An .npz holds an array for each input, by the input's name; for the only input of a model any name will do. The first
axis counts the examples; the others are the input's as the model's file has them. A folder holds either PNG and JPEG
images, which become pixels of the input's height, width and channels in the units that the model takes (see PIXELS),
or .npy files with one example each; hidden files do not count."""

import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from gen.data import images as data_images
from gen.errors import UsageError
from gen.model.graph import Array

LIMIT = 500  # examples; more cost time and move the ranges little
IMAGES = (".png", ".jpg", ".jpeg")
MODES = {1: "L", 3: "RGB", 4: "RGBA"}  # channels -> Pillow's name for them
# The units of pixels by their names: a byte u is u * factor + offset. signed is -1 to 1.
PIXELS = {"0..1": (1 / 255, 0.0), "0..255": (1.0, 0.0), "signed": (2 / 255, -1.0)}
USUAL = "0..1"  # of a model that does not tell
# What numpy.load raises for a damaged file: of its own, of zipfile, zlib, and of the parser of a header.
DAMAGED = (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, tokenize.TokenError)

Example = tuple[Array, ...]


@dataclass(frozen=True)
class Input:
    """One float32 input of a model."""

    name: str
    shape: tuple[int, ...]  # as the firmware takes it, batch 1, channels last
    channels_first: bool = False  # whether the model's file has its channels at axis 1, as ONNX and PyTorch files do
    # a key of PIXELS, what the model's own first step takes its pixels in; None where it has no such step
    units: str | None = None

    @property
    def file_shape(self) -> tuple[int, ...]:
        """The shape of one example in the model's file, without the batch."""
        shape = self.shape[1:]
        return (shape[-1], *shape[:-1]) if self.channels_first else shape

    def place(self, example: Array) -> Array:
        """One example of file_shape -> float32 of shape."""
        placed = np.moveaxis(example, 0, -1) if self.channels_first else example
        return np.ascontiguousarray(placed, np.float32)[None]


def read(path: Path, inputs: Sequence[Input], pixels: str | None = None) -> list[Example]:
    """At most LIMIT examples, spread evenly over all there are, each a tuple of one float32 array for each input.
    pixels: the units of images, a key of PIXELS; None: those of the input, or USUAL.

    Raises UsageError (nothing to read, wrong shape or type, no examples), MissingTool (Pillow)."""
    if pixels is not None and not has_images(path):
        raise UsageError(f"--pixels is for images: {path} has numbers, which are taken as they are.")
    if path.is_dir():
        return _folder(path, inputs, pixels)
    if path.suffix == ".npz" or path.is_file():
        return _npz(path, inputs)
    raise UsageError(f"there is no calibration data {path}: give a folder of examples or an .npz file.")


def notes(path: Path, inputs: Sequence[Input], pixels: str | None, examples: Sequence[Example]) -> list[str]:
    """What a person should know of the units: those that images were given in, and that arrays seem to be in others
    than the model takes."""
    if has_images(path):
        chosen, told = pixels or inputs[0].units or USUAL, inputs[0].units
        why = {
            pixels: "as --pixels says",
            told: "which the model's own first layers take",
        }.get(chosen, "the model scales none itself; --pixels says otherwise")
        found = [f"images became pixels of {_words(chosen)}, {why}"]
        if pixels is not None and told is not None and pixels != told:
            found.append(f"warning: the model's own first layers seem to take pixels of {_words(told)}, not {pixels}")
        return found
    return [
        f"warning: the examples of input {one.name!r} are at most {high:.3g}, but the model's own first layers seem to "
        "take pixels from 0 to 255: give the examples in these"
        for number, one in enumerate(inputs)
        if one.units == "0..255" and (high := max(float(np.abs(example[number]).max()) for example in examples)) <= 1
    ]


def _words(units: str) -> str:
    return "-1 to 1" if units == "signed" else units.replace("..", " to ")


def has_images(path: Path) -> bool:
    """Whether examples are images, which need units."""
    return path.is_dir() and any(file.suffix.lower() in IMAGES for file in _visible(path))


def _visible(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))


def _spread(count: int) -> list[int]:
    """Indices of at most LIMIT of count examples, evenly spread, so that all classes of a sorted folder are there."""
    return [int(i) for i in np.linspace(0, count - 1, min(count, LIMIT)).round()]


def _npz(path: Path, inputs: Sequence[Input]) -> list[Example]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("one array without a name")
            arrays = {name: archive[name] for name in archive.files}
    except DAMAGED as error:
        reason = getattr(error, "strerror", None) or "it is not a complete .npz of plain numbers"
        raise UsageError(f"can't read the calibration data {path}: {reason}; write it with numpy.savez.") from None
    if len(inputs) == 1 and len(arrays) == 1:
        arrays = {inputs[0].name: next(iter(arrays.values()))}
    missing = [one.name for one in inputs if one.name not in arrays]
    if missing:
        raise UsageError(
            f"{path} has {', '.join(arrays) or 'no arrays'}, not {', '.join(missing)}: "
            "give an array for each input of the model, by its name."
        )
    columns = [arrays[one.name] for one in inputs]
    for one, column in zip(inputs, columns, strict=True):
        _check(column, (None, *one.file_shape), f"array {one.name!r} of {path}")
    counts = {len(column) for column in columns}
    if len(counts) > 1:
        raise UsageError(f"the arrays of {path} have {sorted(counts)} examples: every input needs the same number.")
    if counts == {0}:
        raise UsageError(f"{path} has no examples: the first axis of its arrays has length 0.")
    return [
        tuple(one.place(column[i]) for one, column in zip(inputs, columns, strict=True))
        for i in _spread(len(columns[0]))
    ]


def _folder(path: Path, inputs: Sequence[Input], pixels: str | None) -> list[Example]:
    if len(inputs) > 1:
        names = ", ".join(one.name for one in inputs)
        raise UsageError(f"a folder calibrates one input, this model has {names}: give an .npz with an array for each.")
    files = _visible(path)
    images = [file for file in files if file.suffix.lower() in IMAGES]
    arrays = [file for file in files if file.suffix == ".npy"]
    if images and arrays:
        raise UsageError(f"{path} has images ({images[0].name}) and arrays ({arrays[0].name}): give one kind.")
    found = images or arrays
    if not found:
        raise UsageError(f"{path} has no examples: give PNG or JPEG images, or .npy files.")
    load: Callable[[Path, Input], Array] = partial(_image, pixels=pixels) if images else _array
    return [(load(found[i], inputs[0]),) for i in _spread(len(found))]


def _array(path: Path, one: Input) -> Array:
    try:
        example = np.load(path, allow_pickle=False)
    except DAMAGED as error:
        reason = getattr(error, "strerror", None) or "it is not a complete array of plain numbers"
        raise UsageError(f"can't read the example {path}: {reason}; write it with numpy.save.") from None
    if not isinstance(example, np.ndarray):
        raise UsageError(f"the example {path} is an .npz of several arrays: rename it, and give it alone.")
    _check(example, one.file_shape, str(path))
    return one.place(example)


def _check(array: Array, shape: tuple[int | None, ...], what: str) -> None:
    """Raise UsageError unless the array holds finite numbers in this shape; None is any size."""
    if array.dtype.kind not in "fiu":
        raise UsageError(f"{what} is {array.dtype}: calibration takes numbers, in the units that the model takes.")
    if array.ndim != len(shape) or any(
        want is not None and have != want for have, want in zip(array.shape, shape, strict=True)
    ):
        sizes = ", ".join("N" if size is None else str(size) for size in shape)
        raise UsageError(f"{what} has shape {array.shape}: the model's input needs ({sizes}).")
    if not np.isfinite(array).all():
        raise UsageError(f"{what} has values that are infinite or not a number: the ranges can't be taken from them.")


def _image(path: Path, one: Input, pixels: str | None) -> Array:
    """(1, H, W, C) in units of `pixels` or the input's, resized with bilinear filtering whatever its proportions
    were."""
    if len(one.shape) != 4 or one.shape[3] not in MODES:
        raise UsageError(
            f"the input {one.name!r} of shape {one.shape} is not an image of 1, 3 or 4 channels: "
            "calibrate with .npy files or an .npz."
        )
    image, _ = data_images.pillow()
    _, height, width, channels = one.shape
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as of a large image: it is the person's own
            with image.open(path) as opened:
                values = data_images.resized(opened, MODES[channels], height, width)
    except (*data_images.DAMAGED, image.DecompressionBombError):
        raise UsageError(f"the image {path} is damaged, or not PNG or JPEG: remove it from the folder.") from None
    units = pixels or one.units or USUAL
    if units == USUAL:
        return (values / np.float32(255)).reshape(one.shape)
    factor, offset = PIXELS[units]
    return (values * np.float32(factor) + np.float32(offset)).reshape(one.shape)
