"""Objects that tests compile, each once: kept in build/objects by all that they are made from.

Whole engines are built again and again of the same interpreter and kernels. What is kept is found by the compiler, its
command and the content of every file that it reads for the source, so a test links what its own command would make."""

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "build" / "objects"
# Has the assembler read a file that the preprocessor doesn't know of.
UNTRACKED = "-Wa,"


def compiled(command: Sequence[str | Path], source: Path, target: Path, folder: Path) -> None:
    """Compile one C, C++ or assembly file; command: compiler and flags. folder: the test's own, whose name is no part
    of what is compiled. Raises AssertionError with the command and what the compiler wrote."""
    words = [str(word) for word in command]
    tracked = not any(word.startswith(UNTRACKED) for word in words)
    kept = KEPT / f"{_key(words, source, str(folder))}.o" if tracked else target
    if tracked and kept.exists():
        shutil.copyfile(kept, target)
        return
    _run([*words, "-c", str(source), "-o", str(target)])
    if tracked:
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=KEPT, delete=False) as made:
            made.write(target.read_bytes())
        Path(made.name).rename(kept)


def _key(words: list[str], source: Path, folder: str) -> str:
    """A digest of all that an object is made from."""
    rule = _run([*words, "-M", str(source)]).replace("\\\n", " ").partition(":")[2]
    files = [re.sub(r"\\(.)", r"\1", name) for name in re.findall(r"(?:\\.|\S)+", rule)]
    digest = hashlib.sha256(repr((_compiler(words[0]), [word.replace(folder, "") for word in words])).encode())
    for name in files:
        digest.update(f"\0{name.replace(folder, '')}\0".encode())
        digest.update(Path(name).read_bytes() if name.startswith(folder) else _content(ROOT / name))
    return digest.hexdigest()[:32]


@cache
def _content(path: Path) -> bytes:
    """A digest of a file that no test changes."""
    return hashlib.sha256(path.read_bytes()).digest()


@cache
def _compiler(name: str) -> tuple[str, float]:
    path = shutil.which(name) or name
    return path, Path(path).stat().st_mtime


def _run(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[-4000:]}"
    return done.stdout
