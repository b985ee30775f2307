"""A word on the command line -> the model to build."""

import sys
from functools import partial
from pathlib import Path

from gen.errors import UsageError, unknown
from gen.learn import task
from gen.model import support, tflite
from gen.model.graph import Graph
from gen.model.quantized import QuantizedModel

FLOAT = (".keras", ".h5", ".onnx", ".pt2")  # and a folder, a SavedModel's


def load_model(
    word: str,
    calibration: Path | None = None,
    *,
    trust: bool = False,
    pixels: str | None = None,
    signature: str | None = None,
) -> QuantizedModel:
    """calibration: the examples that a float model is quantized with, pixels: the units of those that are images, see
    gen.importer.calibration. trust: run code that a float model's file brings, see gen.importer.trust. signature: which
    one of a .tflite is built, see gen.model.rewrites.signatures.

    Raises UsageError (no such task or file, not trained yet, an option missing or of no use), what tflite.read_file and
    support.require_supported raise, and what float_file.load raises."""
    path = Path(word)
    if signature is not None and path.suffix != ".tflite":
        raise UsageError(f"--signature is for .tflite files, not {word}.")
    if word not in task.list_tasks() and (path.suffix.lower() in FLOAT or path.is_dir()):
        from gen.importer import float_file
        from gen.importer.opened import Options

        say = partial(print, file=sys.stderr)
        kept = float_file.load(path, calibration, say, Options(trust, pixels))
        graph = tflite.read(kept.content, path.stem, str(path))
        return _model(kept.content, graph, path, examples=kept.examples)
    for option, given in (("--calibration", calibration), ("--trust", trust or None), ("--pixels", pixels)):
        if given is not None:
            raise UsageError(f"{option} is for float models ({', '.join(FLOAT)} or a SavedModel's folder), not {word}.")
    if word in task.list_tasks():
        path = task.model_path(word)
        if not path.exists():
            raise UsageError(f"task {word!r} has no trained student yet: run `python -m gen train {word}` first.")
        return _model(*tflite.read_file(path), path, trained_for=word)
    if path.suffix or len(path.parts) > 1 or path.exists():
        card = path.with_suffix(".json")
        return _model(*tflite.read_file(path, signature), path, trained_for=task.of_card(card), card=card)
    raise unknown("task", word, task.list_tasks(), "python -m gen tasks")


def _model(
    content: bytes,
    graph: Graph,
    path: Path,
    *,
    trained_for: str | None = None,
    card: Path | None = None,
    examples: Path | None = None,
) -> QuantizedModel:
    support.require_supported(graph, str(path))
    if graph.in_common:
        sys.stderr.write(f"{path}: {graph.in_common}\n")
    elif graph.others:
        others = ", ".join(map(repr, graph.others))
        sys.stderr.write(f"{path}: the first of its subgraphs is built, not {others}\n")
    if graph.cut_off:
        sys.stderr.write(f"{path}: {graph.cut_off}\n")
    return QuantizedModel(content, graph, trained_for, card, examples)
