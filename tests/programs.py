"""One program that holds many generated engines and their inputs, so that an emulator starts once for all of them.

aot: each engine.c under names of its own. tflm: the interpreter once, with every model's file, its exact arena and its
kernels. A program runs every engine on every vector and answers with a status and a hash of what the outputs hold."""

import os
import select
import struct
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gen.compiler import target as target_of
from gen.compiler.engines import ENGINES
from gen.compiler.engines.tflm import CONTROL, CORE, GO_ON, PREPARED, STATE
from gen.compiler.kernels.select import VARIANTS
from gen.model import reference
from gen.model.graph import Array, Graph
from gen.model.ops import KERNELS, OPS
from gen.model.quantized import QuantizedModel
from gen.render import render
from tests.kernels.harness import ROOT, START, WARNINGS
from tests.kernels.targets import Target
from tests.objects import compiled
from tests.tflm_host import every_prepared_kernel, fits

FIRMWARE = ROOT / "firmware"
LINE = Path(__file__).parent / "kernels" / "line.c"
INCLUDES = (*(f"-I{FIRMWARE / folder}" for folder in (".", "tflm", "kernels")), f"-I{LINE.parent}")
C = ("-std=c11",)
CXX = ("-std=c++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics")
ENGINE_NAMES = ("info", "init", "input", "output", "invoke", "reset", "invoke_op", "op_output")
VECTORS = 3
SECONDS = 60  # without a byte from a program


@dataclass(frozen=True, eq=False)
class Case:
    """A model, inputs, and what they lead to."""

    name: str
    content: bytes
    graph: Graph
    vectors: Sequence[Sequence[Array]] = field(default_factory=list)
    truth: Sequence[Sequence[Array]] = field(default_factory=list)

    @property
    def model(self) -> QuantizedModel:
        return QuantizedModel(self.content, self.graph)


def case(name: str, content: bytes, graph: Graph) -> Case:
    vectors = [reference.random_inputs(graph, i, 1) for i in range(VECTORS)]
    return Case(name, content, graph, vectors, list(reference.sequence(graph, vectors)))


@dataclass(frozen=True)
class Program:
    """An ELF, and of each of its engines the case that it computes and who it is."""

    target: Target
    elf: Path
    engines: Sequence[tuple[Case, str]]

    def differences(self) -> list[str]:
        """Of each engine that does not give its case's outputs, who it is and on which vectors."""
        count = len(self.engines) * VECTORS
        answer, found = self._run(5 * count), []
        for number, (case, who) in enumerate(self.engines):
            bad = []
            for vector, truth in enumerate(case.truth):
                status, hashed = struct.unpack_from("<BI", answer, 5 * (number * VECTORS + vector))
                if status or hashed != fnv(b"".join(array.tobytes() for array in truth)):
                    bad.append(f"vector {vector} (status {status})")
            if bad:
                found.append(f"{case.name}, {who} on {self.target.name}: {', '.join(bad)}")
        return found

    def _run(self, count: int) -> bytes:
        """So many bytes of what the program writes behind its first. Raises AssertionError where it ends or hangs."""
        command = [part.format(elf=self.elf) for part in self.target.machine]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None and process.stderr is not None
        content, end = b"", time.monotonic() + SECONDS
        try:
            while len(content) < count + 1:
                ready, _, _ = select.select([process.stdout], [], [], max(end - time.monotonic(), 0))
                part = os.read(process.stdout.fileno(), 1 << 16) if ready else b""
                content += part
                if not part:
                    process.kill()
                    where = (len(content) - 1) // (5 * VECTORS)
                    who = f"{self.engines[where][0].name}, {self.engines[where][1]}"
                    log = process.stderr.read().decode(errors="replace")[-4000:]
                    raise AssertionError(f"{self.target.name} {'ended' if ready else 'hangs'} in {who}: {log}")
        finally:
            process.kill()
            process.communicate()
        assert content[0] == START and len(content) == count + 1
        return content[1:]


def abi(target: Target) -> target_of.Target:
    """The harness' target as engines take it."""
    return target_of.Target(target.isa, target.pointer_bytes)


def fnv(content: bytes) -> int:
    """FNV-1a, 32 bits."""
    value = 2166136261
    for byte in content:
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


def aot(cases: Sequence[Case], target: Target, levels: Iterable[str], folder: Path) -> Program:
    """Each case at each level; levels of the same source are one engine."""
    engines: dict[tuple[str, str], tuple[int, Case, list[str]]] = {}
    firmware: set[str] = set()
    for case in cases:
        for level in levels:
            sources = ENGINES["aot"](case.model, abi(target), level)
            firmware.update(sources.firmware)
            key = (case.name, sources.files["engine.c"])
            engines.setdefault(key, (len(engines), case, []))[2].append(level)
    names = [f"#define engine_{name} e{{0}}_{name}\n" for name in ENGINE_NAMES]
    for (_, text), (number, _, _) in engines.items():
        (folder / f"e{number}.c").write_text("".join(names).format(number) + text)
    tables = [
        f"ENGINE(e{number}, v{cases.index(case)}, {int(not any(op.is_control for op in case.graph.ops))})"
        for number, case, _ in engines.values()
    ]
    (folder / "main.c").write_text(render_main(cases, tables))
    files = [*(folder / f"e{number}.c" for number, _, _ in engines.values()), folder / "main.c"]
    elf = link(target, [*files, *(FIRMWARE / file for file in sorted(firmware))], (), folder)
    return Program(target, elf, [(case, "aot " + "+".join(levels)) for _, case, levels in engines.values()])


