"""What an engine makes of a model: everything that the build needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gen.model.graph import Graph


@dataclass(frozen=True, eq=False)
class Sources:
    """The C and C++ of one model for one target; nothing after it knows which engine it was."""

    engine: str
    name: str  # the model's
    graph: Graph  # what the device computes, an optimized form of the model
    files: Mapping[str, str]  # generated: relative path -> text; their folder is an include directory, too
    firmware: tuple[str, ...]  # files of firmware/ to compile
    include_dirs: tuple[str, ...]  # relative to firmware/, which is "."
    arena_bytes: int  # exact
    peak_reason: str  # why it is as large as that
    model_bytes: int  # of the .tflite
    const_bytes: int  # what the constants take in flash at least
    kernels: tuple[tuple[int, str, str], ...]  # of each operator its index in the graph, its kind, its C function
    tree: Path | None = None  # an upstream TFLM, compiled too (gen/device/upstream_tflm.py)
    level: str | None = None  # what the engine optimized for; None for one without levels
    const_growth: float | None = None  # weights and scales, as a multiple of the model's own
    link: str = "link.c"  # the file of firmware/ that talks to the host
