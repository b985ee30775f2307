"""Run kernels on a target, one call at a time: the other end of harness.c.

A target is a compiler, the ISAs it can run and a way to start the program: the host with AddressSanitizer and UBSan,
or an emulated Cortex-M. Every row of VARIANTS (gen/compiler/kernels/select.py) that its ISA can run is built in;
there is no table to edit for a new one. assert_exact() is what an operator's test calls; Harness.run() runs one
function and counts.

On a device each call of an assembly function goes through a trampoline that holds it to its ABI (abi/abi.h); what that
takes is subtracted from what is counted.
"""

import atexit
import fcntl
import functools
import hashlib
import os
import re
import select
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gen.compiler.kernels.select import FALLBACK, VARIANTS, Step, Variant
from gen.model import reference, tflite
from gen.model.graph import Array
from gen.model.ops import KERNELS, lower
from gen.model.ops.operator import Call, CStruct, Kernel
from tests import tiny
from tests.kernels.targets import TARGETS, Target

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KERNEL_DIR = ROOT / "firmware" / "kernels"
SOURCES = (".c", ".h", ".S", ".inc", ".ld")
START, TIMER = 0xCA, 2
STATUS = {1: "the harness took the case for damaged", 2: "its buffers do not fit the harness's pool",
          3: "it wrote beyond a buffer", 4: "it changed an input or its parameters",
          START: "it crashed, and the machine started again"}  # fmt: skip
NOT_KEPT = 5
# ISA -> whose trampoline of abi/ its assembly is called through.
TRAMPOLINES = {"armv7m": "arm", "dsp": "arm", "mve": "arm", "riscv": "riscv", "xtensa": "xtensa"}
TRAMPOLINE_CALLS = 1000  # that harness.c measures
WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror")


def variants(target: Target) -> tuple[Variant, ...]:
    """Every variant that the target can run; its number in the harness is its position. What is_elsewhere() says is
    run over steps, on every target, in tests/unit/test_networks.py."""
    here = (variant for variant in VARIANTS if not is_elsewhere(KERNELS[variant.kernel]))
    return tuple(variant for variant in here if variant.isa in FALLBACK[target.isa])


def is_elsewhere(kernel: Kernel) -> bool:
    """Whether it has state, or several outputs that are no list."""
    return kernel.state > 0 or kernel.outputs not in (1, None)


def kernel_table(rows: Sequence[Variant]) -> str:
    """C source: one adapter of uniform signature for each variant, and the table of them."""
    lines = [f'#include "{header}"' for header in sorted({"nn.h"} | {row.header for row in rows})]
    lines += [
        "typedef void call_fn(const void *op, const void *const *x, void *y, void *scratch);",
        # Of a kernel that writes a list the outputs lie in one buffer; the last input says at which bytes.
        "static inline void harness_places(const int32_t *at, void *y, int8_t **places) {",
        "    for (int i = 0; i < at[0]; i++) places[i] = (int8_t *)y + at[i + 1];",
        "}",
    ]
    for row in {row.name: row for row in rows}.values():  # one function may be of two kernels
        arity = KERNELS[row.kernel].arity
        x = "(const int8_t *const *)x" if arity is None else ", ".join(f"x[{i}]" for i in range(arity))
        several = KERNELS[row.kernel].outputs is None
        lines += [
            f"static void call_{row.name}(const void *op, const void *const *x, void *y, void *scratch) {{",
            *(("    int8_t *places[64];", "    harness_places(x[1], y, places);") if several else ()),
            f"    nn_{row.name}(op, {x}, {'places' if several else 'y'}, scratch);",
            "}",
        ]
    lines += ["call_fn *const harness_kernels[] = {", *(f"    call_{row.name}," for row in rows), "};"]
    lines += [f"const unsigned harness_kernel_count = {len(rows)};", ""]
    return "\n".join(lines)


def assembly_functions(sources: Sequence[Path]) -> tuple[str, ...]:
    """Names of the functions in the .S files among the sources: what begins with nn_ in their code."""
    texts = [path.read_text() for path in sources if path.suffix == ".S"]
    code = [re.sub(r"/\*.*?\*/|#include[^\n]*", "", text, flags=re.DOTALL) for text in texts]
    return tuple(sorted({name for text in code for name in re.findall(r"(?<![\w.])nn_\w+", text)}))


def registers(target: Target) -> tuple[str, ...]:
    """What an assembly function must keep, in the order of abi/abi.h's words."""
    if target.isa == "riscv":
        return (*(f"s{i}" for i in range(12)), "sp", "gp", "tp")
    if target.isa == "xtensa":
        return (*(f"a{i}" for i in range(2, 8)), "a1", "a0") if target.windowed else ("a12", "a13", "a14", "a15", "a1")
    floats = [f"d{i // 2}" for i in range(16, 32)] if "-mfloat-abi=hard" in target.flags else []
    return (*(f"r{i}" for i in range(4, 12)), *floats, "sp")


