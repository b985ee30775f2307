"""The folder of a library: written whole or not at all, never over what somebody else put there."""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gen import __version__
from gen.errors import UsageError, why

MANIFEST = "gen-export.json"
BUILT = "build"  # what a library's Makefile makes; the manifest doesn't know it


def manifest(known: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """The text of the file by which write() knows a folder that is ours, and what in it was changed."""
    hashes = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in sorted(files.items())}
    return json.dumps({"gen": __version__, **known, "files": hashes}, indent=2) + "\n"


def write(folder: Path, files: Mapping[str, str]) -> None:
    """The folder with exactly these files, whole or not at all; an older export there is replaced.

    Raises UsageError where the folder holds anything else, or an export that somebody changed, or can't be written."""
    folder = folder.resolve()
    try:
        _refuse_to_lose(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
            fresh, old = Path(scratch) / "new", Path(scratch) / "old"
            for path, text in files.items():
                target = fresh / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(text.encode())
            if folder.exists():
                folder.rename(old)
            try:
                fresh.rename(folder)
            except BaseException:  # Ctrl-C too
                if old.exists() and not folder.exists():
                    old.rename(folder)
                raise
    except OSError as error:
        raise UsageError(f"{folder} can't be written: {why(error)}; choose another --out.") from error


def _refuse_to_lose(folder: Path) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} is a file: choose another --out.")
    try:
        hashes = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        known = {str(path): str(sha256) for path, sha256 in hashes.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(f"{folder} is not an export of ours: choose another --out, or remove it.") from None
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name == MANIFEST or name.startswith(f"{BUILT}/"):
            continue
        if known.get(name) != hashlib.sha256(path.read_bytes()).hexdigest():
            what = "was changed" if name in known else "was added"
            raise UsageError(f"{path} {what} since the export and would be lost: move it, or choose another --out.")
