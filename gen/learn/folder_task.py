"""A prepared folder -> teacher, students and card: architectures, epochs and augmentation by kind and size, and the
part of the card from which `verify` and a device compute the model's input again."""

import math
import os
import shlex
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from gen.compiler.engines import ENGINES
from gen.compiler.target import Target
from gen.data import files as data_files
from gen.data import folder as data
from gen.data.augment import Augmentation, ImageAugmentation, SeriesAugmentation
from gen.data.examples import Dataset, Splits
from gen.data.files import Progress
from gen.data.folder import FolderOptions, Prepared
from gen.files import check_folder
from gen.learn import architectures, card, tensorflow, train, train_task
from gen.learn.card import Card
from gen.learn.objective import Distillation
from gen.learn.task import Task, Training, list_tasks
from gen.model.quantized import QuantizedModel
from gen.progress import Say

TRAINED = Path("build/trained")
FLASH_BYTES, RAM_BYTES = 64 * 1024, 16 * 1024  # what the architectures are made for
CODE_BYTES, STACK_BYTES = 24 * 1024, 4 * 1024  # of these, about, for kernels and link; for stack and link
MAX_LISTED = 20
MAX_CLASS_RATIO = 3  # times as many examples in the largest class as in the smallest
BATCH = 32
# Examples to see; fewest and most epochs.
EXAMPLES_AND_EPOCHS = {"teacher": (15_000, 10, 40), "student": (40_000, 20, 100)}


@dataclass(frozen=True)
class FolderTask(Task):
    """A task whose splits are of files, made before."""

    prepared: Prepared

    def splits(self) -> Splits:
        return self.prepared.splits


def train_folder(options: FolderOptions, folder: Path, say: Say, progress: Progress) -> Card:
    """Read, train, quantize, and at the end write <name>.tflite, .png and .json into folder; returns the card, which
    has all of a task's card and "data". Raises UsageError, MissingTool."""
    from gen.learn import quantize

    tensorflow.require_train_extra()
    start = time.monotonic()
    prepared = data.prepare(options, progress, list_tasks())
    tell(prepared, say)
    check_folder(folder)
    task, splits = make_task(prepared), prepared.splits
    tensorflow.start_tensorflow()
    trained = train.train(task, splits, task.seed, say)
    with tensorflow.quiet():
        alone, distilled = (
            quantize.quantize(model, splits.train.x, task.name) for model in (trained.alone, trained.distilled)
        )
    made = card.make(task, splits, [card.Run(task.seed, trained, alone, distilled)])
    kept = {"alone": alone, "distilled": distilled}[made["kept"]]
    made = {**made, "data": describe(prepared, kept, folder)}
    tell_size(made, say)
    train.tell(made, say)
    card.write(made, kept.content, folder)
    path = os.path.relpath(folder / f"{task.name}.tflite")
    say(f"written: {path}, .json, .png; {time.monotonic() - start:.1f} s in all")
    say(f"next: python -m gen verify {shlex.quote(path)} --board host")
    return made


def make_task(prepared: Prepared) -> FolderTask:
    """With the architectures and the augmentation of the kind and the input's size."""
    options, shape, classes = prepared.options, prepared.features.shape, len(prepared.classes)
    dataset = Dataset(source_of(prepared), prepared.classes, prepared.splits.train)
    size = "x".join(str(n) for n in (shape if shape[0] > 1 else shape[1:]))
    return FolderTask(
        name=prepared.name,
        title=f"{classes} classes, {options.kind}, {size}",
        seed=options.seed,
        load=lambda: dataset,
        validation_share=data_files.SHARES[0],
        test_share=data_files.SHARES[1],
        teacher=lambda: architectures.teacher(shape, classes),
        student=lambda: architectures.student(shape, classes),
        teacher_training=training("teacher", len(prepared.splits.train.y), options.epochs),
        student_training=training("student", len(prepared.splits.train.y), options.epochs),
        augmentation=augmentation(options.kind, shape),
        distillation=Distillation(temperature=4.0, alpha=0.7),
        prepared=prepared,
    )


def source_of(prepared: Prepared) -> str:
    count = len(prepared.collection.recordings)
    return f"{count} {prepared.options.kind} files of the folder {prepared.options.folder.resolve().name}"


