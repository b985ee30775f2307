"""Engine tflm against an upstream TFLM tree instead of firmware/tflm: the generated files are the same.

The tree is what upstream's tensorflow/lite/micro/tools/project_generation/create_tflm_tree.py writes: tensorflow/ and
third_party/, with the sources of one target and one set of kernels.
"""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

from gen.compiler.engines import Sources
from gen.device.board import Board
from gen.errors import DoesNotFit, MissingTool, UnsupportedOp, UsageError
from gen.model.ops import OPS

RESOLVER = "tensorflow/lite/micro/micro_mutable_op_resolver.h"
NEEDED = (
    "tensorflow/lite/micro/micro_interpreter.h",
    RESOLVER,
    "tensorflow/lite/schema/schema_generated.h",
    "third_party/flatbuffers/include/flatbuffers/flatbuffers.h",
)
ADDED = re.compile(r"resolver\.(Add\w+)\(")
# Upstream keeps per-channel multipliers, shifts and more in the arena, in amounts of its own.
ARENA_FACTOR, ARENA_MORE = 1.5, 32 << 10


def with_upstream(sources: Sources, tree: Path, arena_bytes: int | None) -> Sources:
    """Engine tflm's sources with the tree's interpreter and kernels. arena_bytes: None for a generous guess, since only
    firmware/tflm's need is computed; the device tells what is used.

    Raises UsageError where the tree lacks a file, UnsupportedOp where it lacks an operator, or the model has resource
    variables, IF or WHILE."""
    if sources.engine != "tflm":
        raise UsageError(f"--tflm-dir is for engine tflm: engine {sources.engine} has no interpreter.")
    if any(OPS[op.kind].is_resource for op in sources.graph.ops):
        raise UnsupportedOp(
            f"{sources.name} has resource variables, which are variable tensors in what is generated, and upstream's "
            "operators take no such: leave out --tflm-dir."
        )
    if any(op.role is not None for op in sources.graph.ops):
        raise UnsupportedOp(
            f"{sources.name} has IF or WHILE, in whose place is what they call in what is generated, and upstream's "
            "interpreter knows nothing of that: leave out --tflm-dir."
        )
    check(tree, sources.files["engine_resolver.cc"])
    arena = arena_bytes or round(sources.arena_bytes * ARENA_FACTOR) + ARENA_MORE
    model_h = f"#define ENGINE_ARENA_BYTES {arena}\n{sources.files['engine_model.h']}"
    return replace(
        sources,
        files={**{f: t for f, t in sources.files.items() if f != "nn_select.h"}, "engine_model.h": model_h},
        firmware=("tflm/engine/engine.cc",),
        include_dirs=(".",),
        arena_bytes=arena,
        peak_reason="it is guessed for upstream TFLM: say how large it is with --arena",
        kernels=tuple((index, kind, "upstream") for index, kind, _ in sources.kernels),
        tree=tree.resolve(),
    )


def too_small(sources: Sources) -> DoesNotFit:
    """What to say where upstream refuses its arena; how much it lacks it does not tell."""
    return DoesNotFit(
        f"the TFLM in {sources.tree} has too small an arena with {sources.arena_bytes} bytes for {sources.name}: give "
        f"it more, such as `--arena {2 * sources.arena_bytes}`; the report then says how much it uses."
    )


def check(tree: Path, resolver: str) -> None:
    """Raises UsageError, UnsupportedOp unless the tree has what the generated resolver needs."""
    for file in NEEDED:
        if not (tree / file).is_file():
            raise UsageError(
                f"{tree} is no TFLM tree: it lacks {file}. Make one with TFLM's own create_tflm_tree.py and name its "
                "output folder."
            )
    if not any(tree.joinpath("tensorflow/lite/micro").glob("*.c*")):
        raise UsageError(f"{tree} has headers only: tensorflow/lite/micro holds no source: make it again.")
    methods = (tree / RESOLVER).read_text(encoding="utf-8", errors="replace")
    for method in ADDED.findall(resolver):
        if not re.search(rf"\b{method}\(", methods):
            raise UnsupportedOp(
                f"the TFLM in {tree} does not know {method}: {RESOLVER} lacks it. Take a newer TFLM, or build without "
                "--tflm-dir."
            )


def require_library(board: Board) -> None:
    """Upstream needs the C++ standard library's headers. Raises MissingTool where the board's compiler has none."""
    compiler = f"{board.toolchain}g++"
    try:
        done = subprocess.run(
            [compiler, "-E", "-x", "c++", "-"], input=b"#include <type_traits>\n", capture_output=True, check=False
        )
    except OSError:
        return  # gen/device/build.py says what to install
    if done.returncode != 0:
        package = {"arm-none-eabi-": "; `apt-get install libstdc++-arm-none-eabi-newlib` brings them"}
        raise MissingTool(
            f"{compiler} has no C++ standard headers, which upstream TFLM includes{package.get(board.toolchain, '')}."
        )
