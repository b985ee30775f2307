"""gen/session.py against the real link.c behind a line that damages bytes, and against devices that misbehave."""

import itertools
import random
import struct
from collections.abc import Callable
from typing import Self

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen import session as protocol
from gen.errors import DeviceError, DeviceReset, DeviceSilent, ProtocolError, StackOverflow, WrongModel
from gen.session import Frame, Kind, Session, Type, decode, encode
from gen.transport import Stream
from tests.unit.probe import INPUT_0, MAX_PAYLOAD, OUTPUT, Device, Faults, conversation, raw

MANY = settings(derandomize=True, deadline=None, max_examples=150)
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


@MANY
@given(seed=st.integers(0, 2**32 - 1), rate=st.sampled_from([0.02, 0.1, 0.3, 0.6, 1.0]))
def test_damaged_line_never_gives_a_wrong_answer(seed: int, rate: float) -> None:
    device = Device()
    up, down = Faults(seed, rate), Faults(seed + 1, rate)
    session, line = start(lambda data: down(device.feed(up(data))), first_seq=seed)
    try:
        _, runs, ticks = conversation(session, seed)
    except DeviceError as error:
        assert isinstance(error, DeviceSilent | ProtocolError)
        assert device.runs <= 1
    else:
        assert runs == device.runs == 1  # whatever was sent again, the model ran once
        assert ticks == 1000
    # HELLO, 2 + 3 + 1 for the inputs, RUN, 2 for the output, and at the end of each at most one read of slack.
    assert line.now <= protocol.HELLO_S + 8 * protocol.ANSWER_S + protocol.RUN_S + 0.02


@pytest.mark.parametrize("seed", range(40))
def test_damaged_line_recovers(seed: int) -> None:
    """One transfer in eight damaged: every conversation succeeds, within the time that its resends take."""
    device = Device()
    up, down = Faults(seed, 0.12), Faults(seed + 1000, 0.12)
    session, line = start(lambda data: down(device.feed(up(data))), first_seq=seed)
    conversation(session, seed)
    assert session.frames >= 10
    assert line.now <= 1.1 * session.resends * protocol.RESEND_RUN_S + 1


@pytest.mark.parametrize("deaf", ["device", "host"])
def test_every_other_transfer_lost(deaf: str) -> None:
    """Requests that never arrive, and answers that never do: the second makes every request a repeat."""
    probe = Device()
    lost = itertools.cycle([True, False])

    def answer(data: bytes) -> bytes:
        if deaf == "device":
            return b"" if next(lost) else probe.feed(data)
        reply = probe.feed(data)
        return b"" if next(lost) else reply

    session, _ = start(answer)
    conversation(session, 3)
    assert session.frames == 2 * session.resends > 20 and probe.runs == 1


def test_clean_line_sends_nothing_twice() -> None:
    device = Device()
    session, line = start(device.feed)
    conversation(session, 1)
    assert (session.frames, session.resends, session.garbled) == (10, 0, 0) and line.now < 0.1


def test_frames_shrink_on_a_bad_line_and_grow_again() -> None:
    probe = Device()
    lengths: list[int] = []
    lose = [True, True, True, False] * 3

    def answer(data: bytes) -> bytes:
        lengths.append(len(data))
        return b"" if lose and lengths[1:] and lose.pop() else probe.feed(data)

    session, _ = start(answer)
    session.hello()
    for _ in range(5):
        session.write_input(1, bytes(600))
    writes = [length for length in lengths if length > 20]
    assert max(writes[:3]) > 240 and min(writes) < 60 and max(writes[-8:]) > 120


@MANY
@given(kind=st.integers(0, 255), seq=st.integers(0, 2**32 - 1), payload=st.binary(max_size=300))
def test_encode_decode(kind: int, seq: int, payload: bytes) -> None:
    frame = Frame(kind, seq, payload)
    line = encode(frame)
    assert line[0] == line[-1] == 0 and 0 not in line[1:-1]
    assert decode(line[1:-1]) == frame


