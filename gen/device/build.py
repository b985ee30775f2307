"""Sources -> Firmware: writes the generated files, runs PlatformIO on them and measures the result.

The only module that runs PlatformIO. firmware/pio/builder/main.py is the other half: it says what lies in the folder
of a build, and compiles and links it.
"""

import hashlib
import json
import os
import re
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from gen import child
from gen.compiler.engines import Sources
from gen.device import place
from gen.device.board import TOOLCHAINS, Board, own_file
from gen.errors import BuildError, DiskFull, DoesNotFit, MissingTool, why
from gen.files import write_if_changed, write_whole
from gen.paths import BUILDS, INSTALLED, PACKAGE, PROJECT, ROOT

CORE = PROJECT / ".pio" / "core"
PARTS = ("platformio.ini", "boards", "firmware")  # of PlatformIO's project

_PREPARING = threading.Lock()  # for boards that are built at a time: files in the making are named by process

ANSWERS_HELLO = "link.c"  # with the model's SHA-256

_OVERFLOW = re.compile(r"region `(\w+)' overflowed by (\d+) bytes")
_ERROR = re.compile(r"^.*(?:\b\w*[eE]rror: |undefined reference).*$", re.MULTILINE)
# A piece of a section in the linker's map: name, address, size and the object that it is from.
_MAP_PIECE = re.compile(r"^ (\.[\w.$*-]+)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S.*)$", re.MULTILINE)
_IN_FLASH = (".text", ".rodata", ".data", ".init_array", ".vectors", ".ARM.ex")
_CODE = (".text",)
_FULL = re.compile(r"No space left on device|Disk quota exceeded|Errno 28\b|database or disk is full")
_UNREACHABLE = re.compile(r"HTTPClientError|InternetConnection|UnknownPackage|ConnectionError|PlatformNotInstalled")


@dataclass(frozen=True)
class Firmware:
    """A linked image."""

    elf: Path
    flash_bytes: int  # what it occupies in flash
    ram_bytes: int  # its data and the stack's reserve
    # Whose bytes those in flash are: "model" (generated), folders of firmware/ ("tflm", "kernels", "port"), "main"
    # (main.c, link.c) and "toolchain" (the compiler's libraries).
    parts: Mapping[str, int]
    code: Mapping[str, int]  # what of them is machine code (.text)


def default_folder(model: str, board: Board, engine: str, level: str | None) -> Path:
    """Where a model is built unless the person says otherwise; level is None for an engine that has none."""
    suffix = f"-{level}" if level not in (None, "balanced") else ""
    return BUILDS / f"{model}-{board.id}-{engine}{suffix}"


def scratch() -> Path:
    """Where folders lie in which one process builds for itself. Raises BuildError when it can't be made."""
    folder = BUILDS
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise BuildError(f"can't make {folder}: {why(error)}.") from None
    return folder


def misfit(board: Board, sources: Sources) -> str | None:
    """Why even the certain part of the need exceeds the board, before anything is compiled; None if it may fit."""
    layout = board.layout(sources.const_bytes, sources.arena_bytes)
    if layout is None:
        return None
    need, room = sources.arena_bytes + board.stack_bytes, layout.ram.bytes
    if need > room:
        return (
            f"{sources.name} needs at least {need} bytes of RAM (arena {sources.arena_bytes} + stack "
            f"{board.stack_bytes}) and {board.id} has {room}: does not fit by {need - room} bytes, because "
            f"{sources.peak_reason}"
        )
    need, room = sources.const_bytes, layout.constants.bytes
    if need > room:
        return (
            f"{sources.name} needs at least {need} bytes of flash (its constants) and {board.id} has {room}: does not "
            f"fit by {need - room} bytes, because the weights alone are larger than the flash"
        )
    return None


def check_fits(
    board: Board, sources: Sources, advice: Callable[[], str] = lambda: "a larger board or a smaller model"
) -> None:
    """Raises DoesNotFit where misfit() finds a reason; advice says what to try."""
    reason = misfit(board, sources)
    if reason is not None:
        raise DoesNotFit(f"{reason}; try {advice()}.")


def build(sources: Sources, board: Board, folder: Path) -> Firmware:
    """compile_in(), while nobody else builds into folder."""
    with place.alone(folder, digest(sources, board)):
        return compile_in(sources, board, folder)


def digest(sources: Sources, board: Board) -> str:
    """Of all that an ELF is made from but our own C sources and the compiler; 32 hexadecimal digits."""
    plan = _plan(sources, board) | {"board": board.id, "files": dict(sources.files)}
    if path := own_file(board.id):
        plan["board"] = path.read_text(encoding="utf-8")
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()[:32]


