"""gen installed from its wheel, used in a folder that has nothing: no checkout is seen, and nothing is written to where
packages lie."""

import hashlib
import json
import os
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from gen.paths import ROOT

BUNDLED = ("LICENSE", "benchmarks/instructions.json", "boards", "firmware", "models", "platformio.ini")
BOARD = "qemu_mps2_an386"


@dataclass(frozen=True)
class Installed:
    bin: Path
    packages: Path  # where pip has put gen
    home: Path

    def run(self, folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A program of the environment, in folder, by a person who has no checkout."""
        own = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "XDG_CACHE_HOME")}
        path = os.pathsep.join((str(self.bin), os.environ["PATH"]))
        variables = own | {"HOME": str(self.home), "PATH": path} | environment
        command = [str(self.bin / words[0]), *words[1:]]
        return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)

    def files(self) -> dict[str, str]:
        """Hashes of what is installed."""
        found = (path for path in self.packages.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder))
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(ROOT)], check=True)
    (found,) = folder.glob("tinygen-*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """In an environment that finds the dependencies where this one does; of an editable gen there it knows nothing."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=False)
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    dependencies = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "dependencies.pth").write_text("\n".join(dependencies) + "\n", "utf-8")
    python = folder / "venv" / "bin" / "python"
    options = ("--quiet", "--no-deps", "--no-index", "--ignore-installed")
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", *options, wheel], check=True)
    (folder / "home").mkdir()
    return Installed(python.parent, packages, folder / "home")


def test_a_wheel_has_every_file_of_the_checkout(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        found = set(archive.namelist())
    roots = {"gen": "gen", **{part: f"gen/bundled/{part}" for part in BUNDLED}}
    for part, inside in roots.items():
        paths = [ROOT / part] if (ROOT / part).is_file() else (ROOT / part).rglob("*")
        for path in paths:
            if path.is_file() and "__pycache__" not in path.parts:
                below = path.relative_to(ROOT / part).as_posix()
                assert (inside if below == "." else f"{inside}/{below}") in found
    assert not any("__pycache__" in name for name in found)


def test_a_model_is_verified_in_an_empty_folder(installed: Installed, tmp_path: Path) -> None:
    before = installed.files()
    words = ("verify", "digits", "--board", BOARD, "--engine", "aot", "--vectors", "3", "--json")
    done = installed.run(tmp_path, "tinygen", *words)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["verdict"] == "exact" and found["vectors"] == 3
    assert [path.name for path in tmp_path.iterdir()] == ["build"]
    assert (tmp_path / "build" / f"digits-{BOARD}-aot" / "firmware.elf").is_file()
    assert installed.files() == before
    assert [path.name for path in installed.home.iterdir()] == [".cache"]
    assert [path.name for path in (installed.home / ".cache").iterdir()] == ["tinygen"]


def test_a_board_of_ones_own_is_built_for(installed: Installed, tmp_path: Path) -> None:
    text = (ROOT / "boards" / f"{BOARD}.ini").read_text("utf-8")
    (tmp_path / "mine.ini").write_text(text.replace(f"env:{BOARD}", "env:mine"), "utf-8")
    before = installed.files()
    words = ("verify", "digits", "--board-file", "mine.ini", "--vectors", "1", "--json")
    done = installed.run(tmp_path, "tinygen", *words)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["board"] == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["build", "mine.ini"]
    assert installed.files() == before


@pytest.mark.parametrize("subcommand", ["boards", "tasks", "ops"])
def test_lists_are_those_of_the_checkout(subcommand: str, installed: Installed, tmp_path: Path) -> None:
    here = subprocess.run(
        [sys.executable, "-m", "gen", subcommand, "--json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    there = installed.run(tmp_path, "python", "-m", "gen", subcommand, "--json")
    assert there.returncode == 0, there.stderr
    assert there.stdout == here.stdout and list(tmp_path.iterdir()) == []


def test_an_export_and_its_license(installed: Installed, tmp_path: Path) -> None:
    done = installed.run(tmp_path, "tinygen", "export", "digits", "--format", "c")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "build" / "export" / "c" / "digits" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_what_is_missing_is_installed_without_a_checkout(installed: Installed, tmp_path: Path) -> None:
    done = installed.run(tmp_path, "tinygen", "doctor", "--json")
    commands = {check["install"] for check in json.loads(done.stdout)}
    assert {"pip install 'tinygen'", "pip install 'tinygen[train]'"} <= commands
    assert not any("-e" in command.split() for command in commands)


def test_a_committed_students_folder_is_not_trained_into(installed: Installed, tmp_path: Path) -> None:
    code = "from gen.learn import task; print(task.output_folder('digits'))"
    done = installed.run(tmp_path, "python", "-c", code)
    assert done.stdout == "build/trained\n", done.stderr


def test_usage_says_tinygen(installed: Installed, tmp_path: Path) -> None:
    text = installed.run(tmp_path, "tinygen", "build", "--help").stdout
    assert text.startswith("usage: tinygen build ") and "example: tinygen build digits" in text
    assert installed.run(tmp_path, "python", "-m", "gen", "build", "--help").stdout.startswith("usage: python -m gen ")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("tinygen mon", {"monitor"}),
        ("tinygen verify dig", {"digits"}),
        ("tinygen verify mod", {"model.tflite"}),
        ("tinygen verify digits --board netd", {"netduino_plus_2"}),
        ("tinygen export digits --engine ", {"aot", "tflm"}),
    ],
)
def test_a_shell_completes(line: str, words: set[str], installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").touch()
    asked = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "COMP_LINE": line, "COMP_POINT": str(len(line))}
    answer = tmp_path / "answer"
    installed.run(tmp_path, "tinygen", **asked, _ARGCOMPLETE_STDOUT_FILENAME=str(answer))
    assert {word.strip() for word in answer.read_text().split("\n")} == words
