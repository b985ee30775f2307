"""Small folders of images, sounds and tables, as a person may have recorded them."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile

from gen.data import folder as data
from gen.data.files import Features, Unusable
from gen.data.folder import FolderOptions
from gen.errors import UsageError
from gen.learn.task import list_tasks
from gen.model.graph import Array


def silent(stage: str, done: int, total: int) -> None:
    """A progress that shows nothing."""


def png(pixels: Array, format: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format=format)
    return file.getvalue()


def bars(seed: int, upright: bool, size: int = 16) -> bytes:
    rng = np.random.default_rng([seed, upright])
    pixels = rng.integers(0, 60, (size, size))
    at = int(rng.integers(2, size - 5))
    pixels[(slice(None), slice(at, at + 3)) if upright else slice(at, at + 3)] += 180
    return png(pixels.astype(np.uint8))


def wav(samples: Array, rate: int = 8000) -> bytes:
    file = io.BytesIO()
    wavfile.write(file, rate, samples)
    return file.getvalue()


def tone(hz: float, seconds: float = 1.0, rate: int = 8000) -> Array:
    return (12000 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)).astype(np.int16)


def table(rows: int, seed: int = 0, header: str = "ax,ay") -> bytes:
    values = np.random.default_rng(seed).normal(size=(rows, header.count(",") + 1))
    return "\n".join([header, *(",".join(f"{v:.4f}" for v in row) for row in values)]).encode()


def labeled(rows: Sequence[str], seed: int = 0) -> bytes:
    """A row for each label."""
    values = np.random.default_rng(seed).normal(size=len(rows))
    return "\n".join(["x,Label", *(f"{v:.4f},{label}" for v, label in zip(values, rows, strict=True))]).encode()


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def images(folder: Path, each: int = 4) -> Path:
    names = {f"{label}/{i}.png": bars(i, label == "upright") for label in ("flat", "upright") for i in range(each)}
    return write(folder, names)


def sounds(folder: Path, each: int = 4) -> Path:
    return write(folder, {f"{hz}/{i}.wav": wav(tone(hz + i)) for hz in (200, 1500) for i in range(each)})


def series(folder: Path, each: int = 4, rows: int = 40) -> Path:
    return write(folder, {f"{c}/{i}.csv": table(rows, 10 * i + n) for n, c in enumerate("ab") for i in range(each)})


MAKE = {"images": images, "wav": sounds, "csv": series}
WINDOW = {"images": None, "wav": None, "csv": 16.0}


def order(folder: Path, kind: str, **more: Any) -> FolderOptions:
    return FolderOptions(folder, kind, **{"name": "mine", "window": WINDOW[kind], **more})


def reason(features: Features, content: bytes) -> str:
    with pytest.raises(Unusable) as caught:
        features.read(content)
    return str(caught.value)


def refuse(folder: Path, kind: str, match: str, **more: Any) -> None:
    with pytest.raises(UsageError, match=match):
        data.prepare(order(folder, kind, **more), silent, list_tasks())