def compile_in(sources: Sources, board: Board, folder: Path) -> Firmware:
    """Compiles and links sources for board in folder, which place.alone() holds; folder/firmware.elf exists afterwards
    only when it is whole and what was asked for.

    Raises MissingTool, BuildError (which names folder/build.log and the first error) and DoesNotFit (flash or RAM
    overflow, by how many bytes).
    """
    place.check_root()
    _require_compiler(board)
    folder = folder.resolve()
    generation = f"engine_of_{digest(sources, board)}"
    _write_sources(sources, _plan(sources, board) | {"generation": generation}, folder)
    prepare()
    log, link = folder / "build.log", place.link(folder)
    command = [sys.executable, "-m", "platformio", "run", "--environment", board.id, "--disable-auto-clean"]
    command += _project_conf(board)
    status, output = child.run(command, cwd=PROJECT, env=_environment(link))
    output = output.replace(link, str(folder))
    write_whole(log, output.encode())
    elf = folder / "firmware.elf"
    if status != 0:
        _remove_results(folder)
        if _FULL.search(output):
            raise DiskFull(f"the disk is full: {board.id}'s firmware could not be built in {folder}; make room.")
        if board.vendor and _UNREACHABLE.search(output):
            raise MissingTool(
                f"{board.id} needs its vendor's platform from PlatformIO's registry, which can't be reached: connect "
                f"this machine once, or take a board that is built without it (`python -m gen boards`)."
            )
        raise _failure(output, sources, board, log)
    try:
        _confirm(elf, generation, sources)
    except BuildError:
        _remove_results(folder)
        raise
    return _measure(elf, board, PROJECT / link)


def _remove_results(folder: Path) -> None:
    for stale in folder.glob("firmware.*"):
        stale.unlink()


def _confirm(elf: Path, generation: str, sources: Sources) -> None:
    """Raises BuildError unless the ELF is of this generation and, where it answers HELLO, of this model."""
    try:
        content = elf.read_bytes()
    except OSError as error:
        raise BuildError(f"{elf} was linked and can't be read: {why(error)}.") from None
    whose = [generation.encode()]
    if sources.link == ANSWERS_HELLO:
        whose.append(bytes.fromhex(sources.graph.sha256))
    if any(mark not in content for mark in whose):
        raise BuildError(
            f"{elf} is not what was to be linked, but of other sources: something else writes to its folder, so "
            "build again, into a folder of its own (--out)."
        )


def prepare() -> None:
    """Makes the project's PlatformIO folder usable without its registry; does nothing when it is.

    It gets the package tool-scons, around the SCons of this Python, and a link to firmware/pio. PlatformIO would make
    the link itself, but not for two builds at once, and not anew when the checkout is moved or copied. Where gen is
    installed the project is a folder of links in the cache, so that nothing is written where packages lie.
    """
    from platformio.dependencies import get_core_dependencies
    from platformio.package.meta import PackageSpec

    try:
        metadata.version("scons")
    except metadata.PackageNotFoundError as error:
        raise MissingTool("the Python package scons is not installed; `make setup` installs it.") from error
    scons = {"name": "tool-scons", "version": get_core_dependencies()["tool-scons"].lstrip("~")}
    owner = PackageSpec(owner="platformio", name="tool-scons").as_dict()
    link = {"cwd": str(PROJECT), "spec": PackageSpec("symlink://firmware/pio").as_dict()}
    files = {
        "packages/tool-scons/package.json": json.dumps(scons),
        "packages/tool-scons/.piopm": json.dumps({"type": "tool", **scons, "spec": owner}),
        "packages/tool-scons/scons.py": "import SCons.Script\n\nSCons.Script.main()\n",
        "platforms/pio.pio-link": json.dumps(link),
    }
    with _PREPARING:
        for path, text in files.items():
            write_if_changed(CORE / path, text)
        if INSTALLED:
            for name in PARTS:
                place.point(PROJECT / name, ROOT / name)
            place.point(PROJECT / "gen", PACKAGE)  # which firmware/pio imports


def _project_conf(board: Board) -> list[str]:
    """For a board that is not in boards/, the option that names a configuration with its file."""
    path = own_file(board.id)
    if path is None:
        return []
    text = path.read_text(encoding="utf-8")
    copy = Path(".pio") / "boards" / hashlib.sha256(text.encode()).hexdigest()[:16]
    both = f"[platformio]\nextra_configs =\n    platformio.ini\n    {copy}.ini\n"
    write_if_changed(PROJECT / f"{copy}.ini", text)
    write_if_changed(PROJECT / f"{copy}.platformio.ini", both)
    return ["--project-conf", f"{copy}.platformio.ini"]


def _require_compiler(board: Board) -> None:
    """PlatformIO by itself would go to its registry for minutes, and for good where there is no way to it."""
    if board.vendor:
        return
    toolchain, compiler = TOOLCHAINS[board.toolchain], f"{board.toolchain}gcc"
    if shutil.which(compiler) or (toolchain.package and (CORE / "packages" / toolchain.package).is_dir()):
        return
    other = f", or `python -m platformio pkg install -e {board.id}` fetches PlatformIO's" if toolchain.package else ""
    raise MissingTool(f"{compiler} is not on PATH; `apt-get install {toolchain.apt}` installs it{other}.")


