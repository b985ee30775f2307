"""The folder of a build: a name for it that no shell and no tool can misread, and one build at a time in it.

SCons, compilers and linkers each take some characters of a path for syntax of theirs, and SCons hands command lines to
a shell. So what they are given is never the folder's path, but that of a link to it, which is relative to the project
and made of letters, digits, points and slashes.
"""

import contextlib
import hashlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from gen.errors import BuildError, UsageError, why
from gen.paths import INSTALLED, PROJECT

try:
    import fcntl
except ImportError:  # Windows: two builds into one folder at once are not noticed there
    fcntl = None  # type: ignore[assignment]

LINKS = Path(".pio") / "places"  # below PROJECT
LOCK = ".lock"  # in the folder: who builds what there
POLL_S = 0.1
_NO_ROOT = re.compile(r"\$|\t|  | $")


def check_root(root: Path = PROJECT) -> None:
    """Raises BuildError for a checkout, or a cache, that PlatformIO can't work in."""
    if _NO_ROOT.search(str(root)):
        raise BuildError(
            f"this {'cache' if INSTALLED else 'checkout'} is in {str(root)!r}, and SCons misreads a $ and several or "
            f"last spaces: {'name another cache in XDG_CACHE_HOME' if INSTALLED else 'move it to another folder'}."
        )


def link(folder: Path) -> str:
    """A path, relative to PROJECT, that leads to folder, always the same one. Raises BuildError."""
    folder = folder.resolve()
    name = LINKS / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    point(PROJECT / name, folder)
    return str(name)


def point(path: Path, target: Path) -> None:
    """Makes path a link to target; links beside it that lead nowhere go. Raises BuildError."""
    try:
        if not (path.is_symlink() and path.readlink() == target):
            path.parent.mkdir(parents=True, exist_ok=True)
            _forget_lost(path.parent)
            partial = path.with_name(f"{path.name}.{os.getpid()}")
            partial.unlink(missing_ok=True)
            partial.symlink_to(target, target_is_directory=target.is_dir())
            partial.replace(path)
    except OSError as error:
        raise BuildError(f"can't make the link {path} to {target}: {why(error)}.") from None


def _forget_lost(links: Path) -> None:
    """Removes links to folders that are no more."""
    for path in links.iterdir():
        if not path.exists():
            path.unlink(missing_ok=True)


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


@contextlib.contextmanager
def alone(
    folder: Path, what: str, say: Callable[[str], None] = _say, check: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Nobody else builds into folder until the block ends. what: a digest of that which is built: who wants to build
    the same waits, says so once and calls check() while it does.

    Raises UsageError where another process is building something else there, or the folder can't be written."""
    path = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise UsageError(f"{folder} can't be written: {why(error)}.") from error
    try:
        _lock(descriptor, folder, what, say, check)
        os.pwrite(descriptor, f"{os.getpid()} {what}\n".encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path, what: str, say: Callable[[str], None], check: Callable[[], None]) -> None:
    if fcntl is None:
        return
    seen, said = "", False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode("ascii", "replace")
        except OSError as error:
            raise UsageError(f"{folder} can't be locked: {why(error)}.") from error
        process, _, theirs = holder.strip().partition(" ")
        # Twice: who has just begun may not have written yet what it is about to build.
        if theirs and theirs != what and holder == seen:
            raise UsageError(
                f"another gen (process {process}) is building something else in {folder}: wait until it has ended, or "
                "name another folder with --out."
            )
        if theirs == what and not said:
            say(f"waiting for process {process}, which is building the same in {os.path.relpath(folder)} ...")
            said = True
        seen = holder
        check()
        time.sleep(POLL_S)