@MANY
@given(st.binary(max_size=300), st.integers(0, 299), st.integers(1, 255))
def test_one_wrong_byte_is_noticed(payload: bytes, at: int, change: int) -> None:
    block = bytearray(encode(Frame(Type.ECHO, 77, payload))[1:-1])
    block[at % len(block)] ^= change
    assert decode(bytes(block)) is None


@pytest.mark.parametrize("length", [0, 2, 4, 0x103])
def test_wrong_length_is_noticed(length: int) -> None:
    assert decode(raw(struct.pack("<BIH", Type.ECHO, 8, length) + b"abc")[1:-1]) is None
    assert decode(raw(struct.pack("<BIH", Type.ECHO, 8, 3) + b"abc")[1:-1]) == Frame(Type.ECHO, 8, b"abc")


def test_board_with_a_larger_payload() -> None:
    """Frames of more than one COBS block: of 253, 254 and 255 bytes without a zero, and at the end of the frame."""
    session, _ = start(Device("-DLINK_MAX_PAYLOAD=1024").feed)
    assert session.hello().max_payload == 1024
    drawn = random.Random(1)
    for length in (*range(240, 270), *range(500, 520), 1023, 1024):
        for payload in (b"\xff" * length, bytes(length), drawn.randbytes(length), b"\1" * (length - 1) + b"\0"):
            assert session.echo(payload) == payload
    assert session.resends == session.garbled == 0
    conversation(session, 1)


@MANY
@given(st.lists(st.binary(max_size=400), max_size=30))
def test_random_bytes_are_no_answer(chunks: list[bytes]) -> None:
    session, line = start(lambda _: chunks.pop() if chunks else b"")
    with pytest.raises(DeviceSilent):
        session.hello()
    assert line.now <= protocol.HELLO_S + 0.01


class Flood(Line):
    """Something else talks, all the time."""

    def read(self, timeout_s: float) -> bytes:
        self.now += 0.01
        return b"log line without end\r\n" * 1000


def test_flood_without_end_is_given_up() -> None:
    line = Flood(lambda _: b"")
    session = Session(line, clock=line.clock)
    with pytest.raises(DeviceSilent, match="bytes came, but no answer"):
        session.hello()
    assert len(line.written) <= 21


@MANY
@given(st.integers(0, 255), st.integers(-3, 3).filter(bool), st.binary(max_size=100))
def test_answer_with_another_seq_is_ignored(kind: int, off: int, payload: bytes) -> None:
    """Also an error: LINK_GARBLED, which has no seq to go by, only asks to send again."""

    def answer(data: bytes) -> bytes:
        (asked,) = [decode(block) for block in data.split(b"\0") if block]
        assert asked is not None
        return encode(Frame(kind, (asked.seq + off) & 0xFFFFFFFF, payload))

    session, _ = start(answer)
    with pytest.raises(DeviceSilent):
        session.hello()


@MANY
@given(st.integers(0, 254).filter(lambda kind: kind != REPLY_HELLO), st.binary(max_size=100))
def test_answer_of_another_type_is_ignored(kind: int, payload: bytes) -> None:
    session, _ = start(lambda data: encode(Frame(kind, 1001, payload)))
    with pytest.raises(DeviceSilent):
        session.hello()


@MANY
@given(st.binary(max_size=140).map(lambda rest: b"\1" + rest) | st.binary(max_size=140))
def test_any_answer_to_hello(payload: bytes) -> None:
    session, _ = start(lambda _: encode(Frame(REPLY_HELLO, 1001, payload)))
    with pytest.raises(ProtocolError, match="rebuild and flash"):
        session.hello()


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


