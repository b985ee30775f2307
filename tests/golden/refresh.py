"""The generated files of two tiny models, whole, one folder for each model and engine.

`python -m tests.golden.refresh` writes them again after a change that is meant; git diff then shows what it did."""

from collections.abc import Mapping
from pathlib import Path

from gen.compiler.engines import ENGINES
from gen.compiler.target import Target
from gen.files import write_if_changed
from gen.model import tflite
from gen.model.quantized import QuantizedModel
from tests.tflm_models import MODELS

HERE = Path(__file__).parent
CASES = tuple((model, engine) for model in ("classifier", "elementwise") for engine in ENGINES)
POINTER_BYTES = 4


def folder(model: str, engine: str) -> Path:
    return HERE / f"{model}-{engine}"


def generated(model: str, engine: str) -> Mapping[str, str]:
    content = MODELS[model]()
    found = QuantizedModel(content, tflite.read(content, model))
    return ENGINES[engine](found, Target("portable", POINTER_BYTES)).files


def refresh() -> None:
    for model, engine in CASES:
        files = generated(model, engine)
        for stale in set(folder(model, engine).glob("*")) - {folder(model, engine) / path for path in files}:
            stale.unlink()
        for path, text in files.items():
            write_if_changed(folder(model, engine) / path, text)


if __name__ == "__main__":
    refresh()
