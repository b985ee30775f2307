"""How a model reaches the device: one file per engine, one line each in ENGINES."""

from collections.abc import Mapping
from typing import Protocol

from gen.compiler.engines import aot, tflm
from gen.compiler.engines.sources import Sources
from gen.compiler.target import Target
from gen.model.quantized import QuantizedModel

__all__ = ["ENGINES", "LEVELED", "Sources"]


class Generate(Protocol):
    """level: a key of kernels.select.LEVELS. Raises UnsupportedOp, NotQuantized, ModelError."""

    def __call__(self, model: QuantizedModel, target: Target, level: str = "balanced") -> Sources: ...


ENGINES: Mapping[str, Generate] = {"aot": aot.generate, "tflm": tflm.generate}
LEVELED = ("aot",)  # those that the level makes a difference to
