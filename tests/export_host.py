"""Exports for tests, and what builds and runs them on the host."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from gen.export import library as export
from gen.export.library import ExportOptions, Library
from gen.importer import load
from gen.model import tflite
from gen.model.quantized import QuantizedModel
from tests.objects import compiled
from tests.tflm_models import MODELS

STANDS = Path(__file__).with_name("export_stands")
STRICT = "-Wall -Wextra -Werror"
TIMEOUT_S = 300
EXACT = "every value is the expected one"


@cache
def quantized(name: str) -> QuantizedModel:
    """A task's student, or one of the tests' tiny models."""
    if name not in MODELS:
        return load.load_model(name)
    content = MODELS[name]()
    return QuantizedModel(content, tflite.read(content, name), None)


@cache
def library(name: str, engine: str, form: str = "c", isa: str = "portable", prefix: str | None = None) -> Library:
    return export.library(quantized(name), ExportOptions(form, engine, isa, prefix=prefix))


def written(library: Library, folder: Path) -> Path:
    export.write(folder, library.files)
    return folder


def run(*command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, stdin: str = "") -> str:
    """Standard output; a failing command fails the test with what it wrote."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=env, input=stdin, capture_output=True, text=True, check=False,
        timeout=TIMEOUT_S,
    )  # fmt: skip
    assert done.returncode == 0, f"{command} failed: {(done.stdout + done.stderr)[-4000:]}"
    return done.stdout


def assert_exact(library: Library, printed: str) -> None:
    """An example's output: the reference's values, all of them, and its own verdict."""
    lines = re.findall(rf"^{library.prefix}: output(?:_\d)? (.*)$", printed, re.MULTILINE)
    for example in library.examples:
        for tensor, expected in zip(library.model.graph.outputs, example.outputs, strict=True):
            wanted = [float(value) for value in expected.ravel()]
            assert wanted in [[float(word) for word in line.split()] for line in lines], f"tensor {tensor}: {printed}"
    assert f"{library.prefix}: {EXACT}" in printed


def objects(folder: Path, prefix: str, machine: Sequence[str], c: Sequence[str], cpp: Sequence[str]) -> list[Path]:
    """Everything below folder/src, compiled with the compiler of that prefix; src is the only include directory."""
    found = []
    for path in sorted((folder / "src").rglob("*")):
        if path.suffix in (".c", ".cpp", ".S"):
            compiler = f"{prefix}g++" if path.suffix == ".cpp" else f"{prefix}gcc"
            flags = {".c": c, ".cpp": cpp, ".S": ()}[path.suffix]
            found.append(folder / "build" / f"{path.relative_to(folder)}.o")
            found[-1].parent.mkdir(parents=True, exist_ok=True)
            compiled([compiler, *machine, *flags, f"-I{folder / 'src'}"], path, found[-1], folder)
    return found


def foreign_symbols(prefix: str, files: Sequence[Path], toolchain: str = "") -> list[str]:
    """External symbols that these objects or archives define without the prefix, C++ namespaces included."""
    text = run(f"{toolchain}nm", "--extern-only", "--defined-only", "--format=posix", *files)
    symbols = [line.split()[0] for line in text.splitlines() if len(line.split()) > 1]
    assert symbols
    mangled = re.compile(rf"_Z(T[VTIS])?(NK?)?\d+{prefix}_\w+")
    return [s for s in symbols if not s.startswith(f"{prefix}_") and not mangled.fullmatch(s)]
