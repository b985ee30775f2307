"""What pyproject.toml can't say: the parts that a checkout has beside gen/ go into the wheel as gen/bundled/."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from setuptools import setup
from setuptools.command.build import build
from setuptools.command.build_py import build_py

PARTS = ("LICENSE", "benchmarks/instructions.json", "boards", "firmware", "models", "platformio.ini", "pyproject.toml")


class Build(build):  # type: ignore[misc]
    """Not in build/, where firmware is built and files of an earlier wheel could lie."""

    def initialize_options(self) -> None:
        super().initialize_options()
        self._scratch = tempfile.TemporaryDirectory(prefix="tinygen-")  # deleted when this process ends
        self.build_base = self._scratch.name


class BuildPy(build_py):  # type: ignore[misc]
    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for part in PARTS:
                bundle(Path(part), Path(self.build_lib) / "gen" / "bundled" / part)


def bundle(part: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if part.is_dir():
        shutil.copytree(part, target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    else:
        shutil.copy2(part, target)


commands: dict[str, Any] = {"build": Build, "build_py": BuildPy}
setup(cmdclass=commands)
