"""A byte stream to a device: a serial port, or a program's standard input and output (an emulator, the host board).

"serial:/dev/ttyUSB0[?baud=921600]"   a port, or any URL of pyserial: serial:socket://localhost:4000
"exec:qemu-system-arm -M ... -serial stdio"   a command line, split as a shell would, run without one
"""

import os
import re
import select
import shlex
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import serial
from serial.tools import list_ports

from gen.child import Child
from gen.errors import DeviceGone, DeviceSilent, MissingTool, UsageError, why

BAUD = 115200
WRITE_DEADLINE_S = 5.0
END_DEADLINE_S = 1.0  # between the end of a program's output and its own
READ_BYTES = 1 << 16
STDERR_BYTES = 1000
# Debian's package of each program that is not named as its package is.
PACKAGES = {"qemu-system-riscv32": "qemu-system-misc", "qemu-system-xtensa": "qemu-system-misc"}


class Stream(Protocol):
    """What a session talks through; a context manager that closes."""

    name: str

    def read(self, timeout_s: float) -> bytes:
        """Whatever has arrived, at once; b"" when nothing does within timeout_s. Raises DeviceGone."""

    def write(self, data: bytes) -> None:
        """Send all of data. Raises DeviceGone, and DeviceSilent when it isn't taken within WRITE_DEADLINE_S."""

    def close(self) -> None:
        """Let go of port or program; more than once is fine."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Closing(ABC):
    """A context manager of anything that closes."""

    @abstractmethod
    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_stream(spec: str, baud: int = BAUD) -> Stream:
    """The stream that spec names; baud is what "serial:" takes unless spec says otherwise.

    Raises UsageError for a spec or port that can't be, MissingTool where the program is not installed."""
    kind, _, rest = spec.partition(":")
    if kind == "serial" and rest:
        return SerialStream(*_split_baud(rest, baud))
    if kind == "exec" and rest.strip():
        return ProcessStream(rest)
    raise UsageError(f'transport {spec!r} is neither "serial:<port>[?baud=N]" nor "exec:<command line>"')


def _split_baud(url: str, baud: int) -> tuple[str, int]:
    """url without its baud=N, and N."""
    match = re.search(r"[?&]baud=([^&]*)", url)
    if match is None:
        return url, baud
    if not (match[1].isascii() and match[1].isdigit() and int(match[1]) > 0):
        raise UsageError(f"baud={match[1]} in serial:{url} is not a number of bits per second, such as {BAUD}")
    rest = url[: match.start()] + url[match.end() :].replace("&", "?" if match[0][0] == "?" else "&", 1)
    return rest, int(match[1])


class SerialStream(Closing):
    """A serial port or another URL that pyserial opens."""

    def __init__(self, url: str, baud: int) -> None:
        self.name = url
        try:
            # A short timeout of its own: setting pyserial's timeout anew for each read would reconfigure the port.
            self._port = serial.serial_for_url(url, baud, timeout=0.05, write_timeout=WRITE_DEADLINE_S, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            raise UsageError(f"can't open {url}: {_why(error)}; {_ports()}") from error

    def read(self, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        data = b""
        try:
            data += self._port.read(1)
            while not data and time.monotonic() < deadline:
                data += self._port.read(1)
            while data and len(data) < READ_BYTES and (waiting := self._port.in_waiting):
                data += self._port.read(waiting)
        except (serial.SerialException, OSError, TypeError) as error:  # TypeError: pyserial's port closed meanwhile
            if not data:  # else what came before the end is told first, and the end by the next read
                raise DeviceGone(f"{self.name} is gone: {_why(error)}") from error
        return data

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except serial.SerialTimeoutException as error:
            raise DeviceSilent(f"{self.name} took no data within {WRITE_DEADLINE_S:g} s: check the port") from error
        except (serial.SerialException, OSError) as error:
            raise DeviceGone(f"{self.name} is gone: {_why(error)}") from error

    def close(self) -> None:
        self._port.close()


def _why(error: Exception) -> str:
    """The reason in one sentence; pyserial's message with what it wraps cut off."""
    text = str(error)
    if "Errno 13" in text:
        return "permission denied (on Linux: add yourself to the group dialout)"
    if "exclusively lock" in text:
        return "another program uses it"
    inner = re.findall(r"\[Errno \d+\] ([^:]+)", text)
    return str(inner[-1]).lower() if inner else text


def _ports() -> str:
    ports = sorted(port.device for port in list_ports.comports())
    return f"ports here: {', '.join(ports)}" if ports else "there is no serial port on this machine: plug the board in"


class ProcessStream(Closing):
    """Standard input and output of a program, which ends, with all its children, when the stream is closed."""

    def __init__(self, command: str) -> None:
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"exec:{command} is no command line: {str(error).lower()}") from error
        self.name = Path(words[0]).name
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (a file, since nobody empties a pipe)
        try:
            self._child = Child(words, stderr=self._stderr)
        except OSError as error:
            self._stderr.close()
            raise _cannot_run(words[0], error) from error
        stdin, stdout = self._child.process.stdin, self._child.process.stdout
        assert stdin is not None and stdout is not None
        self._in, self._out = stdin, stdout
        os.set_blocking(self._in.fileno(), False)
        os.set_blocking(self._out.fileno(), False)

    def read(self, timeout_s: float) -> bytes:
        ready, _, _ = select.select([self._out], [], [], timeout_s)
        if not ready:
            return b""
        data = os.read(self._out.fileno(), READ_BYTES)
        if not data:
            raise self._gone()
        return data

    def write(self, data: bytes) -> None:
        left = memoryview(data)
        deadline = time.monotonic() + WRITE_DEADLINE_S
        while left:
            _, ready, _ = select.select([], [self._in], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise DeviceSilent(f"{self.name} took no data within {WRITE_DEADLINE_S:g} s: it hangs")
            try:
                left = left[os.write(self._in.fileno(), left) :]
            except BlockingIOError:  # less room than one atomic write of a pipe
                time.sleep(0.001)
            except BrokenPipeError as error:
                raise self._gone() from error

    def close(self) -> None:
        if self._stderr.closed:
            return
        self._child.end()
        for file in (self._in, self._out, self._stderr):
            file.close()

    def _gone(self) -> DeviceGone:
        """Why the program no longer talks."""
        try:
            status = self._child.process.wait(END_DEADLINE_S)
        except subprocess.TimeoutExpired:
            return DeviceGone(f"{self.name} closed its end of the line: {self._said()}")
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with exit status {status}"
        return DeviceGone(f"{self.name} ended {how}: {self._said()}")

    def _said(self) -> str:
        """The end of what it wrote to stderr, in one line."""
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - STDERR_BYTES))
        lines = self._stderr.read().decode(errors="replace").split("\n")
        return " | ".join(line.strip() for line in lines if line.strip()) or "it wrote nothing to stderr"


def _cannot_run(program: str, error: OSError) -> MissingTool | UsageError:
    if "/" in program:
        return UsageError(f"can't run {program}: {why(error)}; build the firmware first")
    return MissingTool(f"{program} is not installed: `apt-get install {PACKAGES.get(program, program)}` brings it")
