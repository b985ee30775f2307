"""What the assembly of firmware/kernels says of itself: the block before each function, the offsets it takes fields
from, and what of that its instructions show.

A block is a comment /*yaml ... */ of Name (one, or a list), Signature (of C; NAME where there are several), Header,
ABI, Arguments (register or argument->field: access and size), Stack and Clobbers, in this order."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.kernels.harness import KERNEL_DIR, ROOT
from tests.kernels.targets import TARGETS, Target

KEYS = ("Name", "Signature", "Header", "ABI", "Arguments", "Stack", "Clobbers")
TARGET_OF = {target.isa: target for target in TARGETS.values() if target.isa != "portable"}
ASSEMBLY = sorted(KERNEL_DIR.glob("*/*.S"))
# Prologues and what moves the stack pointer back.
_DOWN = re.compile(
    r"(?:sub(?:\.w|w)?\t(?:sp, )?sp, #|addi?\tsp,sp,-|(?:c\.)?addi16sp\tsp,-|(?:addi|addmi)(?:\.n)?\ta1, a1, -)(\d+)"
)
_UP = re.compile(
    r"(?:add(?:\.w|w)?\t(?:sp, )?sp, #|v?pop\b|ldmia(?:\.w)?\tsp!|addi?\tsp,sp,\d|addi(?:\.n)?\ta1, a1, \d)"
)
_PUSH = re.compile(r"(v?)(?:push|stmdb)(?:\.w)?\t(?:sp!, )?\{(.*)\}|str\.w\t\w+, \[sp, #-4\]!")


@dataclass(frozen=True)
class Memory:
    """where: a register, "sp" for the stack, or argument->field. access: read, write, read-write, none (of a pointer
    that isn't followed), or None for a value."""

    where: str
    name: str
    access: str | None
    size: str


@dataclass(frozen=True)
class Block:
    """What is said of functions that differ in name only. signature: of the first one."""

    path: Path
    names: tuple[str, ...]
    signature: str
    header: str
    abi: str
    arguments: tuple[Memory, ...]
    stack_bytes: int
    clobbers: str

    @property
    def isa(self) -> str:
        return self.path.parent.name

    def of(self, name: str) -> str:
        """The C declaration of one of the functions."""
        return self.signature.replace("NAME", name)

    def parameters(self) -> dict[str, str]:
        """C types by the parameters' names."""
        listed = self.signature.partition("(")[2].removesuffix(")").split(", ")
        found = (re.fullmatch(r"(.*?)(\w+)(\[\d+\])?", parameter) for parameter in listed)
        return {match[2]: match[1].strip() + (" *" if match[3] else "") for match in found if match}


def blocks(path: Path, text: str | None = None) -> list[Block]:
    """The blocks of a .S file, in order. Raises ValueError on one that is not of the form."""
    source = path.read_text() if text is None else text
    return [_block(path, match[1]) for match in re.finditer(r"/\*yaml\n(.*?)\*/", source, re.DOTALL)]


def _block(path: Path, text: str) -> Block:
    keys = dict(re.findall(r"^  (\w+):(.*(?:\n    .*)*)", text, re.MULTILINE))
    if tuple(keys) != KEYS:
        raise ValueError(f"{path.name}: a block has {', '.join(keys)}, not {', '.join(KEYS)}")
    stack = re.fullmatch(r" (\d+) bytes", keys["Stack"])
    if stack is None:
        raise ValueError(f"{path.name}: Stack is{keys['Stack']}, not a number of bytes")
    return Block(
        path=path,
        names=tuple(re.findall(r"\w+", keys["Name"])),
        signature=keys["Signature"].strip(),
        header=keys["Header"].strip(),
        abi=keys["ABI"].strip(),
        arguments=tuple(_memory(path, line.strip()) for line in keys["Arguments"].strip().splitlines()),
        stack_bytes=int(stack[1]),
        clobbers=keys["Clobbers"].strip(),
    )


def _memory(path: Path, line: str) -> Memory:
    field = re.fullmatch(r"(\w+->\w+): (read|write|read-write), (.+)", line)
    pointer = re.fullmatch(r"(\w+): (\w+), (read|write|read-write|none), (.+)", line)
    value = re.fullmatch(r"(\w+): (\w+), (value.*)", line)
    if field:
        return Memory(field[1], "", field[2], field[3])
    if pointer:
        return Memory(pointer[1], pointer[2], pointer[3], pointer[4])
    if value:
        return Memory(value[1], value[2], None, value[3])
    raise ValueError(f"{path.name}: {line!r} is no register or field with access and size")


def compiler(isa: str, *arguments: str | Path, folder: Path = KERNEL_DIR) -> subprocess.CompletedProcess[str]:
    """Run an ISA's compiler on kernels, of a copy of their folder if told."""
    target: Target = TARGET_OF[isa]
    flags = [flag for flag in target.flags if not flag.startswith(("-Wl,", "-T", "-nostartfiles", "-nostdlib"))]
    command = [target.compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", *flags, f"-I{folder}", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def disassembled(path: Path, output: Path, *, folder: Path = KERNEL_DIR) -> dict[str, list[str]]:
    """The instructions of each function of a .S file, "mnemonic<tab>operands". Raises ValueError on an
    error of the assembler."""
    isa = path.parent.name
    done = compiler(isa, "-c", path, "-o", output, folder=folder)
    if done.returncode:
        raise ValueError(done.stderr)
    tool = TARGET_OF[isa].compiler.replace("gcc", "objdump")
    registers = ["-Mreg-names-std", *["-marmv8.1-m.main"] * (isa == "mve")] if "arm" in tool else []
    listing = subprocess.run([tool, "-dz", *registers, output], capture_output=True, text=True, check=True).stdout
    found: dict[str, list[str]] = {}
    function: list[str] = []
    for line in listing.splitlines():
        if start := re.fullmatch(r"[0-9a-f]+ <([^.].*)>:", line):  # not a local label
            function = found.setdefault(start[1], [])
        elif code := re.fullmatch(r" *[0-9a-f]+:\t[0-9a-f ]+?\s*\t(\S+)(?:\s+(.*?))?\s*(?:[;@#] .*)?", line):
            function.append(f"{code[1]}\t{code[2] or ''}")
    return {name: found[name] for name in found if re.fullmatch(r"nn_\w+", name)}


def stack_bytes(instructions: list[str]) -> int:
    """What a function takes of the stack: all that its prologue moves the stack pointer down by."""
    total = 0
    for instruction in instructions:
        if _UP.search(instruction):
            break
        if down := _DOWN.search(instruction):
            total += int(down[1])
        elif push := _PUSH.search(instruction):
            total += (8 if push[1] else 4) * _registers(push[2] or "r4")
    return total


def _registers(listed: str) -> int:
    """How many a list such as r4-r11, lr has."""
    spans = re.findall(r"[a-z]+(\d*)(?:-[a-z]+(\d+))?", listed)
    return sum(int(last) - int(first) + 1 if last else 1 for first, last in spans)


class Pointer(NamedTuple):
    """Into a struct: how far from its start, and whether an instruction that takes several words moved it there."""

    offset: int
    walks: bool = False


class Operand(NamedTuple):
    """An instruction's: base register (None: it has no memory operand), offset, whether it takes several words, and how
    far it moves the base."""

    base: str | None = None
    offset: int = 0
    many: bool = False
    moves: int = 0

    @property
    def slot(self) -> str | None:
        """What it is of the stack, if that is one word."""
        return str(self.offset) if self.base in ("sp", "a1") and not self.many else None


class Access(NamedTuple):
    """offset: from the struct's start. many: one of several words that are taken together or one after the other."""

    offset: int
    many: bool
    text: str


STAYS = ("b", "cmp", "cb", "j", "it", "le", "vmsr", "dls", "wls", "ret")  # writes no register that matters
STORES = ("st", "sw", "sb", "s32", "s8i", "s16", "vst")


def accesses(instructions: list[str], register: str) -> list[Access]:
    """What a function reads and writes through a pointer that it gets in a register, as far as the pointer can be
    followed along its text: through moves, additions of numbers and words of the stack."""
    at, slots = {register: Pointer(0)}, dict[str, Pointer]()
    found = []
    for text in instructions:
        mnemonic, operands = text.split("\t", 1)
        memory = _operand(mnemonic, operands)
        if memory.base is not None and (pointer := at.get(memory.base)):
            many = memory.many or memory.moves != 0 or pointer.walks
            found.append(Access(pointer.offset + memory.offset, many, text))
        _follow(mnemonic, operands, memory, at, slots)
        if memory.base is not None and memory.moves and (pointer := at.get(memory.base)):
            at[memory.base] = Pointer(pointer.offset + memory.moves, True)
    return found


def _operand(mnemonic: str, operands: str) -> Operand:
    if match := re.search(r"\[(\w+)(?:, #(-?\d+))?\](!?)(?:, #(-?\d+))?", operands):
        offset = int(match[2] or 0)
        return Operand(match[1], offset, mnemonic.startswith("vldrw"), int(match[4] or 0) + offset * bool(match[3]))
    if match := re.match(r"(\w+)(!?), \{(.*)\}", operands):
        size = (-4 if "db" in mnemonic else 4) * _registers(match[3])
        return Operand(match[1], min(size, 0), True, size * bool(match[2]))
    if match := re.search(r"(-?\d+)\((\w+)\)", operands):
        return Operand(match[2], int(match[1]))
    if mnemonic.split(".", maxsplit=1)[0] in ("l32i", "s32i", "l8ui", "s8i", "l16ui", "l16si", "s16i"):
        _, base, number = operands.split(", ")
        return Operand(base, int(number, 0))
    return Operand()


def _follow(mnemonic: str, operands: str, memory: Operand, at: dict[str, Pointer], slots: dict[str, Pointer]) -> None:
    """Which registers and words of the stack are the pointer after an instruction."""
    names = re.split(r", ?", operands)
    addition = re.fullmatch(r"(\w+), ?(?:(\w+), ?)?#?(-?\d+)", operands)
    if mnemonic.startswith(("push", "stmdb")):
        first = operands.removeprefix("sp!, ").strip("{}").split(", ")[0].split("-")[0]
        slots.update({"0": at[first]} if first in at else {})
    elif mnemonic.startswith(STORES):
        if memory.slot is not None:
            slots.pop(memory.slot, None)
            slots.update({memory.slot: at[names[0]]} if names[0] in at else {})
    elif _copies(mnemonic, names) and names[1] in at:
        at[names[0]] = at[names[1]]
    elif mnemonic.startswith(("add", "sub")) and addition and (addition[2] or addition[1]) in at:
        pointer, sign = at[addition[2] or addition[1]], -1 if mnemonic.startswith("sub") else 1
        offset = pointer.offset + sign * int(addition[3])
        at[addition[1]] = Pointer(offset, pointer.walks and offset != 0)
    elif not mnemonic.startswith(STAYS):
        for name in _written(mnemonic, operands, names):
            at.pop(name, None)
        if memory.slot in slots:
            at[names[0]] = slots[memory.slot]


def _copies(mnemonic: str, names: list[str]) -> bool:
    """Whether it is a move, which an Xtensa assembler may have made of `or a2, a3, a3`."""
    return mnemonic.startswith(("mov", "mv")) or (mnemonic == "or" and names[1:] == names[1:2] * 2)


def _written(mnemonic: str, operands: str, names: list[str]) -> list[str]:
    """Registers that an instruction writes, apart from a base that it moves."""
    if match := re.match(r"\w+!?, \{(.*)\}", operands):
        spans = re.findall(r"\b[a-z]+(\d+)(?:-[a-z]+(\d+))?", match[1])
        return [f"r{i}" for first, last in spans for i in range(int(first), int(last or first) + 1)]
    return names[: 2 if mnemonic.startswith(("ldrd", "smull", "umull", "vmov")) else 1]
