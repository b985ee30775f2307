"""What the monitor makes of bytes."""

import os
from pathlib import Path

import pytest

from gen.device.monitor import greet, readable, watch
from gen.device.session import Frame, decode, encode
from gen.device.transport import Closing, open_stream
from gen.errors import DeviceGone
from tests.probe import program


class Silent(Closing):
    """Says nothing, then what it has, then it is gone."""

    name = "a port"

    def __init__(self, *says: bytes) -> None:
        self._says = list(says)
        self.got = b""

    def read(self, timeout_s: float) -> bytes:
        if not self._says:
            raise DeviceGone("a port is gone")
        return self._says.pop(0)

    def write(self, data: bytes) -> None:
        self.got += data

    def close(self) -> None:
        pass


def test_readable() -> None:
    assert readable(b"hello\r\nworld\t!\n") == "hello\r\nworld\t!\n"
    assert readable(b"\x1b[2J\xff") == "\\x1b[2J\\xff"
    assert readable(b"a" + encode(Frame(0x89, 7, b"xyz")) + b"b") == "a[frame type 0x89, 3 bytes]\nb"


def test_greet_knows_our_firmware() -> None:
    with open_stream(f"exec:{program()} 0") as stream:
        line, rest = greet(stream)
    assert "engine" in line and "SHA-256 ab00cd" in line and rest == b""


def test_greet_says_when_nobody_answers_and_loses_nothing(tmp_path: Path) -> None:
    """What a board says when opening its port has reset it."""
    with open_stream("exec:sh -c 'echo booting; sleep 60'") as stream:
        line, said = greet(stream)
    assert "no answer to HELLO" in line and said == b"booting\n"


def test_greet_says_that_firmware_is_of_another_version() -> None:
    class Old(Silent):
        def write(self, data: bytes) -> None:
            request = decode(data.strip(b"\0"))
            assert request is not None
            self._says = [encode(Frame(0x81, request.seq, b"\0"))]

    line, said = greet(Old())
    assert "speaks version 0 of the protocol" in line and len(said) > 9


def test_watch_shows_and_sends() -> None:
    keyboard, typing = os.pipe()
    os.write(typing, b"name%\n")
    os.close(typing)
    device = Silent(b"m-ready\n", b"", b"end\n")
    shown: list[str] = []
    with pytest.raises(DeviceGone):
        watch(device, shown.append, keyboard)
    os.close(keyboard)
    assert shown == ["m-ready\n", "end\n"]
    assert device.got == b"name%\n"