def test_hello_tells_what_the_device_is() -> None:
    session, _ = start(device())
    info = session.hello()
    assert (info.model, info.engine, info.tick_kind, info.tick_hz) == ("digits", "tflm", "timer", 1000)
    assert (info.max_payload, info.arena_bytes, info.arena_used, info.ops) == (MAX_PAYLOAD, 9, 8, 0)
    assert session.info is info


@pytest.mark.parametrize(
    "hello",
    [
        hello_payload(max_payload=7),
        hello_payload(tick_kind=3),
        hello_payload() + b"x",
        hello_payload()[:-1],
        hello_payload()[:-5],
        hello_payload() + b"\0",
    ],
)
def test_hello_not_as_agreed(hello: bytes) -> None:
    with pytest.raises(ProtocolError, match="not as agreed: rebuild and flash"):
        start(device(hello=hello))[0].hello()


def test_other_version() -> None:
    with pytest.raises(ProtocolError, match=r"version 2 of the protocol, this program version 1: rebuild and flash"):
        start(device(hello=hello_payload(version=2) + b"and more"))[0].hello()


def test_wrong_model() -> None:
    session, _ = start(device())
    session.expect_model("00" * 32)
    with pytest.raises(WrongModel, match=r"runs the model 'digits' with SHA-256 0{12}, not the one with ff0{10}:"):
        session.expect_model("ff" + "00" * 31)


def test_hello_is_repeated_until_the_device_is_up() -> None:
    boot = b"boot: SPI Flash Size 4MB\r\n\xff\xfe"

    def answer(data: bytes) -> bytes:
        return device()(data) if line.now > 3 else boot

    session, line = start(answer)
    session.hello()
    assert [round(at, 1) for at, _ in line.written] == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]
    assert len({data for _, data in line.written}) == 1 and session.resends == 7


def test_garbled_request_is_sent_again_soon() -> None:
    session, line = start(device(Frame(Type.ERROR, 0, b"\1"), b"abc"))
    assert session.echo(b"abc") == b"abc"
    assert session.resends == 1 and line.now < 0.1


def test_silence_is_explained() -> None:
    session, line = start(lambda _: b"")
    with pytest.raises(DeviceSilent, match=r"from line within 10 s \(nothing came\): check the port, the baud"):
        session.hello()
    assert line.now == pytest.approx(protocol.HELLO_S)


def test_run_may_take_long_and_is_not_sent_often() -> None:
    def answer(data: bytes) -> bytes:
        return device(struct.pack("<BQ", 0, 2**40))(data) if line.now > 20 or len(line.written) == 1 else b""

    session, line = start(answer)
    assert session.run() == 2**40
    assert 20 <= session.resends <= 22


@pytest.mark.parametrize(
    ("code", "words"),
    [(3, "another program"), (4, "request"), (5, "no such tensor"), (6, "within"), (99, "error 99")],
)
def test_refusal_is_explained(code: int, words: str) -> None:
    session, _ = start(device(Frame(Type.ERROR, 1002, bytes([code]))))
    with pytest.raises(ProtocolError, match=f"line refused STACK: .*{words}"):
        session.stack_used()


def test_refusal_without_code() -> None:
    with pytest.raises(ProtocolError, match="refused STACK"):
        start(device(Frame(Type.ERROR, 1002, b"")))[0].stack_used()


def test_failed_init_is_explained() -> None:
    for answer in (Frame(Type.ERROR, 1002, b"\7"), struct.pack("<BQ", 4, 0)):
        session, _ = start(device(answer, hello=hello_payload(status=1)))
        with pytest.raises(DeviceError, match="the arena is too small") as caught:
            session.run()
        assert caught.type is DeviceError


@pytest.mark.parametrize(("status", "words"), [(2, "damaged"), (4, "not been initialised"), (77, "engine status 77")])
def test_failed_run_is_explained(status: int, words: str) -> None:
    session, _ = start(device(struct.pack("<BQ", status, 0)))
    with pytest.raises(DeviceError, match=f"RUN failed on line: .*{words}"):
        session.run()


