"""What an engine makes of a model: everything that the build needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gen.model.graph import Graph


@dataclass(frozen=True, eq=False)
class Sources:
    """The C and C++ of one model for one target; nothing after it knows which engine it was.

    files: generated relative path -> text. firmware: files of firmware/ to compile, and include_dirs, relative to
    firmware/ ("." is firmware/ itself); the folder of the generated files is an include directory too.
    graph: what the device computes, an optimized form of the model; the engine's operator i is that at kernels[i][0].
    arena_bytes: the exact arena, because of arena_because. const_bytes: what the constants take in flash at least.
    kernels: (operator index, operator kind, kernel symbol). level: what the engine optimized for, and const_growth,
    what its constants but for operators' parameters take, as a multiple of the model's own; None for an engine or a
    model without. tree: an upstream TFLM, compiled too (gen/device/upstream_tflm.py). link: the file of firmware/
    that talks to the host."""

    engine: str
    name: str
    graph: Graph
    files: Mapping[str, str]
    firmware: tuple[str, ...]
    include_dirs: tuple[str, ...]
    arena_bytes: int
    arena_because: str
    model_bytes: int
    const_bytes: int
    kernels: tuple[tuple[int, str, str], ...]
    tree: Path | None = None
    level: str | None = None
    const_growth: float | None = None
    link: str = "link.c"