def tflm(cases: Sequence[Case], target: Target, folder: Path) -> Program:
    """Each case by the interpreter, which calls the kernels that the engine would choose for the case."""
    kernels = sorted({kernel for op in OPS.values() for kernel in op.kernel_names})
    by_symbol = {f"nn_{variant.name}": variant for variant in VARIANTS}
    tables, firmware, headers = [], {f"kernels/portable/{kernel}.c" for kernel in KERNELS}, {"kernels/nn.h"}
    for number, case in enumerate(cases):
        sources = ENGINES["tflm"](case.model, abi(target))
        firmware.update(file for file in sources.firmware if file.startswith("kernels/"))
        chosen = {by_symbol[symbol].kernel: symbol for _, _, symbol in sources.kernels if symbol != GO_ON}
        headers |= {f"kernels/{by_symbol[symbol].header}" for symbol in chosen.values()}
        content = engine_content(sources.files["engine_model.c"])
        listed = ", ".join(f"&{chosen.get(kernel, f'nn_{kernel}_portable')}" for kernel in kernels)
        tables.append(f"MODEL(v{number}, m{number}, {sources.arena_bytes}, {listed})")
        (folder / f"m{number}.c").write_text(content.format(number))
    includes = "".join(f'#include "{header}"\n' for header in sorted(headers))
    select = "".join(f"extern nn_{k}_fn *selected_{k};\n#define NN_{k.upper()} selected_{k}\n" for k in kernels)
    (folder / "nn_select.h").write_text(f"#pragma once\n{includes}\n{select}#define TFLM_CALLS_IN_MODEL\n")
    variables = "".join(f"nn_{k}_fn *selected_{k};\n" for k in kernels)
    structure = "".join(f"nn_{k}_fn *{k};\n" for k in kernels)
    choice = "".join(f"selected_{k} = model.{k};\n" for k in kernels)
    resolver = "".join(f"resolver.Add{op.tflm}();\n" for op in OPS.values())
    extern = "".join(f'extern "C" const unsigned char m{number}[];\n' for number in range(len(cases)))
    main = Path(__file__).with_name("programs_tflm.cc").read_text()
    parts = {"VARIABLES": variables, "KERNELS": structure, "CHOICE": choice, "RESOLVER": resolver, "EXTERN": extern,
             "OPERATORS": str(len(OPS)), "INPUTS": inputs(cases), "TABLE": ",\n".join(tables)}  # fmt: skip
    for name, text in parts.items():
        main = main.replace(f"/* {name} */", text)
    (folder / "main.cc").write_text(main)
    operators = sorted({file for op in OPS.values() for file in op.interpreter})
    interpreter = [f"tflm/{file}.cc" for file in (*CORE, PREPARED, STATE, CONTROL, *fits()) if file != "engine/engine"]
    table = folder / "engine_kernels.cc"
    table.write_text(render(table.name, name="every model", prepared=every_prepared_kernel()))
    files = [FIRMWARE / file for file in (*interpreter, *(f"tflm/ops/{file}.cc" for file in operators), *firmware)]
    files += [table, folder / "main.cc", *(folder / f"m{number}.c" for number in range(len(cases)))]
    elf = link(target, sorted(files), (f"-I{folder}",), folder)
    return Program(target, elf, [(case, "tflm") for case in cases])


def engine_content(text: str) -> str:
    """The generated model as an array m{0}."""
    _, _, body = text.partition("engine_model_data[] = {")
    return "extern const unsigned char m{0}[];\n_Alignas(16) const unsigned char m{0}[] = {{" + body.replace("}", "}}")


def inputs(cases: Sequence[Case]) -> str:
    """C: the vectors of each case, one array v0, v1, ... each."""
    lines = []
    for number, case in enumerate(cases):
        content = b"".join(array.tobytes() for vector in case.vectors for array in vector)
        lines.append(f"static const uint8_t v{number}[] = {{{','.join(map(str, content))}}};\n")
    return "".join(lines)


def render_main(cases: Sequence[Case], tables: Sequence[str]) -> str:
    text = Path(__file__).with_name("programs_aot.c").read_text()
    engines = [table[7:-1].split(", ")[0] for table in tables]
    parts = {"EXTERN": "".join(f"DECLARE({name})\n" for name in engines), "INPUTS": inputs(cases),
             "TABLE": ",\n".join(tables)}  # fmt: skip
    for name, part in parts.items():
        text = text.replace(f"/* {name} */", part)
    return text


def link(target: Target, files: Sequence[Path], flags: Sequence[str], folder: Path) -> Path:
    """Compile for the target and link with its port."""
    elf = folder / f"{target.name}.elf"
    objects: list[Path] = []
    sources = [*files, LINE, *(ROOT / file for file in target.sources)]
    compilation = [flag for flag in target.flags if not flag.startswith(("-Wl,", "-T", "-nostartfiles"))]
    for number, file in enumerate(sources):
        is_c = file.suffix in (".c", ".S")
        language, compiler = (C, target.compiler) if is_c else (CXX, target.compiler.replace("gcc", "g++"))
        objects.append(folder / f"o{number}.o")
        compiled([compiler, *language, *WARNINGS[1:], *compilation, *flags, *INCLUDES], file, objects[-1], folder)
    compiler = target.compiler.replace("gcc", "g++") if target.name == "host" else target.compiler
    subprocess.run([compiler, *target.flags, *objects, *target.libraries, "-o", elf], check=True, cwd=ROOT)
    return elf
