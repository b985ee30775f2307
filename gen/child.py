"""Programs that end, with all their children, when we let go of them or end ourselves, by kill -9 too.

A shell waits at the end of a pipe that only this process holds open: when that breaks, it kills the program's process
group. So it does on Linux and macOS alike, whichever thread started the program (PR_SET_PDEATHSIG ends it with the
thread). A program that makes itself a session of its own gets away."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import IO

KILL_DEADLINE_S = 2.0
_WATCH = 'read -r pid && { read -r _; kill -9 "-$pid"; }'

_File = int | IO[bytes] | None


class Child:
    """A program in a session, and so a process group, of its own: Ctrl-C reaches us alone, and we end the group."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: _File = subprocess.PIPE,
        stdout: _File = subprocess.PIPE,
        stderr: _File = subprocess.PIPE,
    ) -> None:
        """Raises OSError where the program can't be run."""
        self._watch = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self.process = subprocess.Popen(
                words, cwd=cwd, env=env, stdin=stdin, stdout=stdout, stderr=stderr, bufsize=0, start_new_session=True
            )
        except BaseException:
            self._stop_watching()
            raise
        assert self._watch.stdin is not None
        self._watch.stdin.write(f"{self.process.pid}\n".encode())
        self._watch.stdin.flush()

    def end(self) -> None:
        """The program and its children have ended afterwards; more than once is fine."""
        for number, wait_s in ((signal.SIGTERM, KILL_DEADLINE_S), (signal.SIGKILL, None)):
            # PermissionError: macOS, where the group is all zombies.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(wait_s)
        self._stop_watching()

    def _stop_watching(self) -> None:
        """It must not kill a group that has its number from a process that ended."""
        self._watch.kill()
        self._watch.wait()
        if self._watch.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._watch.stdin.close()


def run(words: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> tuple[int, str]:
    """A program without input -> its exit status, and what it wrote. Raises OSError where it can't be run."""
    if os.name == "nt":  # no process groups, and no shell to watch
        done = subprocess.run(words, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")
    child = Child(words, cwd=cwd, env=env, stdin=subprocess.DEVNULL)
    try:
        out, err = child.process.communicate()
    finally:
        child.end()
    return child.process.returncode, (out + err).decode(errors="replace")


def end_with_parent() -> None:
    """In a process that multiprocessing started: ends it as soon as the one that started it has ended."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