def trampolines(target: Target, functions: Sequence[str], directory: Path) -> tuple[list[Path], list[str]]:
    """(sources, flags) that put a check around every call of these functions."""
    kind = TRAMPOLINES[target.isa]
    names = ("harness_nothing", *functions)
    lines = [f'#include "{kind}.inc"', *(f"    CHECKED {name}, {i}" for i, name in enumerate(names)), ""]
    (directory / "trampolines.S").write_text("\n".join(lines))
    flags = [f"-I{HERE / 'abi'}", "-DHARNESS_ABI", *(f"-Wl,--wrap={name}" for name in names)]
    return [directory / "trampolines.S", HERE / "abi" / "abi.c"], flags


def build(target: Target, rows: Sequence[Variant], directory: Path) -> Path:
    """Compile the harness with these variants for the target; the ELF's path."""
    table, elf = directory / "table.c", directory / "harness.elf"
    table.write_text(kernel_table(rows))
    sources = [KERNEL_DIR / file for file in sorted({file for row in rows for file in row.files})]
    includes = [f"-I{ROOT / 'firmware'}", f"-I{KERNEL_DIR}"]
    if target.isa in TRAMPOLINES:
        checks, flags = trampolines(target, assembly_functions(sources), directory)
        sources, includes = [*sources, *checks], [*includes, *flags]
    sources += [table, HERE / "harness.c", HERE / "line.c", *(ROOT / source for source in target.sources)]
    command: list[str | Path] = [target.compiler, *WARNINGS, *target.flags, *includes, *sources]
    subprocess.run([*command, *target.libraries, "-o", elf], check=True, cwd=ROOT)
    return elf


def built_once(target: Target, rows: Sequence[Variant]) -> Path:
    """As build(), for all processes of all test runs on the same sources."""
    compiler = Path(shutil.which(target.compiler) or target.compiler)
    digest = hashlib.sha256(repr((target, [(row.name, row.files) for row in rows], compiler.stat().st_mtime)).encode())
    folders = (KERNEL_DIR, ROOT / "firmware" / "port", ROOT / "tests")
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in SOURCES):
        digest.update(path.name.encode() + path.read_bytes())
    folder = ROOT / "build" / "harness" / digest.hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "harness.elf").exists():
            with tempfile.TemporaryDirectory(prefix="kernels-") as made:
                shutil.copy(build(target, rows, Path(made)), folder / "new.elf")
            (folder / "new.elf").rename(folder / "harness.elf")
    return folder / "harness.elf"


def serialize(cstruct: CStruct, params: Mapping[str, Any], pointer_bytes: int) -> tuple[bytes, list[Array], bytes]:
    """(the struct's bytes with pointers NULL, the constants, (offset, constant number) of each pointer)."""
    offsets, size = cstruct.layout(pointer_bytes)
    content, fixups = bytearray(size), b""
    constants: list[Array] = []
    assert set(params) == set(offsets), set(params) ^ set(offsets)
    for field in cstruct.fields:
        value, dtype = params[field.name], np.dtype(field.ctype.removesuffix("_t").replace("float", "float32"))
        if field.pointer and value is None:
            continue
        if field.pointer:
            fixups += struct.pack("<HH", offsets[field.name], len(constants))
            constants.append(np.ascontiguousarray(value, dtype))
            continue
        array = np.atleast_1d(np.array(value, dtype))
        assert array.size == field.count and (array == np.atleast_1d(value).astype(array.dtype)).all(), field
        content[offsets[field.name] : offsets[field.name] + array.nbytes] = array.tobytes()
    return bytes(content), constants, fixups


