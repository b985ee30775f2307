"""An input of 60,000 bytes took minutes for 20 vectors over an emulated line, and nothing moved meanwhile."""

import io
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.device import runs
from gen.device.session import Kind
from gen.progress import Progress
from tests.fake_device import start
from tests.probe import INPUT_1, Device

PIECES = st.tuples(st.binary(min_size=1, max_size=3), st.integers(1, 150))
DATA = st.lists(PIECES, max_size=40).map(lambda pieces: b"".join(piece * count for piece, count in pieces))


def unpacked(packed: bytes) -> bytes:
    data, at = b"", 0
    while at < len(packed):
        code = packed[at]
        taken = 1 if code > 127 else code + 1
        piece = packed[at + 1 : at + 1 + taken]
        assert len(piece) == taken
        data += piece * (code - 125) if code > 127 else piece
        at += 1 + taken
    return data


@settings(derandomize=True, deadline=None, max_examples=100)
@given(DATA, st.integers(2, 300))
def test_runs_stand_for_the_beginning_of_the_data(data: bytes, limit: int) -> None:
    packed, count = runs.pack(data, limit)
    assert len(packed) <= limit and unpacked(packed) == data[:count]
    assert count > 0 or not data


@settings(derandomize=True, deadline=None, max_examples=50)
@given(DATA)
def test_the_device_gets_what_was_written(data: bytes) -> None:
    """Through the real link.c, with UBSan."""
    content = (data + bytes(range(256)) * 3)[:INPUT_1]
    session, _ = start(Device().feed)
    shares: list[float] = []
    session.write_input(1, content, shares.append)
    assert session._read(Kind.INPUT, 1, INPUT_1) == content
    assert shares == sorted(shares) and shares[-1] == 1.0


@pytest.mark.parametrize(("content", "most"), [(bytes(INPUT_1), 1), (bytes(range(200)) * 3, 3)])
def test_few_frames_for_what_repeats_and_no_more_for_what_does_not(content: bytes, most: int) -> None:
    session, line = start(Device().feed)
    session.hello()
    session.tensor_bytes(Kind.INPUT, 1)
    before = len(line.written)
    session.write_input(1, content)
    assert len(line.written) - before <= most


def test_progress_moves_within_a_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    progress = Progress()
    progress("device", 3, 20)
    progress("device", 3.25, 20)
    assert "device: 3 of 20" in terminal.getvalue() and "device: 3.25 of 20" in terminal.getvalue()
