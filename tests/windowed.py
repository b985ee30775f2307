"""Programs for Xtensa cores with register windows, as the ESP32's compilers make them, from the lx106's compiler.

It knows the windowed ABI (-mabi=windowed); what the assembler lacks, xtensa_windowed/instructions.inc makes of bytes.
They run in QEMU on a core with windows, where a timer's interrupt spills them all each 30 to 130 instructions of a
kernel or a model (xtensa_windowed/start.S)."""

import re
import subprocess
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIRMWARE, HERE = ROOT / "firmware", ROOT / "tests" / "xtensa_windowed"
TOOLCHAIN = "xtensa-lx106-elf-"
ABI = ("-mabi=windowed", f"-Wa,{HERE / 'instructions.inc'}")
FREESTANDING = ("-mtext-section-literals", "-ffreestanding", "-fbuiltin", f"-isystem{FIRMWARE / 'port/freestanding'}")
# What xtensa.ld asks for: sample_controller has memory of its own where the lx106's code lies.
MEMORY = ("code_origin=0x60400000", "code_bytes=0x100000", "constants_origin=0x60000000", "constants_bytes=0x400000",
          "ram_origin=0x60800000", "ram_bytes=0x400000", "stack_reserve=0x4000")  # fmt: skip
# To compile and link in one go.
FLAGS = (
    *(*ABI, *FREESTANDING, "-O2", "-nostdlib", "-nostartfiles", "-ffunction-sections", "-Wl,--gc-sections"),
    *(f"-T{FIRMWARE / 'port/xtensa.ld'}", *(f"-Wl,--defsym=port_{symbol}" for symbol in MEMORY)),
)
# Debian's libgcc is for CALL0: what GCC calls of one is ours.
SOURCES = (
    *(str(HERE / file) for file in ("start.S", "port.c", "arithmetic.c")),
    *(str(FIRMWARE / "port" / file) for file in ("bare.c", "xtensa_arithmetic.c", "freestanding/string.c")),
)
MACHINE = ("qemu-system-xtensa", "-M", "lx60", "-cpu", "sample_controller", "-icount", "shift=7,sleep=off")


def interrupted(elf: Path, log: Path) -> set[str]:
    """The functions that an interrupt came in, by what QEMU wrote with `-d int -D log`."""
    table = subprocess.run([f"{TOOLCHAIN}nm", "-S", "--defined-only", elf], capture_output=True, text=True, check=True)
    functions = sorted(
        (int(address, 16), int(size, 16), name)
        for address, size, kind, name in (line.split() for line in table.stdout.splitlines() if line.count(" ") == 3)
        if kind in "tT"
    )
    return set(_functions(functions, re.findall(r"EXC_IRQ\) level = 1,.* pc = (\w+)", log.read_text())))


def _functions(functions: list[tuple[int, int, str]], counters: Iterable[str]) -> Iterable[str]:
    starts = [start for start, _, _ in functions]
    for pc in (int(text, 16) for text in counters):
        start, size, name = functions[bisect_right(starts, pc) - 1]
        if start <= pc < start + size:
            yield name