class Harness:
    """The running program of one target. rows: the variants built in, all that the target can run unless told."""

    TIMEOUT_SECONDS = 60

    def __init__(self, target: Target, rows: Sequence[Variant] | None = None) -> None:
        self.target = target
        self.rows = tuple(variants(target) if rows is None else rows)
        self.elf = built_once(target, self.rows)
        self.process: subprocess.Popen[bytes] | None = None
        self.instructions_per_tick = 0.0
        self.trampoline_instructions = 0  # of a call

    def _start(self) -> subprocess.Popen[bytes]:
        command = [part.format(elf=self.elf) for part in self.target.machine]
        # stdin and stdout only: a sanitizer's report goes to the test's own stderr.
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        atexit.register(process.kill)
        self.process = process
        start, kind, hertz, ticks = struct.unpack("<BBII", self._read(process, 10))
        assert start == START
        # With -icount shift=0 one instruction takes 1 ns of the emulated timer's time.
        self.instructions_per_tick = 1e9 / hertz if kind == TIMER else 0.0
        if kind == TIMER and not self.target.windowed:
            self.trampoline_instructions = round(ticks * self.instructions_per_tick / TRAMPOLINE_CALLS)
        return process

    def _read(self, process: subprocess.Popen[bytes], count: int) -> bytes:
        assert process.stdout is not None
        content = b""
        while len(content) < count:
            ready, _, _ = select.select([process.stdout], [], [], self.TIMEOUT_SECONDS)
            part = os.read(process.stdout.fileno(), count - len(content)) if ready else b""
            if not part:
                self.process = None
                process.kill()
                raise AssertionError(
                    f"{self.target.name}: the harness {'ended' if ready else 'hangs'} (code {process.wait()})"
                )
            content += part
        return content

    def steps(self, call: Call) -> list[Step]:
        """The call on each variant built in that accepts it, at whichever level, as the firmware would run it."""
        rows = [row for row in self.rows if row.kernel == call.kernel and row.accepts(call)]
        return [Step(call, row, row.pack(call), row.scratch_bytes(call)) for row in rows]

    def run(self, step: Step, inputs: Sequence[Array], output: Array, *, in_place: bool = False) -> tuple[Array, int]:
        """(what the function wrote, with the shape and dtype of output; instructions executed, 0 where not counted).

        inputs: the call's run-time inputs. in_place: y is the first input's buffer. Raises AssertionError when the
        kernel crashes, hangs, or writes where it must not."""
        process = self.process or self._start()
        assert process.stdin is not None
        content, constants, fixups = serialize(step.variant.struct, step.params, self.target.pointer_bytes)
        number = self.rows.index(step.variant)
        case = struct.pack("<BBHHHHIII", START, in_place, number, len(constants), len(inputs), len(fixups) // 4,
                           len(content), output.nbytes, step.scratch_bytes)  # fmt: skip
        for array in (*constants, *inputs):
            case += struct.pack("<I", array.nbytes) + np.ascontiguousarray(array).tobytes()
        process.stdin.write(case + content + fixups)
        status, ticks, calls = struct.unpack("<BII", self._read(process, 9))
        if status:
            self.process = None
            process.kill()
            what = self._not_kept(ticks) if status == NOT_KEPT else STATUS[status]
            raise AssertionError(f"{step.call.op}: nn_{step.variant.name} on {self.target.name}: {what}")
        answer = np.frombuffer(self._read(process, output.nbytes), output.dtype).reshape(output.shape)
        return answer, round(ticks * self.instructions_per_tick) - calls * self.trampoline_instructions

    def _not_kept(self, number: int) -> str:
        sources = [KERNEL_DIR / file for row in self.rows for file in row.files]
        function = ("harness_nothing", *assembly_functions(sources))[number // 256]
        return f"{function} did not keep register {registers(self.target)[number % 256]}"


@functools.cache
def harness(target: str) -> Harness:
    """The target's harness, built and started once in this process."""
    return Harness(TARGETS[target])


def assert_exact(content: bytes, inputs: Sequence[Array], *, targets: Sequence[str] = tuple(TARGETS),
                 in_place: bool = False) -> None:  # fmt: skip
    """Hold everything that computes a model against each other, byte for byte: upstream TFLM, the NumPy reference, and
    each of its kernels on every target. in_place: also with y in the first input's buffer, where a variant allows it.

    content: a .tflite file (tests.tiny.model). inputs: one array per graph input."""
    ours = reference.outputs(tflite.read(content, "tiny"), inputs)
    for array, expected in zip(ours, tiny.tflm(content, inputs), strict=True):
        np.testing.assert_array_equal(array, expected, "NumPy reference against TFLM")
    assert_kernels(content, inputs, targets=targets, in_place=in_place)


def assert_kernels(content: bytes, inputs: Sequence[Array], *, targets: Sequence[str] = tuple(TARGETS),
                   in_place: bool = False) -> None:  # fmt: skip
    """The second half of assert_exact: the kernels against the NumPy reference."""
    graph = tflite.read(content, "tiny")
    values = reference.run(graph, inputs)
    for op in graph.ops:
        call = lower(graph, op)
        x = [t.data if (t := graph.tensors[i]).data is not None else values[i] for i in call.inputs]
        expected = [values[index] for index in call.outputs]
        whole = expected[0]
        if KERNELS[call.kernel].outputs is None:
            places = np.cumsum([0, *(each.nbytes for each in expected[:-1])])
            x.append(np.array([len(places), *places], np.int32))
            whole = np.concatenate([each.reshape(-1).view(np.uint8) for each in expected])
        for runner in map(harness, targets):
            steps = runner.steps(call)
            assert steps, f"no kernel {call.kernel} for {runner.target.name}"
            for step in steps:
                for y_is_x in (False, True) if in_place and step.variant.in_place else (False,):
                    y, _ = runner.run(step, x, whole, in_place=y_is_x)
                    where = f"nn_{step.variant.name} on {runner.target.name}{' in place' * y_is_x} against NumPy"
                    np.testing.assert_array_equal(y, whole, where)
