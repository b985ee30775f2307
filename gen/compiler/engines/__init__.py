"""How a model reaches the device: one file per engine, one line each in ENGINES."""

from collections.abc import Mapping
from typing import Protocol

from gen.compiler.engines import aot, tflm
from gen.compiler.engines.sources import Sources
from gen.model.graph import Graph

__all__ = ["ENGINES", "Sources"]


class Generate(Protocol):
    """content: the .tflite file that graph was read from; isa: a key of gen.kernels.FALLBACK; pointer_bytes: of the
    target's ABI; level: one of gen.kernels.LEVELS. Raises UnsupportedOp, NotQuantized, ModelError."""

    def __call__(
        self, graph: Graph, content: bytes, isa: str, pointer_bytes: int, level: str = "balanced"
    ) -> Sources: ...


ENGINES: Mapping[str, Generate] = {"aot": aot.generate, "tflm": tflm.generate}
