"""The line to each emulated board, and to the host's process: its port and link.c with an engine that has no model.

gen/device/build.py builds the firmware as it does for a model."""

import random
from collections.abc import Iterator

import pytest

from gen.compiler.engines import Sources
from gen.device import board as boards
from gen.device.build import build
from gen.device.session import Frame, Session, Type, encode
from gen.device.transport import Closing, Stream, open_stream
from tests.dummy import EMPTY
from tests.probe import ENGINE, MAX_PAYLOAD, MODEL, Faults, conversation

EMULATED = [board.id for board in boards.load_all() if board.transport.startswith("exec:")]


@pytest.fixture(scope="module", params=EMULATED)
def command(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The transport of a board with its firmware."""
    board = boards.load(request.param)
    sources = Sources(
        engine="probe",
        name="probe",
        graph=EMPTY,
        files={"engine.c": ENGINE.read_text()},
        firmware=(),
        include_dirs=(".",),
        arena_bytes=0,
        peak_reason="there is no model",
        model_bytes=0,
        const_bytes=0,
        kernels=(),
    )
    return board.transport.format(elf=build(sources, board, tmp_path_factory.mktemp(board.id)).elf)


@pytest.fixture
def stream(command: str) -> Iterator[Stream]:
    """A device just reset."""
    with open_stream(command) as opened:
        yield opened


def test_conversation(stream: Stream) -> None:
    session = Session(stream)
    info = session.hello()
    assert info.model_sha256 == MODEL and info.max_payload == MAX_PAYLOAD
    for count in (1, 2):
        _, runs, _ = conversation(session, count)
        assert runs == count
    # HELLO may have been sent before the UART was up.
    assert session.garbled == 0


def test_every_byte_and_length(stream: Stream) -> None:
    session = Session(stream)
    session.hello()
    for start in (0, 128):
        payload = bytes(range(start, start + 128))
        assert session.echo(payload) == payload
    for length in (0, 1, 2, 127, 235, 239, MAX_PAYLOAD):
        for fill in (b"\0", b"\1", b"\xff"):
            assert session.echo(fill * length) == fill * length


def test_noise_then_a_session(stream: Stream) -> None:
    draw = random.Random(11)
    for length in (1, 3, 11, 200, 300, 2000):
        stream.write(draw.randbytes(length))
        assert Session(stream).echo(b"still here") == b"still here"


def test_damaged_line(stream: Stream) -> None:
    """Sometimes lost, cut, doubled, late or changed: every conversation still gives the right bytes, after one run."""
    sessions = [Session(Damaged(stream, seed, rate=0.1)) for seed in (5, 6, 7)]
    for count, session in enumerate(sessions, 1):
        _, runs, _ = conversation(session, seed=count)
        assert runs == count
    assert sum(session.resends for session in sessions) > 0


def test_repeated_runs_run_once(stream: Stream) -> None:
    """A host that was too impatient: the copies wait in the line while the model runs."""
    session = Session(stream, first_seq=40)
    session.hello()
    stream.write(encode(Frame(Type.RUN, 42, b"")) * 5)
    session.run()
    _, runs, _ = conversation(session, 1)
    assert runs == 2


def test_program_killed_in_the_middle_of_a_frame(stream: Stream) -> None:
    first = Session(stream)
    first.hello()
    stream.write(encode(Frame(Type.ECHO, 1, bytes(200)))[:100])
    assert Session(stream).echo(b"next") == b"next"


class Damaged(Closing):
    """A stream through Faults, each way."""

    def __init__(self, inner: Stream, seed: int, rate: float) -> None:
        self.name = inner.name
        self._inner = inner
        self._up, self._down = Faults(seed, rate), Faults(seed + 1, rate / 20)  # reads are many and short

    def read(self, timeout_s: float) -> bytes:
        arrived = self._inner.read(timeout_s)
        return self._down(arrived) if arrived else b""

    def write(self, data: bytes) -> None:
        self._inner.write(self._up(data))

    def close(self) -> None:
        self._inner.close()
