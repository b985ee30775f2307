"""Work done in a process of its own, because converters end theirs on some models; the true reason when one ends."""

import multiprocessing
import os
import pickle
import signal
import tempfile
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from gen.child import end_with_parent
from gen.errors import GenError

T = TypeVar("T")
LINES = 3  # of what a dead process wrote last
LENGTH = 300  # characters of them


class ProcessDied(Exception):
    """The process ended before it answered; str() says of what, and what it wrote last to stderr."""


class WorkFailed(Exception):
    """The work raised an error that is none of ours; str() is its kind and text, trace where it came from."""

    def __init__(self, what: str, trace: str) -> None:
        super().__init__(what)
        self.trace = trace


def run(work: Callable[..., T], *arguments: Any) -> T:
    """work(*arguments), both of which can be pickled, in a fresh process whose output nobody sees.

    Raises a GenError that work raises, WorkFailed for any other error, ProcessDied when the process ends without an
    answer."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        log.touch()
        child = context.Process(target=_answer, args=(theirs, str(log), work, arguments))
        child.start()
        theirs.close()
        try:
            kind, value = pickle.loads(ours.recv_bytes())
        except (EOFError, OSError):  # it ended before, or amid, its answer
            child.join()
            raise ProcessDied(_cause(child.exitcode or 0, log.read_text(errors="replace"))) from None
        except BaseException:  # such as Ctrl-C in this process
            child.terminate()
            raise
        finally:
            child.join()
            ours.close()
    if kind == "failed":
        raise WorkFailed(*value)
    if kind == "error":
        raise value
    result: T = value
    return result


def _answer(pipe: Connection, log: str, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """In the child, which ends with its parent: send what work gives or raises."""
    end_with_parent()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND), 2)
    try:
        answer: tuple[str, Any] = ("result", work(*arguments))
    except GenError as error:
        answer = ("error", error)
    except Exception as error:
        answer = ("failed", (f"{type(error).__name__}: {error}", traceback.format_exc()))
    pipe.send_bytes(pickle.dumps(answer))
    pipe.close()


def _cause(code: int, log: str) -> str:
    """How a process ended, by its exit code as multiprocessing gives it, and its last words."""
    if code < 0:
        names = {number.value: number.name for number in signal.Signals}
        how = f"signal {names.get(-code, -code)}"
    else:
        how = f"exit status {code}"
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    last = " / ".join(lines[-LINES:])
    last = last if len(last) <= LENGTH else "..." + last[-LENGTH:]
    return f"{how}, after writing: {last}" if last else f"{how}, without output on stderr"
