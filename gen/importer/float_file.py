"""A float model's file -> int8 .tflite, quantized with the person's own examples and kept in build/import/.

The same file, examples and converters give the same .tflite, so it is made once: its name is their hash."""

import hashlib
import io
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from gen.errors import INSTALL_TRAIN, GenError, MissingTool, ModelError, UsageError
from gen.files import write_whole
from gen.importer import calibration, child_process, compare, from_keras, from_onnx, from_torch, weight_files
from gen.importer.calibration import Input
from gen.importer.fold import fold_transposes
from gen.importer.opened import UNTRUSTED, Opened, Options, first_line, refusal
from gen.model import tflite, values
from gen.model.graph import Array
from gen.model.support import require_supported
from gen.paths import BUILDS, install

EXAMPLES = 20  # that `verify` may compare on
IMPORTS = BUILDS / "import"
REVISION = b"3"  # of this conversion: another one makes other files of the same models

Say = Callable[[str], None]


@dataclass(frozen=True)
class Kind:
    """One kind of file."""

    install: str  # the command that installs its converter
    packages: tuple[str, ...]  # those whose versions decide the result
    open: Callable[[Path, Options], Opened]


_KERAS = Kind(INSTALL_TRAIN, ("tensorflow", "keras"), from_keras.open_keras)
SAVED_MODEL = Kind(INSTALL_TRAIN, ("tensorflow", "keras"), from_keras.open_saved_model)
KINDS = {
    ".keras": _KERAS,
    ".h5": _KERAS,
    ".onnx": Kind(
        install("train", "onnx"),
        ("tensorflow", "keras", "onnx", "onnx2keras"),
        from_onnx.open_onnx,
    ),
    ".pt2": Kind(
        install("train", "torch"),
        ("tensorflow", "litert-torch", "torch", "ai-edge-quantizer"),
        from_torch.open_exported,
    ),
}


@dataclass(frozen=True, eq=False)
class Converted:
    """A model just made."""

    content: bytes  # the .tflite
    notes: tuple[str, ...]  # what a person should know of how it was made
    # some of those that it was made with, as it takes them, an array for each input
    examples: tuple[tuple[Array, ...], ...] = ()


@dataclass(frozen=True)
class CachedModel:
    """A model in build/import/."""

    content: bytes  # the .tflite
    examples: Path  # an .npz with EXAMPLES of those that it was made with, as it takes them, by "example_input"


def load(path: Path, examples: Path | None, say: Say, options: Options = UNTRUSTED) -> CachedModel:
    """The int8 .tflite of a float model's file or folder, made or found in build/import/.

    examples: see gen.importer.calibration. Raises UsageError (no such file, no or wrong examples), MissingTool,
    ModelError, UnsupportedOp."""
    if path.is_dir() and not (path / "saved_model.pb").is_file():
        raise UsageError(
            f"{path} is a directory without a saved_model.pb: give a SavedModel's folder or a model's file."
        )
    if not path.exists():
        raise UsageError(f"can't read the model {path}: No such file or directory; give the path of a model's file.")
    if examples is None:
        raise UsageError(
            f"{path} is a float model, and int8 takes its ranges from examples of the model's inputs: give them with "
            "--calibration FOLDER, of images or .npy files, or --calibration FILE.npz."
        )
    kept = IMPORTS / f"{_key(_kind(path), path, examples, options)}.tflite"
    said, drawn = kept.with_suffix(".notes"), kept.with_suffix(".npz")
    if kept.is_file() and said.is_file() and drawn.is_file():
        for note in said.read_text(encoding="utf-8").splitlines():
            say(f"import: {note}")
        say(f"import: {os.path.relpath(kept)}, as converted before")
        return CachedModel(kept.read_bytes(), drawn)
    say(f"import: converting {path} ...")
    start = time.monotonic()
    converted = in_child(convert, path, examples, options)
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_whole(drawn, _packed(converted.examples))
    write_whole(said, "".join(f"{note}\n" for note in converted.notes).encode())
    write_whole(kept, converted.content)
    for note in converted.notes:
        say(f"import: {note}")
    size, took = len(converted.content), time.monotonic() - start
    say(f"import: {os.path.relpath(kept)}, {size} bytes in {took:.1f} s")
    return CachedModel(converted.content, drawn)


