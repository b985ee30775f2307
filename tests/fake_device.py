"""A line in memory with a clock of its own, and devices behind it that answer as a test says."""

import struct
from collections.abc import Callable
from typing import Self

from gen.device.session import Frame, Session, Type, decode, encode
from gen.device.transport import Stream
from tests.probe import MAX_PAYLOAD

REPLY_HELLO = Type.HELLO | Type.REPLY


class Line:
    """A stream in memory with a clock of its own: answer(data) is what comes back when data are written.

    Counts its reads, so that a conversation without end fails instead of hanging."""

    name = "line"

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.now = 0.0
        self.written: list[tuple[float, bytes]] = []
        self._answer, self._waiting, self._reads = answer, b"", 0

    def clock(self) -> float:
        return self.now

    def read(self, timeout_s: float) -> bytes:
        assert timeout_s >= 0
        self._reads += 1
        assert self._reads < 200_000, "the session never gives up"
        self.now += 0.001 if self._waiting else timeout_s
        arrived, self._waiting = self._waiting, b""
        return arrived

    def write(self, data: bytes) -> None:
        self.written.append((self.now, data))
        self._waiting += self._answer(data)

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def start(answer: Callable[[bytes], bytes], first_seq: int = 1000) -> tuple[Session, Line]:
    line = Line(answer)
    stream: Stream = line
    return Session(stream, clock=line.clock, first_seq=first_seq), line


def hello_payload(version: int = 1, status: int = 0, max_payload: int = MAX_PAYLOAD, tick_kind: int = 2) -> bytes:
    told = struct.pack("<BHB32sIIHHHBI", version, max_payload, status, bytes(32), 9, 8, 1, 1, 0, tick_kind, 1000)
    return told + b"digits\0tflm\0"


def device(*answers: Frame | bytes | None, hello: bytes = hello_payload()) -> Callable[[bytes], bytes]:
    """A device that answers HELLO, and then each request with the next of answers: a payload gets the request's type
    and seq; None is silence."""
    left = list(answers)

    def answer(data: bytes) -> bytes:
        (asked,) = [decode(block) for block in data.split(b"\0") if block]
        assert asked is not None
        if asked.type == Type.HELLO:
            return encode(Frame(REPLY_HELLO, asked.seq, hello))
        given = left.pop(0) if left else None
        if given is None:
            return b""
        return encode(given if isinstance(given, Frame) else Frame(asked.type | Type.REPLY, asked.seq, given))

    return answer
