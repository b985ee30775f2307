"""Boards: boards/<id>.ini, an environment of PlatformIO, read with PlatformIO's own parser.

Keys of ours in an [env:<id>] section or in one that it extends (platformio.ini):

custom_name, custom_mcu, custom_core   for people
custom_clock_hz        clock of the core; 0 where it doesn't matter
custom_isa             portable, armv7m, dsp, mve, riscv, xtensa: which kernels the machine flags can run
custom_port            files of firmware/port, separated by spaces
custom_flash, custom_ram               origin and size (such as 128K), absent for the host
custom_code            where the core sees its code, if that is not custom_flash: RAM that it is loaded into, or another
                       view of the flash. Constants are then read at custom_flash
custom_work_ram        RAM for stack and variables while constants are loaded into custom_ram, see Board.layout()
custom_stack_bytes     reserve for the stack
custom_pointer_bytes   of the target's ABI
custom_transport       where an emulator or process listens, see gen/device/transport.py; {elf} is the firmware.
                       Absent where nothing but the real board runs it
custom_emulated        yes: ticks become instructions; no: a real machine, or the host (also where absent)
custom_renode          a machine of Renode (a .repl of its own) and the UART there, such as
                       platforms/cpus/stm32f4.repl sysbus.usart1. Absent where Renode has none
custom_simulator       what the tests run the real board's own firmware on, where that can't be a transport
custom_flash_tools     how the real board is flashed: names of programs, the best one first, separated by spaces; after
                       a colon what that program must be told: openocd its -f files, separated by commas
                       (openocd:interface/stlink.cfg,target/stm32f1x.cfg), pyocd the target (pyocd:nrf52840), esptool
                       the chip (esptool:esp32), uf2 (a copied file) the label of the USB drive that takes it
                       (uf2:RPI-RP2); st-flash and picotool nothing. Absent where there is no real board
custom_usb_ids         of the board's own USB serial port: VENDOR:PRODUCT in lower-case hexadecimal, as in 0483:374b,
                       separated by spaces. Absent where the UART is on pins only
custom_image           esp32, esp32c3, rp2040: what that chip's boot ROM wants, which is made beside the ELF; elf:
                       nothing is
custom_toolchain       prefix of the compiler's programs, empty for the host's own; "registry" where PlatformIO's
                       registry brings the compiler, with a vendor's platform and framework
custom_machine_flags   for compiler and linker alike
custom_linker_script   from the root of the project
"""

import contextlib
import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gen.compiler.kernels.select import FALLBACK
from gen.compiler.target import Target
from gen.errors import UsageError, unknown, why
from gen.paths import BOARDS, FIRMWARE, ROOT

REGISTRY = "registry"
_USB_ID = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")
_SIZE = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)([KM]?)")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_OWN: dict[str, Path] = {}  # files of boards that are not in boards/, by id, while own() lasts


@dataclass(frozen=True)
class Toolchain:
    """Where a compiler comes from."""

    apt: str  # Debian's packages
    package: str = ""  # PlatformIO's, for those who don't have them


# By the prefix of its programs. Whatever is on PATH is used; firmware/pio/platform.py names the packages once more.
TOOLCHAINS = {
    "": Toolchain("gcc g++"),
    "arm-none-eabi-": Toolchain("gcc-arm-none-eabi libnewlib-arm-none-eabi", "toolchain-gccarmnoneeabi"),
    "riscv64-unknown-elf-": Toolchain("gcc-riscv64-unknown-elf", "toolchain-riscv32-esp"),
    "xtensa-lx106-elf-": Toolchain("gcc-xtensa-lx106", "toolchain-xtensa"),
}


@dataclass(frozen=True)
class Region:
    """A piece of the target's memory."""

    origin: int  # its first address
    bytes: int  # its length

    def __contains__(self, address: int) -> bool:
        return self.origin <= address < self.origin + self.bytes


@dataclass(frozen=True)
class Layout:
    """Where a firmware's parts are in the address space."""

    code: Region
    constants: Region
    ram: Region  # of stack and variables


