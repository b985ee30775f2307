"""Boards: boards/<id>.ini, an environment of PlatformIO, read with PlatformIO's own parser.

Keys of ours in an [env:<id>] section or in one that it extends (platformio.ini):

custom_name, custom_mcu, custom_core   for people
custom_clock_hz        clock of the core; 0 where it doesn't matter
custom_isa             portable, armv7m, dsp, mve: which kernels the machine flags can run
custom_port            files of firmware/port, separated by spaces
custom_flash, custom_ram               origin and size (such as 128K), absent for the host
custom_stack_bytes     reserve for the stack
custom_pointer_bytes   of the target's ABI
custom_transport       where an emulator or process listens, see gen/transport.py; {elf} is the firmware
custom_emulated        yes: ticks become instructions; no: a real machine
custom_toolchain       prefix of the compiler's programs, empty for the host's own
custom_machine_flags   for compiler and linker alike
custom_linker_script   from the root of the project
"""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gen.errors import UsageError, unknown

ROOT = Path(__file__).resolve().parent.parent
BOARDS = ROOT / "boards"

_SIZE = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)([KM]?)")


@dataclass(frozen=True)
class Toolchain:
    """Where a compiler comes from: Debian's packages, and PlatformIO's for those who don't have them."""

    apt: str
    package: str = ""


# By the prefix of its programs. Whatever is on PATH is used; firmware/pio/platform.py names the packages once more.
TOOLCHAINS = {
    "": Toolchain("gcc g++"),
    "arm-none-eabi-": Toolchain("gcc-arm-none-eabi libnewlib-arm-none-eabi", "toolchain-gccarmnoneeabi"),
}


@dataclass(frozen=True)
class Region:
    """A piece of the target's memory: origin is an address, bytes its length."""

    origin: int
    bytes: int

    def __contains__(self, address: int) -> bool:
        return self.origin <= address < self.origin + self.bytes


@dataclass(frozen=True)
class Board:
    """One target machine; flash and ram are None for the host."""

    id: str
    name: str
    mcu: str
    core: str
    clock_hz: int
    isa: str
    port: tuple[str, ...]
    flash: Region | None
    ram: Region | None
    stack_bytes: int
    pointer_bytes: int
    transport: str
    emulated: bool
    toolchain: str

    @property
    def flash_bytes(self) -> int:
        """Size of the flash, 0 where there is no limit."""
        return self.flash.bytes if self.flash else 0

    @property
    def ram_bytes(self) -> int:
        """Size of the RAM, 0 where there is no limit."""
        return self.ram.bytes if self.ram else 0

    @property
    def checked(self) -> str:
        """Where its firmware is run without the board: an emulator's name, "process" or "real board only"."""
        program = self.transport.removeprefix("exec:").split()[0]
        return "process" if program == "{elf}" else program if self.emulated else "real board only"

    def as_json(self) -> dict[str, Any]:
        """Everything about it, for --json."""
        return {**asdict(self), "flash_bytes": self.flash_bytes, "ram_bytes": self.ram_bytes, "checked": self.checked}

    def as_row(self) -> tuple[str, ...]:
        """Board, what it is, core, clock, flash, RAM, kernels and where it is checked, for a table."""
        sizes = (f"{size // 1024} kB" if size else "" for size in (self.flash_bytes, self.ram_bytes))
        clock = f"{self.clock_hz / 1e6:g} MHz" if self.clock_hz else ""
        return (self.id, f"{self.name} ({self.mcu})", self.core, clock, *sizes, self.isa, self.checked)


def known() -> list[str]:
    """The ids of all boards, sorted."""
    return sorted(path.stem for path in BOARDS.glob("*.ini"))


def load(board_id: str) -> Board:
    """The board of that id.

    Raises UsageError for an unknown id, with the nearest one, and for an .ini that lacks a key or has a wrong value.
    """
    if board_id not in known():
        raise unknown("board", board_id, known(), "python -m gen boards")
    return read(BOARDS / f"{board_id}.ini")


def load_all() -> list[Board]:
    """Every board, sorted by id."""
    return [load(board_id) for board_id in known()]


def read(path: Path) -> Board:
    """The board of one .ini file; raises UsageError, which names the file and the key."""
    from platformio.exception import PlatformioException
    from platformio.project.config import ProjectConfig

    section = f"env:{path.stem}"
    try:
        # parse_extra globs from the current directory, which may be any.
        config = ProjectConfig(str(ROOT / "platformio.ini"), parse_extra=False)
        config.read(str(path), False)
        if section not in config.sections():
            raise UsageError(f"{path} has no section [{section}]; a board's file is called as its environment.")
        values: dict[str, str] = {key: str(config.get(section, key)) for key in config.options(section=section)}
        return _board(path.stem, values)
    except PlatformioException as error:
        raise UsageError(f"{path} can't be read: {' '.join(str(error).split())}") from error
    except KeyError as error:
        raise UsageError(f"{path} lacks the key {error.args[0]}; gen/board.py lists them all.") from error
    except ValueError as error:
        raise UsageError(f"{path} has a wrong value: {error}") from error


def _board(board_id: str, values: dict[str, str]) -> Board:
    if values["custom_emulated"] not in ("yes", "no"):
        raise ValueError(f"custom_emulated is {values['custom_emulated']!r}, not yes or no.")
    return Board(
        id=board_id,
        name=values["custom_name"],
        mcu=values["custom_mcu"],
        core=values["custom_core"],
        clock_hz=int(values["custom_clock_hz"]),
        isa=values["custom_isa"],
        port=tuple(values["custom_port"].split()),
        flash=_region(values, "custom_flash"),
        ram=_region(values, "custom_ram"),
        stack_bytes=int(values["custom_stack_bytes"]),
        pointer_bytes=int(values["custom_pointer_bytes"]),
        transport=values["custom_transport"],
        emulated=values["custom_emulated"] == "yes",
        toolchain=values["custom_toolchain"],
    )


def _region(values: dict[str, str], key: str) -> Region | None:
    """`ORIGIN SIZE` as the linker reads them, too; None where the key is absent."""
    if key not in values:
        return None
    parts = [_SIZE.fullmatch(part) for part in values[key].split()]
    if len(parts) != 2 or not all(parts):
        raise ValueError(f"{key} is {values[key]!r}, not an origin and a size such as 0x20000000 128K.")
    origin, size = (int(part[1], 0) * {"": 1, "K": 1024, "M": 1024**2}[part[2]] for part in parts if part)
    return Region(origin, size)