def _packed(examples: Sequence[Sequence[Array]]) -> bytes:
    packed = io.BytesIO()
    arrays = {f"{number}_{index}": x for number, example in enumerate(examples) for index, x in enumerate(example)}
    np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]
    return packed.getvalue()


def in_child(
    work: Callable[[Path, Path, Options], Converted], path: Path, examples: Path, options: Options
) -> Converted:
    """work(path, examples, options) in a process of its own, since converters end the process on some models, and
    litert-torch was seen to where TensorFlow was imported first. Raises what work raises, ModelError when the process
    ends or anything unforeseen is raised."""
    try:
        return child_process.run(work, path, examples, options)
    except child_process.ProcessDied as death:
        versions = ", ".join(f"{package} {_version(package) or 'missing'}" for package in _kind(path).packages)
        raise ModelError(
            f"the process that converts {path} ended with {death}; it ran {versions}: change the model or these "
            "packages, or save the model in another format."
        ) from None
    except child_process.WorkFailed as failure:
        raise ModelError(
            f"{path} can't be converted ({first_line(failure)}): save the model again, or in another format."
        ) from None


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _key(kind: Kind, path: Path, examples: Path, options: Options) -> str:
    """The hash of all that decides the result. Raises MissingTool, UsageError, ModelError."""
    found = hashlib.sha256(REVISION + repr(options).encode())
    for package in kind.packages:
        version = _version(package)
        if version is None:
            raise MissingTool(f"converting {path} needs the Python package {package}: run `{kind.install}`.")
        found.update(f"{package} {version}\n".encode())
    for root in (path, examples):
        try:
            for name, file in weight_files.of(root):
                content = hashlib.sha256(file.read_bytes()).digest()
                found.update(f"{file.suffix} {name}\n".encode() + content)
        except OSError as error:
            raise UsageError(
                f"can't read {error.filename}: {error.strerror}; give a file or folder that can be read."
            ) from None
    return found.hexdigest()[:16]


def convert(path: Path, examples: Path, options: Options = UNTRUSTED) -> Converted:
    """As load(), made here and now and kept nowhere."""
    model = _kind(path).open(path, options)
    read = calibration.read(examples, model.inputs, options.pixels)
    try:
        content = fold_transposes(model.convert(read))
    except GenError:
        raise
    except Exception as error:  # a converter's own kinds of error are many
        raise refusal(path, error, model.layers) from None
    graph = tflite.read(content, path.stem, str(path))
    require_supported(graph, str(path))
    notes = [
        *model.notes,
        *map(_describe, model.inputs),
        f"calibrated with {len(read)} examples of {examples}",
        *calibration.notes(examples, model.inputs, options.pixels, read),
        *(compare.notes(graph, read, model.run) if graph.cut_off is None else ()),  # else it ends elsewhere
    ]
    some = read[:: -(-len(read) // EXAMPLES)]
    inputs = [graph.tensors[i] for i in graph.inputs]
    kept = tuple(tuple(values.quantize_tensor(*pair) for pair in zip(inputs, one, strict=True)) for one in some)
    return Converted(content, tuple(notes), kept)


def _kind(path: Path) -> Kind:
    return SAVED_MODEL if path.is_dir() else KINDS[path.suffix.lower()]


def _describe(one: Input) -> str:
    moved = f", channels last; the file has {one.file_shape}" if one.channels_first and len(one.shape) > 2 else ""
    return f"input {one.name!r} takes {one.shape}{moved}"
