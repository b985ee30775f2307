"""gen/device/session.py with devices that answer as agreed, refuse, fail, are reset, or are silent."""

import struct

import numpy as np
import pytest

from gen.device import session as protocol
from gen.device.session import Frame, Kind, Session, Type, decode, encode
from gen.errors import DeviceError, DeviceReset, DeviceSilent, ProtocolError, StackOverflow, WrongModel
from tests.fake_device import Line, device, hello_payload, start
from tests.probe import INPUT_0, MAX_PAYLOAD, OUTPUT, Device


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


@pytest.mark.parametrize(("status", "words"), [(2, "damaged"), (4, "not been initialized"), (77, "engine status 77")])
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