def training(model: str, examples: int, epochs: int | None) -> Training:
    """Fewer epochs where there are more examples; batches of a quarter of few examples."""
    seen, fewest, most = EXAMPLES_AND_EPOCHS[model]
    batch = min(BATCH, examples, max(4, examples // 4))
    return Training(epochs or min(most, max(fewest, math.ceil(seen / examples))), batch, 3e-3)


def augmentation(kind: str, shape: tuple[int, int, int]) -> Augmentation:
    """Images: shift, rotation, zoom, shear. Others, normalized: shift and stretch of time, scale, noise."""
    if kind == "images":
        return ImageAugmentation(shift_pixels=0.06 * min(shape[:2]), rotation_degrees=10.0, zoom=0.1, shear=0.05)
    return SeriesAugmentation(shift_steps=0.1 * shape[1], stretch=0.1, scale=0.1, jitter=0.05)


def balance(prepared: Prepared) -> dict[str, dict[str, int]]:
    """For each class: files, and examples of training, validation and test."""
    files = data_files.files_by_class(prepared.collection.recordings)
    parts = {"train": prepared.splits.train, "validation": prepared.splits.validation, "test": prepared.splits.test}
    return {
        label: {"files": files[label], **{part: int(np.sum(found.y == number)) for part, found in parts.items()}}
        for number, label in enumerate(prepared.classes)
    }


def tell(prepared: Prepared, say: Say) -> None:
    """What was found and what was left out, before the training starts."""
    collection, shape = prepared.collection, prepared.features.shape
    for note in collection.notes:
        say(f"data: {note}")
    for bad in collection.bad[:MAX_LISTED]:
        say(f"data: skipped: {bad.file} {bad.reason}")
    if len(collection.bad) > MAX_LISTED:
        say(f"data: skipped: {len(collection.bad) - MAX_LISTED} more, which the card names")
    rows = balance(prepared)
    examples = {label: row["train"] + row["validation"] + row["test"] for label, row in rows.items()}
    say(
        f"data: {len(collection.recordings)} files used, {len(collection.bad)} skipped; {sum(examples.values())} "
        f"examples of {'x'.join(map(str, shape))} in {len(rows)} classes"
    )
    for label, row in rows.items():
        parts = f"{row['train']} train, {row['validation']} validation, {row['test']} test"
        say(f"data: class {label}: {row['files']} files, {examples[label]} examples ({parts})")
    largest, smallest = max(examples, key=lambda c: examples[c]), min(examples, key=lambda c: examples[c])
    if examples[largest] > MAX_CLASS_RATIO * examples[smallest]:
        always = sum(row["test"] for row in rows.values())
        say(
            f"data: unbalanced: {largest} has {examples[largest] / examples[smallest]:.1f} times the examples of "
            f"{smallest}; who always says {largest} is right in {rows[largest]['test'] / always:.1%} of the test set"
        )


def describe(prepared: Prepared, model: QuantizedModel, card_folder: Path) -> Card:
    """The card's part "data". input: int8 value = clamp(round(gain * natural + offset), -128, 127) for each channel,
    natural being what the features say; round is half away from zero, up to float32's own rounding."""
    graph, constants = model.graph, prepared.normalization
    tensor = graph.tensors[graph.inputs[0]]
    gain = 1.0 / (np.array(constants.deviation) * tensor.scale)
    offset = tensor.zero_point - np.array(constants.mean) * gain
    return {
        "kind": prepared.options.kind,
        "folder": os.path.relpath(prepared.options.folder.resolve(), card_folder.resolve()),
        "features": asdict(prepared.features),  # type: ignore[call-overload]
        "normalization": asdict(constants),
        "input": {
            "scale": float(tensor.scale),
            "zero_point": int(tensor.zero_point),
            "gain": gain.tolist(),
            "offset": offset.tolist(),
        },
        "files": len(prepared.collection.recordings),
        "balance": balance(prepared),
        "bad_files": [asdict(bad) for bad in prepared.collection.bad],
        "notes": list(prepared.collection.notes),
        "test_files": [recording.file for recording in prepared.parts[2]],
        "arena_bytes": {name: make(model, Target("portable", 4)).arena_bytes for name, make in ENGINES.items()},
    }


def tell_size(made: Card, say: Say) -> None:
    """What the student takes, and what to do where it is more than the architectures are made for."""
    size, arena = card.kept(made)["tflite_bytes"], made["data"]["arena_bytes"]["aot"]
    say(f"student: {size} bytes, arena {arena} bytes with engine aot and portable kernels")
    if size > FLASH_BYTES - CODE_BYTES or arena > RAM_BYTES - STACK_BYTES:
        smaller = "--size" if made["data"]["kind"] == "images" else "--window"
        say(f"student: more than fits 64 kB of flash and 16 kB of RAM beside code and stack: a smaller {smaller} helps")


def summary(made: Card) -> list[tuple[str, str]]:
    """train_task.summary() and the data in a few rows: (what, figure)."""
    about = made["data"]
    return [
        ("data", f"{about['files']} files in {len(about['balance'])} classes, {len(about['bad_files'])} skipped"),
        *train_task.summary(made),
        ("arena", f"{about['arena_bytes']['aot']} bytes with engine aot, {about['arena_bytes']['tflm']} with tflm"),
    ]