# What a firmware has beside the model's constants and its arena, at most; the linker has the last word.
OTHER_CONSTANTS, OTHER_VARIABLES = 16 << 10, 4 << 10


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
    code: Region | None
    ram: Region | None
    work_ram: Region | None
    stack_bytes: int
    pointer_bytes: int
    transport: str
    emulated: bool
    toolchain: str
    flash_tools: tuple[str, ...]
    usb_ids: tuple[str, ...]
    renode: tuple[str, ...] = ()
    simulator: str = ""

    @property
    def target(self) -> Target:
        """What engines generate for."""
        return Target(self.isa, self.pointer_bytes)

    @property
    def vendor(self) -> bool:
        """Whether a vendor's platform builds it, which only PlatformIO's registry has."""
        return self.toolchain == REGISTRY

    @property
    def flash_bytes(self) -> int:
        """Size of the flash, 0 where there is no limit."""
        return self.flash.bytes if self.flash else 0

    @property
    def ram_bytes(self) -> int:
        """Size of the RAM, 0 where there is no limit."""
        return sum(region.bytes for region in (self.ram, self.work_ram) if region)

    def layout(self, const_bytes: int, arena_bytes: int) -> Layout | None:
        """Where a model's constants and arena are; None for the host. In two RAMs where there are two and both fit,
        since RAM is read faster than a flash through its cache."""
        if self.flash is None or self.ram is None:
            return None
        code = self.code or self.flash
        if (
            self.work_ram
            and const_bytes + OTHER_CONSTANTS <= self.ram.bytes
            and arena_bytes + self.stack_bytes + OTHER_VARIABLES <= self.work_ram.bytes
        ):
            return Layout(code, constants=self.ram, ram=self.work_ram)
        return Layout(code, constants=self.flash, ram=self.ram)

    @property
    def checked(self) -> str:
        """How far it is checked without the board: "emulated in CI: <program>", "run in CI", "built in CI" or, since no
        registry is needed for CI, "port compiled in CI"."""
        if self.vendor:
            return "port compiled in CI"
        program = self.transport.removeprefix("exec:").split(" ")[0]
        emulator = program if self.emulated else self.simulator
        return f"emulated in CI: {emulator}" if emulator else "run in CI" if program else "built in CI"

    @property
    def flashed_with(self) -> str:
        """The names of the programs that can flash it, the best one first."""
        return " ".join(tool.partition(":")[0] for tool in self.flash_tools)

    def as_json(self) -> dict[str, Any]:
        """Everything about it, for --json."""
        return {**asdict(self), "flash_bytes": self.flash_bytes, "ram_bytes": self.ram_bytes, "checked": self.checked}

    def as_row(self) -> tuple[str, ...]:
        """Board, chip, core, clock, flash, RAM, how it is flashed and how far it is checked, for a table."""
        clock = f"{self.clock_hz // 1_000_000} MHz" if self.clock_hz else ""
        sizes = (_size(self.flash_bytes), _size(self.ram_bytes))
        tools = textwrap.fill(self.flashed_with, 16, break_on_hyphens=False)
        return (self.id, self.mcu, self.core, clock, *sizes, tools, self.checked.replace(": ", ":\n"))


def known() -> list[str]:
    """The ids of all boards, sorted."""
    return sorted([*(path.stem for path in BOARDS.glob("*.ini")), *_OWN])


@contextlib.contextmanager
def own(path: Path) -> Iterator[str]:
    """Until the block ends, the board of this file is known as those of boards/ are; gives its id, the file's stem.

    Raises UsageError as read() does, and where a board of that id is known."""
    if not _ID.fullmatch(path.stem):
        raise UsageError(f"{path}: a board is called as its file, by letters, digits, '_', '.' and '-': rename it.")
    if path.stem in known():
        raise UsageError(f"{path}: there is a board {path.stem!r} in boards/: call the file and its section otherwise.")
    read(path)
    _OWN[path.stem] = path.absolute()
    try:
        yield path.stem
    finally:
        del _OWN[path.stem]


def own_file(board_id: str) -> Path | None:
    """The file of a board that is not in boards/."""
    return _OWN.get(board_id)


def options(board_id: str) -> str:
    """Which options name this board on a command line."""
    path = own_file(board_id)
    return f"--board {board_id}" if path is None else f"--board-file {shlex.quote(str(path))}"


def load(board_id: str) -> Board:
    """The board of that id.

    Raises UsageError for an unknown id, with the nearest one, and for an .ini that lacks a key or has a wrong value.
    """
    if board_id not in known():
        raise unknown("board", board_id, known(), "python -m gen boards")
    return read(own_file(board_id) or BOARDS / f"{board_id}.ini")


def load_all() -> list[Board]:
    """Every board, sorted by id."""
    return [load(board_id) for board_id in known()]


