"""A word on the command line -> the model to build: a task's committed student, any int8 .tflite file, or a float
model's file, which is quantized.

A .tflite with a card of ours beside it, as `train --out` writes them, belongs to the card's task."""

import shlex
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gen import task, tflite
from gen.errors import NotQuantized, UsageError, unknown
from gen.graph import Graph


@dataclass(frozen=True, eq=False)
class QuantizedModel:
    """content is the .tflite file, graph what it says; task is the name of the task that it was trained for, if any;
    card is where the card of a file lies, if it has one."""

    content: bytes
    graph: Graph
    task: str | None
    card: Path | None = None

    @property
    def name(self) -> str:
        return self.graph.name


FLOAT = (".keras", ".h5", ".onnx", ".pt2")  # and a folder, a SavedModel's


def load(
    word: str, calibration: Path | None = None, *, trust: bool = False, pixels: str | None = None
) -> QuantizedModel:
    """calibration: the examples that a float model is quantized with, pixels: the units of those that are images, see
    gen.calibration. trust: run code that a float model's file brings, see gen.convert_trust.

    Raises UsageError (no such task or file, not trained yet, an option missing or of no use), NotQuantized, what
    tflite.read_file raises, and what convert.load raises."""
    path = Path(word)
    if word not in task.list_tasks() and (path.suffix.lower() in FLOAT or path.is_dir()):
        from gen import convert
        from gen.convert_model import Options

        say = partial(print, file=sys.stderr)
        content = convert.load(path, calibration, say, Options(trust, pixels))
        return QuantizedModel(content, tflite.read(content, path.stem, str(path)), None)
    for option, given in (("--calibration", calibration), ("--trust", trust or None), ("--pixels", pixels)):
        if given is not None:
            raise UsageError(f"{option} is for float models ({', '.join(FLOAT)} or a SavedModel's folder), not {word}.")
    if word in task.list_tasks():
        path = task.model_path(word)
        if not path.exists():
            raise UsageError(f"task {word!r} has no trained student yet: run `python -m gen train {word}` first.")
        content, graph = tflite.read_file(path)
        return QuantizedModel(content, graph, word)
    if path.suffix or len(path.parts) > 1 or path.exists():
        content, graph = tflite.read_file(path)
        require_quantized(graph, path)
        card = path.with_suffix(".json")
        return QuantizedModel(content, graph, task.of_card(card), card)
    raise unknown("task", word, task.list_tasks(), "python -m gen tasks")


def require_quantized(graph: Graph, path: Path) -> None:
    """Raise NotQuantized where an operator other than QUANTIZE and DEQUANTIZE reads or writes float32."""
    inner = [op for op in graph.ops if op.kind not in ("quantize", "dequantize")]
    tensors = [graph.tensors[i] for op in inner for i in (*op.inputs, *op.outputs) if i >= 0]
    if not any(tensor.dtype == "float32" for tensor in tensors):
        return
    hybrid = any(tensor.dtype == "int8" and tensor.data is not None for tensor in tensors)
    what = "hybrid (dynamic-range): int8 weights, but float32 arithmetic" if hybrid else "a float32 model, not int8"
    original = shlex.quote(str(path.with_suffix(".keras")))
    raise NotQuantized(
        f"{path} is {what}; quantize the model that it was converted from, for example "
        f"`python -m gen build {original} --calibration FOLDER --board BOARD`, or a SavedModel or .onnx."
    )
