"""What every kind of float model is opened as, and what their openers share."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gen.errors import ModelError, UnsupportedOp
from gen.importer.calibration import Example, Input
from gen.model.graph import Array


@dataclass(frozen=True)
class Options:
    """What the command line says of an import."""

    trust: bool = False  # run code that the file brings (`--trust`)
    # units that images are given in, a key of calibration.PIXELS; None: as the model's first layers tell
    pixels: str | None = None


UNTRUSTED = Options()


@dataclass(frozen=True, eq=False)
class Opened:
    """A float model, with a batch of 1."""

    inputs: tuple[Input, ...]
    run: Callable[[Example], list[Array]]  # one example -> its outputs, float32
    # examples -> the int8 .tflite, with the same inputs and outputs in the same order; raises whatever the converter
    # raises
    convert: Callable[[Sequence[Example]], bytes]
    notes: tuple[str, ...] = ()  # what a person should know of how it was opened
    # those that have an operator, by TensorFlow's name of it
    layers: Mapping[str, Sequence[str]] = field(default_factory=dict)


def fixed_shape(path: Path, name: str, shape: Sequence[Any] | None, dtype: str) -> tuple[int, ...]:
    """An input's shape with a batch of 1. Raises UnsupportedOp on any other batch or size that is not known before run
    time, ModelError on a dtype that is not float32."""
    if dtype != "float32":
        raise ModelError(
            f"input {name!r} of {path} is {dtype}: only float32 inputs can become int8, convert them in the model."
        )
    if shape is None or len(shape) < 2:
        raise UnsupportedOp(f"input {name!r} of {path} has shape {shape}: give it a batch and at least one more size.")
    batch, *sizes = shape
    unknown = [axis for axis, size in enumerate(sizes, 1) if not isinstance(size, int) or size < 1]
    if unknown:
        shown = ", ".join("?" if not isinstance(size, int) or size < 1 else str(size) for size in shape)
        raise UnsupportedOp(
            f"input {name!r} of {path} has shape ({shown}), with axis {unknown[0]} dynamic: "
            "save the model with a fixed input shape."
        )
    if isinstance(batch, int) and batch > 1:
        raise UnsupportedOp(f"input {name!r} of {path} has a batch of {batch}: save the model with a batch of 1.")
    return (1, *sizes)


def first_line(error: Exception) -> str:
    """What a foreign error says, in one sentence of at most 160 characters."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    chosen = next((line for line in lines if "error:" in line), lines[0] if lines else type(error).__name__)
    text = re.sub(r"^.*error:\s*", "", chosen).rstrip(".:; ")
    short = re.split(r"\.\s", text, maxsplit=1)[0]
    return short if len(short) <= 160 else short[:157] + "..."


def refusal(path: Path, error: Exception, layers: Mapping[str, Sequence[str]]) -> ModelError:
    """The error of ours for one that a converter raised: all operators that it can't convert and the layers that have
    them, as in Opened, or what else it says."""
    named = {a or b for a, b in re.findall(r"'?tf\.(\w+)'? op|not yet supported for op: '(\w+)'", str(error))}
    if named:
        told = (f"{name} ({', '.join(layers[name])})" if name in layers else name for name in sorted(named))
        return UnsupportedOp(
            f"{path} can't become int8: TensorFlow Lite has no int8 form of its {', '.join(told)}: "
            "replace it in the model."
        )
    return ModelError(f"{path} can't be converted ({first_line(error)}): change the model, or save it again.")