def read(path: Path) -> Board:
    """The board of one .ini file; raises UsageError, which names the file and the key."""
    from platformio.exception import PlatformioException
    from platformio.project.config import ProjectConfig

    section = f"env:{path.stem}"
    try:
        path.read_bytes()
        # parse_extra globs from the current directory, which may be any.
        config = ProjectConfig(str(ROOT / "platformio.ini"), parse_extra=False)
        config.read(str(path), False)
        if section not in config.sections():
            raise UsageError(f"{path} has no section [{section}]; a board's file is called as its environment.")
        values: dict[str, str] = {key: str(config.get(section, key)) for key in config.options(section=section)}
        return _board(path.stem, values)
    except OSError as error:
        raise UsageError(f"{path} can't be read: {why(error)}.") from None
    except PlatformioException as error:
        raise UsageError(f"{path} can't be read: {' '.join(str(error).split())}") from error
    except KeyError as error:
        raise UsageError(f"{path} lacks the key {error.args[0]}; gen/device/board.py lists them all.") from error
    except ValueError as error:
        raise UsageError(f"{path} has a wrong value: {error}") from error


def _board(board_id: str, values: dict[str, str]) -> Board:
    if values.get("custom_emulated", "no") not in ("yes", "no"):
        raise ValueError(f"custom_emulated is {values['custom_emulated']!r}, not yes or no.")
    for key, allowed in (("custom_isa", FALLBACK), ("custom_toolchain", (*TOOLCHAINS, REGISTRY))):
        if values[key] not in allowed:
            raise ValueError(f"{key} is {values[key]!r}, not one of {', '.join(filter(None, allowed))}.")
    for name in values["custom_port"].split():
        if not (FIRMWARE / "port" / name).is_file():
            raise ValueError(f"custom_port has {name!r}, which is not in firmware/port.")
    try:
        values.get("custom_transport", "").format(elf="")
    except (LookupError, ValueError):
        raise ValueError(
            f"custom_transport is {values['custom_transport']!r}: only {{elf}} may be in braces."
        ) from None
    if len(values.get("custom_renode", "a b").split()) != 2:
        raise ValueError(f"custom_renode is {values['custom_renode']!r}, not a machine and a UART.")
    return Board(
        id=board_id,
        name=values["custom_name"],
        mcu=values["custom_mcu"],
        core=values["custom_core"],
        clock_hz=int(values["custom_clock_hz"]),
        isa=values["custom_isa"],
        port=tuple(values["custom_port"].split()),
        flash=_region(values, "custom_flash"),
        code=_region(values, "custom_code"),
        ram=_region(values, "custom_ram"),
        work_ram=_region(values, "custom_work_ram"),
        stack_bytes=int(values["custom_stack_bytes"]),
        pointer_bytes=int(values["custom_pointer_bytes"]),
        transport=values.get("custom_transport", ""),
        emulated=values.get("custom_emulated") == "yes",
        toolchain=values["custom_toolchain"],
        flash_tools=tuple(values.get("custom_flash_tools", "").split()),
        usb_ids=_usb_ids(values),
        renode=tuple(values.get("custom_renode", "").split()),
        simulator=values.get("custom_simulator", ""),
    )


def _size(count: int) -> str:
    """Bytes in the largest unit that they are whole in; nothing for none."""
    if count == 0:
        return ""
    return f"{count // 1024**2} MB" if count % 1024**2 == 0 else f"{count // 1024} kB"


def _usb_ids(values: dict[str, str]) -> tuple[str, ...]:
    ids = tuple(values.get("custom_usb_ids", "").split())
    for pair in ids:
        if not _USB_ID.fullmatch(pair):
            raise ValueError(f"custom_usb_ids has {pair!r}, not VENDOR:PRODUCT such as 0483:374b.")
    return ids


def _region(values: dict[str, str], key: str) -> Region | None:
    """`ORIGIN SIZE` as the linker reads them, too; None where the key is absent."""
    if key not in values:
        return None
    parts = [_SIZE.fullmatch(part) for part in values[key].split()]
    if len(parts) != 2 or not all(parts):
        raise ValueError(f"{key} is {values[key]!r}, not an origin and a size such as 0x20000000 128K.")
    origin, size = (int(part[1], 0) * {"": 1, "K": 1024, "M": 1024**2}[part[2]] for part in parts if part)
    return Region(origin, size)
