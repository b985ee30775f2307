"""Put a firmware on a real board, with whichever of the board's tools this machine has; and find the board's port."""

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports

from gen.device.board import Board
from gen.errors import DeviceError, MissingTool, UsageError, unknown, why

DRIVES = ("/media", "/run/media", "/Volumes")  # where systems mount USB drives, some below the user's name
# `program` of OpenOCD 0.12 puts the file between braces and evaluates it once more.
_NO_TCL = re.compile(r"[{}\\\n]")
ESPTOOL_OFFSETS = {"esp32": "0x1000", "esp32c3": "0x0"}  # where the boot ROM looks for the image


class FlashFailed(DeviceError):
    pass


@dataclass(frozen=True)
class Image:
    """What is flashed."""

    board: Board
    folder: Path  # with firmware.elf and what is made of it: .bin, .hex, .uf2
    detail: str  # what the board's file tells the tool after the colon
    port: Callable[[], str]  # finds it, for boards that are flashed through it

    def file(self, form: str) -> str:
        """Its path, which no tool takes for an option."""
        path = str(self.folder / f"firmware.{form}")
        return f"./{path}" if path.startswith("-") else path


@dataclass(frozen=True)
class Tool:
    """What can put a firmware on a board."""

    command: Callable[[Image], list[str]]  # the words of its command line
    found: Callable[[Image], bool]  # whether this machine has it
    install: str  # how to get it


def _on_path(name: str) -> Callable[[Image], bool]:
    return lambda image: shutil.which(name) is not None


def _openocd(image: Image) -> list[str]:
    if _NO_TCL.search(image.file("elf")):
        raise UsageError(
            f"openocd can't be told of {image.file('elf')!r}, whose braces and backslashes are its language's: "
            "build in another folder (--out), or take another tool (--tool)."
        )
    scripts = [word for file in image.detail.split(",") for word in ("-f", file)]
    return ["openocd", *scripts, "-c", f"program {{{image.file('elf')}}} verify reset exit"]


def _st_flash(image: Image) -> list[str]:
    assert image.board.flash is not None
    return ["st-flash", "--reset", "write", image.file("bin"), f"{image.board.flash.origin:#010x}"]


def _esptool(image: Image) -> list[str]:
    words = [sys.executable, "-m", "esptool", "--chip", image.detail, "--port", image.port()]
    return [*words, "write-flash", ESPTOOL_OFFSETS[image.detail], image.file("bin")]


def _uf2(image: Image) -> list[str]:
    drive = _drive(image.detail) or Path(DRIVES[0]) / image.detail
    return ["cp", image.file("uf2"), str(drive)]


def _drive(label: str) -> Path | None:
    """The mounted USB drive of this label."""
    places = (place for root in DRIVES for place in (Path(root) / label, *Path(root).glob(f"*/{label}")))
    return next((place for place in places if place.is_dir()), None)


TOOLS: Mapping[str, Tool] = {
    "openocd": Tool(_openocd, _on_path("openocd"), "`apt-get install openocd`"),
    "st-flash": Tool(_st_flash, _on_path("st-flash"), "`apt-get install stlink-tools`"),
    "pyocd": Tool(
        lambda image: ["pyocd", "flash", "--target", image.detail, image.file("hex")],
        _on_path("pyocd"),
        "`pip install pyocd`",
    ),
    "picotool": Tool(
        lambda image: ["picotool", "load", "--verify", "--execute", image.file("uf2")],
        _on_path("picotool"),
        "picotool from your distribution",
    ),
    "uf2": Tool(
        _uf2,
        lambda image: _drive(image.detail) is not None,
        "nothing, but hold the board's BOOTSEL button while you plug it in and let its drive be mounted",
    ),
    "esptool": Tool(_esptool, lambda image: importlib.util.find_spec("esptool") is not None, "`pip install esptool`"),
}


def choose(board: Board, folder: Path, asked: str | None, port: Callable[[], str], *, dry: bool = False) -> list[str]:
    """The command line of the tool asked for, or of the first of the board's that this machine has; dry: of the first
    one if there is none. Raises UsageError for a board that is not flashed so, and for a folder that the tool can't be
    told of; MissingTool."""
    if not board.flash_tools:
        raise UsageError(f"{board.id} is no board that can be flashed: it is {board.name}; `verify` runs it as it is.")
    details = {tool.partition(":")[0]: tool.partition(":")[2] for tool in board.flash_tools}
    if asked is not None and asked not in details:
        raise unknown(f"tool for {board.id}", asked, details, "python -m gen boards")
    names = [asked] if asked else list(details)
    images = {name: Image(board, folder, details[name], port) for name in names}
    here = [name for name in names if TOOLS[name].found(images[name])]
    if not here and not dry:
        ways = "; or ".join(f"{name}: {TOOLS[name].install}" for name in names)
        raise MissingTool(f"nothing here can flash {board.id}. Any of these can: {ways}.")
    chosen = (here or names)[0]
    return TOOLS[chosen].command(images[chosen])


def require(board: Board, folder: Path, asked: str | None) -> None:
    """Raises what choose() would, before there is anything to flash."""
    choose(board, folder, asked, lambda: "")


def run(command: list[str], board: Board) -> None:
    """Runs the tool; its output goes to stderr as it comes. Raises FlashFailed, MissingTool."""
    sys.stderr.write(f"flash: {shlex.join(command)}\n")
    sys.stderr.flush()
    if command[0] == "cp":
        _copy(Path(command[1]), Path(command[2]), board)
        return
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    except OSError as error:
        raise MissingTool(f"{command[0]} can't be run: {why(error)}.") from error
    if done.returncode != 0:
        tool = command[2] if command[1] == "-m" else Path(command[0]).name
        raise FlashFailed(
            f"{tool} could not flash {board.id} (exit status {done.returncode}, its reason is above): "
            "check the cable, the power and that no other program uses the debugger or the port."
        )


def _copy(file: Path, drive: Path, board: Board) -> None:
    try:
        shutil.copyfile(file, drive / file.name)
    except OSError as error:
        raise FlashFailed(
            f"{file.name} could not be copied to {drive}, the drive of {board.id}: {why(error)}."
        ) from error


def find_port(board: Board, asked: str | None) -> str:
    """The serial port: the one asked for, else the one with the board's USB ids, else the only USB port there is.

    Raises UsageError, with a list of what there is, where that does not decide."""
    if asked is not None:
        return asked
    usb = [port for port in list_ports.comports() if port.vid is not None]
    own = [port for port in usb if f"{port.vid:04x}:{port.pid:04x}" in board.usb_ids]
    candidates = own or usb
    if len(candidates) == 1:
        sys.stderr.write(f"port: {candidates[0].device} ({candidates[0].description})\n")
        return str(candidates[0].device)
    if not candidates:
        raise UsageError(f"no serial port over USB is here for {board.id}: plug the board in, or name one with --port.")
    lines = "; ".join(f"{p.device} ({p.description}, {p.vid:04x}:{p.pid:04x})" for p in candidates)
    raise UsageError(f"several ports may be {board.id}: name one with --port. There are {lines}.")
