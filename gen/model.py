"""A word on the command line -> the model to build: a task's committed student, or any .tflite file.

A file with a card of ours beside it, as `train --out` writes them, belongs to the card's task."""

from dataclasses import dataclass
from pathlib import Path

from gen import task, tflite
from gen.errors import UsageError, unknown
from gen.graph import Graph


@dataclass(frozen=True, eq=False)
class QuantizedModel:
    """content is the .tflite file, graph what it says; task is the name of the task that it was trained for, if any."""

    content: bytes
    graph: Graph
    task: str | None

    @property
    def name(self) -> str:
        return self.graph.name


def load(word: str) -> QuantizedModel:
    """Raises UsageError (no such task or file, not trained yet) and what tflite.read_file raises."""
    path = Path(word)
    if word in task.list_tasks():
        path = task.model_path(word)
        if not path.exists():
            raise UsageError(f"task {word!r} has no trained student yet: run `python -m gen train {word}` first.")
        content, graph = tflite.read_file(path)
        return QuantizedModel(content, graph, word)
    if path.suffix or len(path.parts) > 1 or path.exists():
        content, graph = tflite.read_file(path)
        return QuantizedModel(content, graph, task.of_card(path.with_suffix(".json")))
    raise unknown("task", word, task.list_tasks(), "python -m gen tasks")
