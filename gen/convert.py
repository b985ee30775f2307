"""A float model's file -> int8 .tflite, quantized with the person's own examples and kept in build/import/.

The same file, examples and converters give the same .tflite, so it is made once: its name is their hash."""

import hashlib
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from gen import calibration, child, convert_onnx, convert_tensorflow, convert_torch, quantize, reference, tflite, train
from gen.board import ROOT
from gen.calibration import Example, Input
from gen.convert_fold import fold_transposes
from gen.convert_model import Opened, refusal
from gen.emit import write_whole
from gen.errors import GenError, MissingTool, ModelError, UsageError
from gen.graph import Array, Graph
from gen.task import INSTALL_TRAIN

IMPORTS = ROOT / "build" / "import"
COMPARED = 8  # examples that the int8 model is compared with the float one on
REVISION = b"2"  # of this conversion: another one makes other files of the same models

Say = Callable[[str], None]


@dataclass(frozen=True)
class Kind:
    """One kind of file: what pip installs its converter with, the packages whose versions decide the result, and what
    opens it."""

    install: str
    packages: tuple[str, ...]
    open: Callable[[Path], Opened]


_KERAS = Kind(INSTALL_TRAIN, ("tensorflow", "keras"), convert_tensorflow.open_keras)
SAVED_MODEL = Kind(INSTALL_TRAIN, ("tensorflow", "keras"), convert_tensorflow.open_saved_model)
KINDS = {
    ".keras": _KERAS,
    ".h5": _KERAS,
    ".onnx": Kind(
        "pip install -e '.[train,onnx]'",
        ("tensorflow", "keras", "onnx", "onnx2keras"),
        convert_onnx.open_onnx,
    ),
    ".pt2": Kind(
        "pip install -e '.[train]' 'litert-torch>=0.10'",
        ("tensorflow", "litert-torch", "torch", "ai-edge-quantizer"),
        convert_torch.open_exported,
    ),
}


@dataclass(frozen=True, eq=False)
class Converted:
    """content: the .tflite; notes: what a person should know of how it was made."""

    content: bytes
    notes: tuple[str, ...]


def load(path: Path, examples: Path | None, say: Say) -> bytes:
    """The int8 .tflite of a float model's file or folder, made or found in build/import/.

    examples: see gen.calibration. Raises UsageError (no such file, no or wrong examples), MissingTool, ModelError,
    UnsupportedOp."""
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
    kept = IMPORTS / f"{_key(_kind(path), path, examples)}.tflite"
    if kept.is_file():
        say(f"import: {os.path.relpath(kept)}, as converted before")
        return kept.read_bytes()
    say(f"import: converting {path} ...")
    start = time.monotonic()
    converted = in_child(convert, path, examples)
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_whole(kept, converted.content)
    for note in converted.notes:
        say(f"import: {note}")
    size, took = len(converted.content), time.monotonic() - start
    say(f"import: {os.path.relpath(kept)}, {size} bytes in {took:.1f} s")
    return converted.content


def in_child(work: Callable[[Path, Path], Converted], path: Path, examples: Path) -> Converted:
    """work(path, examples) in a process of its own, since TensorFlow's converter ends the process on some models.
    Raises what work raises, ModelError when the process ends."""
    context = multiprocessing.get_context("spawn")
    with train.quiet(), ProcessPoolExecutor(1, context, initializer=child.end_with_parent) as pool:
        try:
            return pool.submit(work, path, examples).result()
        except BrokenProcessPool:
            raise ModelError(
                f"the converter crashed on {path}: models with a loop, such as LSTM or GRU layers, can't become int8; "
                "replace or unroll it."
            ) from None


def _key(kind: Kind, path: Path, examples: Path) -> str:
    """The hash of all that decides the result. Raises MissingTool, UsageError."""
    found = hashlib.sha256(REVISION)
    for package in kind.packages:
        try:
            found.update(f"{package} {metadata.version(package)}\n".encode())
        except metadata.PackageNotFoundError:
            raise MissingTool(f"converting {path} needs the Python package {package}: run `{kind.install}`.") from None
    for root in (path, examples):
        for file in _files(root):
            try:
                content = hashlib.sha256(file.read_bytes()).digest()
            except OSError as error:
                raise UsageError(
                    f"can't read {file}: {error.strerror}; give a file or folder that can be read."
                ) from None
            found.update(f"{file.suffix} {file.relative_to(root)}\n".encode() + content)
    return found.hexdigest()[:16]


def _files(root: Path) -> Iterator[Path]:
    yield from sorted(file for file in root.rglob("*") if file.is_file()) if root.is_dir() else [root]


def convert(path: Path, examples: Path) -> Converted:
    """As load(), made here and now and kept nowhere."""
    train.start_tensorflow()
    model = _kind(path).open(path)
    read = calibration.read(examples, model.inputs)
    try:
        content = fold_transposes(model.convert(read))
    except GenError:
        raise
    except Exception as error:  # a converter's own kinds of error are many
        raise refusal(path, error) from None
    some = read[:: -(-len(read) // COMPARED)]
    graph = tflite.read(content, path.stem, str(path))
    notes = [
        *map(_describe, model.inputs),
        f"calibrated with {len(read)} examples of {examples}{_units(examples)}",
        _difference(graph, some, [model.run(example) for example in some]),
    ]
    return Converted(content, tuple(notes))


def _kind(path: Path) -> Kind:
    return SAVED_MODEL if path.is_dir() else KINDS[path.suffix.lower()]


def _describe(one: Input) -> str:
    moved = f", channels last; the file has {one.file_shape}" if one.channels_first and len(one.shape) > 2 else ""
    return f"input {one.name!r} takes {one.shape}{moved}"


def _units(examples: Path) -> str:
    images = examples.is_dir() and any(file.suffix.lower() in calibration.IMAGES for file in _files(examples))
    return ", as pixels from 0 to 1" if images else ""


def _difference(graph: Graph, examples: Sequence[Example], floats: Sequence[Sequence[Array]]) -> str:
    """How far the int8 model's outputs are from the float one's, in steps: a step is the output's scale."""
    steps = []
    for example, wanted in zip(examples, floats, strict=True):
        inputs = [quantize.quantize_tensor(graph.tensors[i], x) for i, x in zip(graph.inputs, example, strict=True)]
        for index, y, real in zip(graph.outputs, reference.outputs(graph, inputs), wanted, strict=True):
            tensor = graph.tensors[index]
            steps.append(np.abs(quantize.dequantize_tensor(tensor, y) - real.reshape(y.shape)).ravel() / tensor.scale)
    every = np.concatenate(steps)
    return (
        f"int8 differs from float by {every.mean():.1f} steps of the output's scale on average, {every.max():.1f} at "
        f"most, over {len(examples)} examples"
    )
