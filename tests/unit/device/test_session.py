"""gen/device/session.py against the real link.c behind a line that damages bytes, and against answers that are none."""

import itertools
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.device import session as protocol
from gen.device.session import Frame, Session, Type, decode, encode
from gen.errors import DeviceError, DeviceSilent, ProtocolError
from tests.fake_device import REPLY_HELLO, Line, start
from tests.probe import Device, Faults, conversation, raw

MANY = settings(derandomize=True, deadline=None, max_examples=150)


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
    assert session.frames >= 9
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
    assert session.frames == 2 * session.resends >= 18 and probe.runs == 1


def test_clean_line_sends_nothing_twice() -> None:
    device = Device()
    session, line = start(device.feed)
    conversation(session, 1)
    assert (session.frames, session.resends, session.garbled) == (9, 0, 0) and line.now < 0.1


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
        session.write_input(1, bytes(i % 251 for i in range(600)))
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