def _plan(sources: Sources, board: Board) -> dict[str, object]:
    """What firmware/pio/builder/main.py must know of a build."""
    plan: dict[str, object] = {
        "link": sources.link,
        "firmware": sources.firmware,
        "include_dirs": sources.include_dirs,
        "memory": _memory(sources, board),
    }
    return plan | ({"tree": place.link(sources.tree)} if sources.tree else {})


def _write_sources(sources: Sources, plan: Mapping[str, object], folder: Path) -> None:
    """The generated files and build.json; files of an earlier generation that no longer belong are deleted."""
    for stale in set(_files(folder / "src")) - {folder / "src" / path for path in sources.files}:
        stale.unlink()
    for path, text in sources.files.items():
        write_if_changed(folder / "src" / path, text)
    write_if_changed(folder / "build.json", json.dumps(plan, indent=2) + "\n")


def _memory(sources: Sources, board: Board) -> dict[str, int]:
    """The numbers that a linker script takes, by their names without "port_"."""
    layout = board.layout(sources.const_bytes, sources.arena_bytes)
    if layout is None or board.flash is None:
        return {}
    regions = {"flash": board.flash, "code": layout.code, "constants": layout.constants, "ram": layout.ram}
    numbers = {f"{name}_origin": region.origin for name, region in regions.items()}
    numbers |= {f"{name}_bytes": region.bytes for name, region in regions.items()}
    return numbers | {"stack_reserve": board.stack_bytes}


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _environment(link: str) -> dict[str, str]:
    """Ours without PlatformIO's settings of the person who calls, and with its calls home switched off."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLATFORMIO_")}
    return kept | {
        "GEN_FOLDER": link,
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
    }


def _failure(output: str, sources: Sources, board: Board, log: Path) -> DoesNotFit | BuildError:
    """What went wrong, from PlatformIO's output."""
    shown = os.path.relpath(log)
    overflows = {region: int(over) for region, over in _OVERFLOW.findall(output)}
    if overflows:
        region, over = max(overflows.items(), key=lambda item: item[1])
        what, size = _region(region, sources, board)
        return DoesNotFit(
            f"{sources.name} needs {size + over} bytes of {what} and {board.id} has {size}: does not fit by {over} "
            f"bytes (arena {sources.arena_bytes}, stack {board.stack_bytes}, model {sources.model_bytes}); try a board "
            f"with more {what} (`python -m gen boards` lists them), or a smaller model."
        )
    lines = [match[0].strip() for match in _ERROR.finditer(output)] or output.strip().splitlines()[-1:]
    return BuildError(f"the firmware could not be built, see {shown}: {lines[0] if lines else 'no output'}")


def _region(name: str, sources: Sources, board: Board) -> tuple[str, int]:
    """What the region of a linker script is to people, and its size in bytes."""
    layout = board.layout(sources.const_bytes, sources.arena_bytes)
    assert layout is not None
    if name == "RAM":
        return "RAM", layout.ram.bytes
    if name == "CODE":
        return ("RAM for code" if board.work_ram else "flash"), layout.code.bytes
    return ("RAM for constants" if layout.constants is board.ram else "flash"), layout.constants.bytes


def _measure(elf: Path, board: Board, linked: Path) -> Firmware:
    """Sizes from the section headers and the linker's map, in which the folder is called linked."""
    from elftools.elf.constants import SH_FLAGS
    from elftools.elf.elffile import ELFFile

    flash = ram = 0
    with elf.open("rb") as file:
        for section in ELFFile(file).iter_sections():
            flags, size = section["sh_flags"], section["sh_size"]
            if flags & SH_FLAGS.SHF_ALLOC:
                flash += size if section["sh_type"] != "SHT_NOBITS" else 0
                rams = [region for region in (board.ram, board.work_ram) if region]
                writable = bool(flags & SH_FLAGS.SHF_WRITE)
                ram += size if (any(section["sh_addr"] in its for its in rams) if rams else writable) else 0
    map_text = elf.with_suffix(".map").read_text(encoding="utf-8")
    parts, code = (_parts(map_text, linked, board, sections) for sections in (_IN_FLASH, _CODE))
    return Firmware(elf, flash, ram, parts, code)


def _parts(map_text: str, folder: Path, board: Board, sections: tuple[str, ...]) -> dict[str, int]:
    """Bytes in the sections (prefixes of their names) by origin, see Firmware."""
    roots = {folder / "obj": "model", PROJECT / ".pio" / "build" / board.id / "firmware": "main"}
    parts: dict[str, int] = {}
    for name, size, source in _MAP_PIECE.findall(map_text.partition("Linker script and memory map")[2]):
        if name.startswith(sections) and int(size, 16):
            part, path = "toolchain", PROJECT / source
            for root, top in roots.items():
                if path.is_relative_to(root):
                    below = path.relative_to(root).parts
                    part = below[0] if len(below) > 1 else top
            parts[part] = parts.get(part, 0) + int(size, 16)
    return parts
