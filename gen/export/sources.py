"""The sources of a library that is dropped into somebody's project: the firmware's, under a prefix.

Two libraries in one program must not meet. So every name that could reach a linker gets the prefix, in C, C++ and
assembly alike, and every #include becomes a path relative to its file: no include directory is needed, and a file of
another library is never found. This is done on the text, so that what a debugger shows is what is in the file.
"""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from gen.compiler.engines import Sources
from gen.paths import FIRMWARE

COMPILED = (".c", ".cpp", ".S")

_INCLUDE = re.compile(r'^(\s*#\s*include\s+")([^"]+)(")', re.MULTILINE)
_INCLUDE_LINE = re.compile(r'^\s*#\s*include\s+"')
# What the firmware calls its own, see "Names" in gen/templates: functions, types and tables, and two namespaces.
_OWN = re.compile(
    r"(?<!\w)(?P<c>(?:nn|engine)_)|(?<=\bnamespace )(?P<open>tflm|tflite)\b|(?<!\w)(?P<use>tflm|tflite)(?=::)"
)


@dataclass(frozen=True)
class Machine:
    """What an ISA's kernels need."""

    condition: str  # of the C preprocessor
    people: str  # what they compile for, in words
    remark: str = ""  # sentences for people, of what else they should know


_CORTEX_M = "defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 77"  # 'M'
MACHINES: Mapping[str, Machine] = {
    "armv7m": Machine(f"{_CORTEX_M} && __ARM_ARCH_ISA_THUMB == 2", "a Cortex-M3, M4, M7, M33 or M55"),
    "dsp": Machine(f"{_CORTEX_M} && defined(__ARM_FEATURE_DSP)", "a Cortex-M with DSP instructions (M4, M7, M33, M55)"),
    "mve": Machine(f"{_CORTEX_M} && defined(__ARM_FEATURE_MVE)", "a Cortex-M with Helium (M55, M85)"),
    "riscv": Machine("defined(__riscv_mul) && __riscv_xlen == 32", "a 32-bit RISC-V core with multiplication (rv32im)"),
    "xtensa": Machine(
        "defined(__XTENSA__)",
        "an Xtensa core (ESP32, ESP8266)",
        "They follow the ABI of the compiler: register windows (Arduino-ESP32, ESP-IDF, PlatformIO's espressif32) or "
        "CALL0 (ESP8266). Both are tested in QEMU, windows with a timer's interrupt that spills them; neither with "
        "Espressif's own compiler, nor on a real chip.",
    ),
}


def tree(sources: Sources, prefix: str) -> dict[str, str]:
    """Path below the library's own folder -> text: what sources compile, and every header of ours that it includes.

    C++ files end in .cpp, which every build system knows. A kernel of an ISA refuses to be compiled for a machine that
    lacks it. Raises FileNotFoundError on an #include that a build would not find either."""
    found: dict[str, str] = {}
    todo = [*(path for path in sources.files if path.endswith((".c", ".cc", ".h"))), *sources.firmware]
    while todo:
        path = todo.pop()
        if path not in found:
            found[path] = text = _read(sources, path)
            todo += [_resolve(sources, path, match[2]) for match in _INCLUDE.finditer(text)]
    return {_renamed(path): _rewritten(sources, path, found[path], prefix) for path in sorted(found)}


def _read(sources: Sources, path: str) -> str:
    return sources.files[path] if path in sources.files else (FIRMWARE / path).read_text(encoding="utf-8")


def _resolve(sources: Sources, includer: str, name: str) -> str:
    """The file that an #include means: beside the including file, generated, or in an include directory."""
    for folder in (posixpath.dirname(includer), "", *sources.include_dirs):
        path = posixpath.normpath(posixpath.join(folder, name))
        if path in sources.files or (FIRMWARE / path).is_file():
            return path
    raise FileNotFoundError(f"{includer} includes {name}, which is not in firmware/ and not generated")


def _renamed(path: str) -> str:
    return re.sub(r"\.cc$", ".cpp", path)


def _rewritten(sources: Sources, path: str, text: str, prefix: str) -> str:
    folder = posixpath.dirname(path)

    def relative(match: re.Match[str]) -> str:
        target = _resolve(sources, path, match[2])
        return f"{match[1]}{posixpath.relpath(target, folder or '.')}{match[3]}"

    lines = _INCLUDE.sub(relative, text).splitlines(keepends=True)
    body = "".join(line if _INCLUDE_LINE.match(line) else prefixed(line, prefix) for line in lines)
    parts = path.split("/")
    guarded = parts[0] == "kernels" and parts[1] in MACHINES and path.endswith(COMPILED)
    return _guard(parts[1], prefix) + body if guarded else body


def prefixed(text: str, prefix: str) -> str:
    """The text with the prefix before every name of the firmware's own that may be external."""
    return _OWN.sub(lambda match: f"{prefix}_{match[0]}", text)


def _guard(isa: str, prefix: str) -> str:
    machine = MACHINES[isa]
    return (
        f"#if !({machine.condition})\n"
        f'#error "{prefix} has kernels for {machine.people}: compile it for one, or export it with --isa portable"\n'
        "#endif\n"
    )
