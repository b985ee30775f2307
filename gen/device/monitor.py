"""What a device says: our protocol's frames in words, everything else as text; what is typed goes to the device."""

import os
import select
from collections.abc import Callable

from gen.device.session import Session, decode
from gen.device.transport import Closing, Stream
from gen.errors import DeviceSilent, ProtocolError

GREETING_S = 2.0
POLL_S = 0.05
Print = Callable[[str], None]


class _Heard(Closing):
    """A stream that keeps what was read from it."""

    def __init__(self, stream: Stream) -> None:
        self.name, self.bytes, self._stream = stream.name, b"", stream

    def read(self, timeout_s: float) -> bytes:
        data = self._stream.read(timeout_s)
        self.bytes += data
        return data

    def write(self, data: bytes) -> None:
        self._stream.write(data)

    def close(self) -> None:
        self._stream.close()


def greet(stream: Stream) -> tuple[str, bytes]:
    """One line on which firmware of ours answers, and nothing; or that none does, and what came instead."""
    heard = _Heard(stream)
    try:
        info = Session(heard, hello_s=GREETING_S).hello()
    except DeviceSilent:
        line = f"{stream.name}: no answer to HELLO: other firmware, or another baud rate; what it sends follows"
        return line, heard.bytes
    except ProtocolError as error:
        return str(error), heard.bytes
    ready = "ready" if info.engine_status == 0 else f"not ready, engine status {info.engine_status}"
    line = (
        f"{stream.name}: model {info.model} (SHA-256 {info.model_sha256[:12]}), engine {info.engine}, {ready}, "
        f"arena {info.arena_used:,} of {info.arena_bytes:,} bytes"
    )
    return line, b""


def readable(data: bytes) -> str:
    """Bytes for a terminal: frames between zero bytes in words, text as it is, other bytes in hexadecimal."""
    parts = []
    for block in data.split(b"\0"):
        frame = decode(block) if block else None
        if frame is not None:
            parts.append(f"[frame type {frame.type:#04x}, {len(frame.payload)} bytes]\n")
        else:
            parts.append("".join(_character(byte) for byte in block))
    return "".join(parts)


def _character(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 or byte in b"\n\r\t" else f"\\x{byte:02x}"


def watch(stream: Stream, show: Print, keyboard: int | None) -> None:
    """Until the line ends (DeviceGone) or Ctrl-C: shows what arrives, sends what the file keyboard has."""
    while True:
        arrived = stream.read(POLL_S)
        if arrived:
            show(readable(arrived))
        if keyboard is not None and select.select([keyboard], [], [], 0)[0]:
            typed = os.read(keyboard, 4096)
            keyboard = keyboard if typed else None
            stream.write(typed)
