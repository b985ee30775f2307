"""Files that are whole or as they were before, whatever interrupts."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from gen.errors import UsageError, why


def write_if_changed(path: Path, text: str) -> bool:
    """Write UTF-8 text, whole or not at all. False, and the file keeps its mtime, where it says so already.

    Raises UsageError where it can't be written."""
    content = text.encode()
    try:
        if path.is_file() and path.read_bytes() == content:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        raise UsageError(f"{path} can't be written: {why(error)}.") from error
    return True


def write_whole(path: Path, content: bytes) -> None:
    """Raises OSError, which names the file."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with named(path):
            partial.write_bytes(content)
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_together(folder: Path, files: Mapping[str, bytes], seal: str = "") -> None:
    """All of them, by name, put in place in this order once every one is written. seal: the one that says that the
    others belong together; it is away until they are in place. Raises OSError."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".partial-") as scratch:
        for name, content in files.items():
            with named(folder / name):
                (Path(scratch) / name).write_bytes(content)
        if seal:
            (folder / seal).unlink(missing_ok=True)
        for name in files:
            (Path(scratch) / name).replace(folder / name)


def check_folder(folder: Path) -> None:
    """Make the folder. Raises UsageError when it can't be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(f"can't write to {folder}: {why(error)}; give another folder with --out.") from None


@contextlib.contextmanager
def named(path: Path) -> Iterator[None]:
    """An OSError in the block is about path: who writes to a full disk does not say where."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise
