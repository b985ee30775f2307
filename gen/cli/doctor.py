"""`doctor`: what this machine has of what gen needs: Python packages, compilers and emulators."""

import re
import shutil
import subprocess
import tomllib
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from gen import tables
from gen.cli.options import Subcommand, no_arguments
from gen.device.board import TOOLCHAINS, Board, load_all
from gen.errors import MissingTool
from gen.paths import ROOT, install

NEWLIB = ("arm-none-eabi-",)  # the compilers that need a C library; the others have firmware/port/freestanding
# For each extra of pyproject.toml, whose dependencies are "".
NEEDED_FOR = {
    "": "build, verify",
    "train": "train",
    "search": "search",
    "onnx": ".onnx files",
    "torch": ".pt2 files",
    "bench": "bench's peer",
    "dev": "make test",
}
OPTIONAL = ("torch",)  # extras too large to be missed by who does not use them


@dataclass(frozen=True)
class Check:
    """One thing looked for."""

    name: str
    found: bool  # whether it is there
    detail: str  # its version or place
    needed_for: str  # who needs it
    install: str  # the command that brings it
    optional: bool = False  # whether all is well without it

    @property
    def missing(self) -> bool:
        return not (self.found or self.optional)

    @property
    def verdict(self) -> str:
        return "ok" if self.found else "optional" if self.optional else "MISSING"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def check() -> list[Check]:
    """Everything that pyproject.toml and the boards ask for, in that order."""
    try:
        boards = load_all()
    except ImportError:  # no PlatformIO, which the first checks say
        boards = []
    return [*_python_packages(), *_compilers(boards), *_emulators(boards)]


def _python_packages() -> Iterator[Check]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for extra, requirements in {"": project["dependencies"], **project["optional-dependencies"]}.items():
        command = install(extra) if extra else install()
        for text in requirements:
            yield replace(_python_package(text, NEEDED_FOR[extra], command), optional=extra in OPTIONAL)


def _python_package(text: str, needed_for: str, install: str) -> Check:
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return Check(text, False, "can't tell without the package packaging", needed_for, install)
    requirement = Requirement(text)
    if requirement.marker is not None and not requirement.marker.evaluate():
        return Check(requirement.name, True, "has none for this system, and is done without", needed_for, install)
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return Check(requirement.name, False, "not installed", needed_for, install)
    good = requirement.specifier.contains(version, prereleases=True)
    wanted = "" if good else f", but {requirement.specifier} is needed"
    return Check(requirement.name, good, version + wanted, needed_for, install)


def _compilers(boards: list[Board]) -> Iterator[Check]:
    for prefix, toolchain in TOOLCHAINS.items():
        users = _ids(board for board in boards if board.toolchain == prefix)
        for program in (f"{prefix}gcc", f"{prefix}g++"):
            yield _program(program, users, toolchain.apt)
        if prefix in NEWLIB:
            yield _nano_libc(prefix, users, toolchain.apt)


def _nano_libc(prefix: str, users: str, apt: str) -> Check:
    """newlib is a package of its own, without which the compiler says no more than that nano.specs is missing."""
    found = ""
    if shutil.which(f"{prefix}gcc"):
        asked = [f"{prefix}gcc", "-print-file-name=libc_nano.a"]
        found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    there = Path(found).is_absolute()
    return Check(f"{prefix}newlib", there, found if there else "no libc_nano.a", users, f"apt-get install {apt}")


def _emulators(boards: list[Board]) -> Iterator[Check]:
    programs = {board: re.split(r"\s+", board.transport.removeprefix("exec:"))[0] for board in boards if board.emulated}
    if programs:
        from gen.device.transport import PACKAGES
    for program in sorted(set(programs.values())):
        users = _ids(board for board, its in programs.items() if its == program)
        yield _program(program, users, PACKAGES.get(program, program))


def _ids(boards: Iterator[Board]) -> str:
    return ", ".join(board.id for board in boards)


def _program(name: str, users: str, apt: str) -> Check:
    place = shutil.which(name)
    return Check(name, place is not None, place or "not on PATH", users, f"apt-get install {apt}")


def run_doctor(args: Namespace) -> int:
    checks = check()
    if args.json:
        tables.show_json([c.as_json() for c in checks])
    else:
        lines = [(c.verdict, c.name, c.detail, c.needed_for, "" if c.found else c.install) for c in checks]
        tables.show_table(("", "what", "found", "needed for", "to install"), lines)
    return MissingTool.exit_code if any(c.missing for c in checks) else 0


DOCTOR = Subcommand("doctor", "Say what is missing on this machine and how to install it.", ("doctor",),
                    no_arguments, run_doctor)  # fmt: skip
