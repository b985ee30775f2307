"""Compiles firmware/tflm for the host, with ASan and UBSan, and runs it: for tests of the engine tflm."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gen.compiler.engines.tflm import CONTROL, CORE, PREPARED, STATE, device_model, kernel_values
from gen.model import tflite
from gen.model.graph import Array, Graph
from gen.model.ops import KERNELS, OPS, lower
from gen.render import render
from tests.objects import compiled

ROOT = Path(__file__).resolve().parent.parent
PROBES = ROOT / "tests" / "probes"
FIRMWARE = ROOT / "firmware"
ENGINE = "engine/engine"  # engine.h, which needs a generated model
WARNINGS = ("-Wall", "-Wextra", "-Werror")
CXX = ("-std=c++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics")
C = ("-std=c11",)
INCLUDES = tuple(f"-I{FIRMWARE / folder}" for folder in (".", "tflm", "kernels"))
SANITIZE = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
OK, ARENA_TOO_SMALL, BAD_MODEL, UNSUPPORTED = range(4)  # engine_status_t
_KEPT: list[TemporaryDirectory[str]] = []  # deleted when the process ends


def run(*command: str | Path, stdin: bytes = b"") -> bytes:
    """Standard output; a failing command fails the test with what it wrote on standard error."""
    done = subprocess.run([str(word) for word in command], input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, f"{command[0]} failed: {done.stderr.decode()[-4000:]}"
    return done.stdout


def compile_all(folder: Path, files: Sequence[Path], flags: Sequence[str | Path], prefix: str = "") -> list[Path]:
    """One object in folder for each C or C++ file."""
    objects = []
    for file in files:
        compiler, language = (f"{prefix}gcc", C) if file.suffix == ".c" else (f"{prefix}g++", CXX)
        objects.append(folder / f"{file.parent.name}_{file.stem}.o")
        compiled([compiler, *language, *WARNINGS, *INCLUDES, *flags], file, objects[-1], folder)
    return objects


def all_sources(folder: Path) -> list[Path]:
    """The interpreter but for its engine.h, every operator, every portable kernel; writes nn_select.h to folder."""
    kernels = sorted({kernel for op in OPS.values() for kernel in op.kernel_names})
    selected = [(f"NN_{kernel.upper()}", f"nn_{kernel}_portable") for kernel in kernels]
    (folder / "nn_select.h").write_text(
        render("nn_select.h", name="every model", headers=["kernels/nn.h"], kernels=selected, prepared=True)
    )
    table = folder / "engine_kernels.cc"
    table.write_text(render(table.name, name="every model", prepared=every_prepared_kernel()))
    operators = sorted({file for op in OPS.values() for file in op.interpreter})
    return [
        table,
        *(FIRMWARE / "tflm" / f"{file}.cc" for file in (*CORE, PREPARED, STATE, CONTROL, *fits()) if file != ENGINE),
        *(FIRMWARE / "tflm" / "ops" / f"{file}.cc" for file in operators),
        *(FIRMWARE / "kernels" / "portable" / f"{kernel}.c" for kernel in kernels),
    ]


def fits() -> list[str]:
    """Every check of kernels' parameters, as the engine names files."""
    return sorted(f"fits/{path.stem}" for path in (FIRMWARE / "tflm" / "fits").glob("*.cc"))


def every_prepared_kernel() -> list[dict[str, Any]]:
    """What engine_kernels.cc says of a model with every operator."""
    names = sorted({name for op in OPS.values() for name in op.prepared_kernels})
    return [kernel_values(KERNELS[name]) for name in names]


@cache
def library() -> Path:
    """A static library of all_sources(), with sanitizers, beside the nn_select.h that it was compiled with."""
    _KEPT.append(TemporaryDirectory(prefix="tflm-"))
    folder = Path(_KEPT[-1].name)
    objects = compile_all(folder, all_sources(folder), (*SANITIZE, f"-I{folder}"))
    run("ar", "rcs", folder / "libtflm.a", *objects)
    return folder / "libtflm.a"


@cache
def probe() -> Path:
    """The program tflm_probe.cc."""
    program = library().parent / "probe"
    source = PROBES / "tflm_probe.cc"
    flags = (*SANITIZE, "-fno-access-control", *CXX, *WARNINGS, *INCLUDES)
    run("g++", *flags, source, library(), "-o", program)
    return program


@dataclass(frozen=True)
class Prepared:
    """What the interpreter said about a model: status of AllocateTensors(), failure() and arena_used_bytes(); offsets
    in the arena of inputs, outputs and operators' outputs; each operator's parameters; and for each vector what every
    operator wrote."""

    status: int
    failure: int
    used: int
    inputs: list[int]
    outputs: list[int]
    ops: list[int]
    parameters: list[bytes]
    vectors: list[list[bytes]]


def prepare(
    content: bytes, arena_bytes: int, ops: int = 0, sizes: Sequence[int] = (), vectors: Sequence[Sequence[Array]] = ()
) -> Prepared:
    """Run the interpreter on a model file's bytes; sizes: bytes of each operator's parameters to return."""
    path = library().parent / "model.tflite"
    path.write_bytes(content)
    stdin = b"".join(array.tobytes() for vector in vectors for array in vector)
    text = run(probe(), "model", path, str(arena_bytes), *map(str, sizes), stdin=stdin).decode()
    lines = [line.split(" ") for line in text.splitlines()]
    (_, status, failure, used), rest = lines[0], lines[1:]

    def offsets(kind: str) -> list[int]:
        return [int(line[1]) for line in rest if line[0] == kind]

    ran = [bytes.fromhex(line[1]) for line in rest if line[0] == "ran"]
    return Prepared(
        int(status), int(failure), int(used), offsets("input"), offsets("output"), offsets("op"),
        [bytes.fromhex(line[3]) for line in rest if line[0] == "op"],
        [ran[at : at + ops] for at in range(0, len(ran), ops)] if ran else [],
    )  # fmt: skip


def device_form(content: bytes) -> bytes:
    """A model as the device has it, with the calls of those operators that are prepared before."""
    graph = tflite.read(content, "m")
    return device_model(content, graph.tensors, [lower(graph, op) for op in graph.ops], 8)


def prepare_graph(graph: Graph, content: bytes, arena_bytes: int, vectors: Sequence[Sequence[Array]] = ()) -> Prepared:
    """As prepare(), of the model as the device has it, with the sizes of the operators' parameters on the host."""
    sizes = [KERNELS[lower(graph, op).kernel].struct.layout(8)[1] for op in graph.ops]
    return prepare(device_form(content), arena_bytes, len(graph.ops), sizes, vectors)