def test_answer_of_the_wrong_length() -> None:
    with pytest.raises(ProtocolError, match="answered STACK with 7 bytes instead of 8"):
        start(device(bytes(7)))[0].stack_used()
    with pytest.raises(ProtocolError, match="answered READ with 3 bytes instead of 4"):
        start(device(struct.pack("<I", 4), b"abc"))[0].read_output(0, 4)


def test_tensor_of_another_size() -> None:
    session, _ = start(Device().feed)
    for ask in (
        lambda: session.write_input(0, bytes(INPUT_0 - 1)),
        lambda: session.write_input(0, np.zeros(INPUT_0, np.float32)),
        lambda: session.read_output(0, OUTPUT + 1),
        lambda: session.read_op(1, 2),
    ):
        with pytest.raises(ProtocolError, match=r"has \d+ bytes on line and \d+ here"):
            ask()
    with pytest.raises(ProtocolError, match="no such tensor"):
        session.tensor_bytes(Kind.OUTPUT, 1)


def test_operator_by_operator() -> None:
    session, _ = start(Device().feed)
    assert session.run_op(1) == 10
    assert session.read_op(1, 1) == b"\2"
    with pytest.raises(DeviceError, match="RUN_OP failed on line: there is no such operator"):
        session.run_op(2)


def test_stack_init_echo() -> None:
    session, _ = start(Device().feed)
    assert session.stack_used() == 123
    assert session.init() == 0
    assert session.echo(bytes(range(MAX_PAYLOAD))) == bytes(range(MAX_PAYLOAD))
    assert start(device(struct.pack("<II", 5, 0)))[0].stack_used() is None


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        (b"\0\0\0\0\0", DeviceReset, "was reset during RUN, not by a fault"),
        (b"\1\x10\2\0\x08", DeviceReset, "was reset during RUN by a fault of the firmware at address 0x08000210"),
        (b"\2\0\0\0\0", StackOverflow, r"was reset during RUN: its stack overflowed\. Give it more"),
        (b"\0", DeviceReset, "was reset during RUN and does not say why: "),
    ],
    ids=["none", "fault", "stack", "no answer"],
)
def test_device_reset_in_the_middle(said: bytes, error: type[DeviceReset], words: str) -> None:
    """What a fault on the device looks like: it starts afresh, no longer knows the session, and says why."""
    session, _ = start(device(Frame(Type.ERROR, 1002, b"\2"), said))
    with pytest.raises(error, match=words):
        session.run()


def test_a_device_that_is_reset_again_and_again() -> None:
    """Asking it why must end, though each time it forgets the session."""
    probe = Device()

    def answer(data: bytes) -> bytes:
        request = decode(data.strip(b"\0"))
        assert request is not None
        if request.type == Type.HELLO:
            return probe.feed(data)
        return encode(Frame(Type.ERROR, request.seq, b"\2"))

    session, _ = start(answer)
    with pytest.raises(DeviceReset, match=r"does not say why: .* starts again and again"):
        session.run()


def test_last_fault() -> None:
    assert start(Device().feed)[0].last_fault() == (2, 0x1234)


def test_answers_to_an_earlier_session_are_ignored() -> None:
    """A program was killed while its device answered; the next one finds those answers, seq by seq the same."""
    first, line = start(device(b"old", b"old", b"old"), first_seq=1)
    first.hello()
    stale = b"".join(line._answer(encode(Frame(Type.ECHO, seq, b"old"))) for seq in (2, 3, 4))
    served = device(b"new")
    session, _ = start(lambda data: stale + served(data), first_seq=500)
    assert session.echo(b"new") == b"new"


def test_sessions_start_at_different_seqs() -> None:
    lines = [Line(device()) for _ in range(4)]
    for line in lines:
        Session(line, clock=line.clock).hello()
    assert len({line.written[0][1] for line in lines}) == 4
