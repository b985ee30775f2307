"""An estimate of Cortex-M4 cycles: how often each instruction runs in the emulator, times Arm's published timing.

Source of the timings: Arm, "Cortex-M4 Technical Reference Manual" (r0p1), tables 3-1 and 7-1 and the section on load
and store timings. The model:

- an instruction takes 1 cycle unless _COSTS says otherwise (SMLAD, SMMLA, MLA, SMULL and their like take 1);
- a single load takes 2, but 1 right behind another single load, since the two are pipelined, unless it needs that
  one's result for its address; a single store takes 1;
- a load or store of N words takes 1 + N;
- whatever goes on elsewhere than at the next instruction costs REFILL more (the manual says 1 to 3);
- SDIV and UDIV take DIVIDE (2 to 12, by the operands).

It knows no wait states of flash, no unaligned accesses and no contention on the bus: memory as fast as the core's.
"""

import re
import shlex
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gen.device import transport
from gen.device.board import Board
from gen.device.session import Session
from gen.errors import BuildError, DeviceError, MissingTool
from gen.model.graph import Array
from gen.paths import PACKAGE

REFILL = 2
DIVIDE = 7
PLUGIN = PACKAGE / "verify" / "qemu" / "blocks.c"
MEASURED = "engine_invoke"
CORE = "Cortex-M4F"  # of the boards that it estimates for

# Mnemonic (its start, without width suffix) -> cycles; the first that fits. Sizes of register lists are added.
_COSTS: Sequence[tuple[str, int]] = (
    ("ldrex", 2), ("strex", 2), ("ldrd", 3), ("strd", 3),
    ("sdiv", DIVIDE), ("udiv", DIVIDE), ("tbb", 2), ("tbh", 2),
    ("vdiv", 14), ("vsqrt", 14), ("vfma", 3), ("vmla", 3), ("vmls", 3), ("vnmla", 3), ("vnmls", 3), ("vfms", 3),
    ("vldr", 2), ("vstr", 2),
)  # fmt: skip
_LISTS = ("ldm", "stm", "push", "pop", "vldm", "vstm", "vpush", "vpop")
_LOAD = re.compile(r"ldr(b|h|sb|sh)?t?(eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?$")
# "  1f2:<tab>ldr.w<tab>r3, [r0, #4]<tab>; comment"
_LINE = re.compile(r"^\s*([0-9a-f]+):\t(\S+)(?:\t([^;\n]*))?", re.MULTILINE)


@dataclass(frozen=True)
class Instruction:
    """mnemonic without its width; operands as the disassembler writes them."""

    mnemonic: str
    operands: str

    @property
    def is_load(self) -> bool:
        """A load of one word or less to a register."""
        return _LOAD.match(self.mnemonic) is not None

    def depends_on_load(self, previous: "Instruction | None") -> bool:
        """It is a load from an address that previous, a load, has just loaded."""
        loaded = "" if previous is None else previous.operands.split(",")[0].strip()
        return re.search(rf"\b{loaded}\b", self.operands.partition("[")[2]) is not None


@dataclass(frozen=True)
class Block:
    """Instructions that run one after the other."""

    start: int  # address
    instructions: int  # how many
    runs: int  # how often it ran
    jumps: int  # how often something else followed than the instruction behind it


def cost(instruction: Instruction, previous: Instruction | None) -> int:
    """Cycles of an instruction behind another (None: unknown), the refill of a taken branch apart."""
    if instruction.is_load:
        piped = previous is not None and previous.is_load and not instruction.depends_on_load(previous)
        return 1 if piped else 2
    if instruction.mnemonic.startswith(_LISTS):
        return 1 + _list_length(instruction.operands)
    return next((cycles for start, cycles in _COSTS if instruction.mnemonic.startswith(start)), 1)


def _list_length(operands: str) -> int:
    """How many words "r0!, {r1, r4-r7}" names."""
    count = 0
    for part in operands.partition("{")[2].rstrip("} \t").split(","):
        first, _, last = (word.strip() for word in part.partition("-"))
        number = {"sp": 13, "lr": 14, "pc": 15, "ip": 12, "fp": 11, "sl": 10}
        low, high = (number.get(word) or int(word.lstrip("rsd") or 0) for word in (first, last or first))
        count += (high - low + 1) * (2 if first.startswith("d") else 1)
    return count


def total(blocks: Iterable[Block], code: Mapping[int, tuple[Instruction, int]]) -> int:
    """Cycles of all runs of the blocks. code: address -> (instruction, the address behind it)."""
    cycles = 0
    for block in blocks:
        address, previous, once = block.start, None, 0
        for _ in range(block.instructions):
            instruction, behind = code[address]
            once += cost(instruction, previous)
            address, previous = behind, instruction
        cycles += block.runs * once + block.jumps * REFILL
    return cycles


def parse(listing: str) -> dict[int, tuple[Instruction, int]]:
    """What objdump -d says: address -> (instruction, the address behind it)."""
    lines = [(int(a, 16), m.removesuffix(".w").removesuffix(".n"), (o or "").strip())
             for a, m, o in _LINE.findall(listing)]  # fmt: skip
    behind = [address for address, _, _ in lines[1:]] + [0]
    return {a: (Instruction(m, o), b) for (a, m, o), b in zip(lines, behind, strict=True)}


def estimate(elf: Path, board: Board, inputs: Sequence[Array]) -> int:
    """Cycles of one inference on these inputs. Raises MissingTool, BuildError, DeviceError."""
    tool = f"{board.toolchain}objdump"
    code = parse(_run([tool, "-d", "--no-show-raw-insn", str(elf)]))
    start, stop = _span(code)
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder) / "counts"
        plugin = Path(folder) / "blocks.so"
        _run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(plugin), str(PLUGIN)])
        arguments = f"{shlex.quote(str(plugin))},start={start:x},stop={stop:x},out={shlex.quote(str(counts))}"
        line = board.transport.format(elf=shlex.quote(str(elf)))
        with transport.open_stream(f"{line} -plugin {arguments}") as stream:
            session = Session(stream)
            session.hello()
            for index, array in enumerate(inputs):
                session.write_input(index, array)
            session.run()
        if not counts.is_file():
            raise DeviceError(f"the emulator counted nothing in {elf}: its plugin API is not the one of {PLUGIN.name}.")
        return total(read_blocks(counts.read_text(encoding="ascii")), code)


def read_blocks(text: str) -> list[Block]:
    """The plugin's file: a block a line."""
    lines = (line.split() for line in text.splitlines())
    return [Block(int(start, 16), int(n), int(runs), int(jumps)) for start, n, runs, jumps in lines]


def _span(code: Mapping[int, tuple[Instruction, int]]) -> tuple[int, int]:
    """(where engine_invoke begins, where its only caller goes on)."""
    calls = [
        (int(instruction.operands.split()[0], 16), behind)
        for instruction, behind in code.values()
        if instruction.mnemonic == "bl" and instruction.operands.endswith(f"<{MEASURED}>")
    ]
    if len(calls) != 1:
        raise BuildError(f"{MEASURED} is called from {len(calls)} places, so its cycles can't be told apart.")
    return calls[0]


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise MissingTool(f"{command[0]} is not installed; `python -m gen doctor` says how to get it.") from error
    if done.returncode != 0:
        raise BuildError(f"{command[0]} failed: {done.stderr.strip()}")
    return done.stdout
