"""Standard output and standard error as other Unix programs treat them.

Nothing that is asked for is lost in silence: where standard output is closed or its disk is full, that is an error. A
reader that goes away (`| head`) is none: the process ends without a word, as by SIGPIPE. What can't be said on standard
error is not said."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

from gen.errors import GenError, why

READER_GONE = 141  # what a shell calls a process that SIGPIPE ended


class OutputLost(GenError):
    """Standard output can't take what was asked for."""


class ReaderGone(Exception):
    """Of standard output."""


class _Stream:
    """A text stream of the process, None where it was closed when the process began."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # names of files may be anything

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def isatty(self) -> bool:
        return self._stream is not None and bool(self._stream.isatty())

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def write(self, text: str) -> int:
        raise NotImplementedError

    def _discard(self) -> None:
        """What is still in its buffer would be an error once more at the end of the process."""
        with contextlib.suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)


class _Output(_Stream):
    def write(self, text: str) -> int:
        with self._as_output_lost():
            return int(self._stream.write(text))
        raise AssertionError

    def flush(self) -> None:
        if self._stream is not None:
            with self._as_output_lost():
                self._stream.flush()

    @contextlib.contextmanager
    def _as_output_lost(self) -> Iterator[None]:
        if self._stream is None:
            raise OutputLost("standard output is closed: there is nowhere to write to.")
        try:
            yield
        except BrokenPipeError:
            self._discard()
            raise ReaderGone from None
        except OSError as error:
            self._discard()
            raise OutputLost(f"standard output can't be written: {why(error)}.") from None


class _Errors(_Stream):
    def write(self, text: str) -> int:
        if self._stream is not None:
            try:
                self._stream.write(text)
            except OSError:
                self._discard()
        return len(text)

    def flush(self) -> None:
        if self._stream is not None:
            try:
                self._stream.flush()
            except OSError:
                self._discard()


def _occupy_descriptors() -> None:
    """No file that is opened later may be what others take for standard input, output or error."""
    number = os.open(os.devnull, os.O_RDWR)
    while number <= 2:
        os.set_inheritable(number, True)
        number = os.open(os.devnull, os.O_RDWR)
    os.close(number)


@contextlib.contextmanager
def guarded_streams() -> Iterator[None]:
    """sys.stdout and sys.stderr so until the block ends. What is written to stdout may raise OutputLost, ReaderGone."""
    plain = sys.stdout, sys.stderr
    _occupy_descriptors()
    output: Any = _Output(sys.stdout)
    errors: Any = _Errors(sys.stderr)
    sys.stdout, sys.stderr = output, errors
    try:
        yield
    finally:
        errors.flush()
        sys.stdout, sys.stderr = plain
