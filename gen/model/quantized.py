"""A word on the command line -> the model to build: a task's committed student, any int8 .tflite file, or a float
model's file, which is quantized.

A .tflite with a card of ours beside it, as `train --out` writes them, belongs to the card's task."""

from dataclasses import dataclass
from pathlib import Path

from gen.model.graph import Graph


@dataclass(frozen=True, eq=False)
class QuantizedModel:
    """content is the .tflite file, graph what it says; task is the name of the task that it was trained for, if any;
    card is where the card of a file lies, if it has one; examples, of an imported model, some of its inputs, see
    gen.importer.float_file.CachedModel."""

    content: bytes
    graph: Graph
    task: str | None = None
    card: Path | None = None
    examples: Path | None = None

    @property
    def name(self) -> str:
        return self.graph.name
