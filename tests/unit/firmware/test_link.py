"""firmware/link.c, compiled with ASan and UBSan and driven as a process: boundaries of every field, and noise."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.device.session import ERRORS, PLACE, READ, WRITE, Frame, Kind, Type, encode
from tests.probe import INPUT_0, INPUT_1, MAX_PAYLOAD, OPS, OUTPUT, raw, talk

GARBLED, NO_SESSION, BAD_SEQ, BAD_REQUEST, BAD_INDEX, BAD_RANGE, NOT_READY = range(1, 8)
FEW = settings(derandomize=True, deadline=None, max_examples=60)
noise = st.binary(max_size=700) | st.lists(st.sampled_from([0, 1, 2, 3, 254, 255]), max_size=700).map(bytes)


def requests(*asked: tuple[Type, bytes], seq: int = 7) -> bytes:
    """HELLO at seq and then the requests, as they go over the line."""
    frames = [Frame(Type.HELLO, seq, b"\1")]
    frames += [Frame(kind, (seq + 1 + i) & 0xFFFFFFFF, payload) for i, (kind, payload) in enumerate(asked)]
    return b"".join(map(encode, frames))


def error(seq: int, code: int) -> Frame:
    return Frame(Type.ERROR, seq, bytes([code]))


def ask(kind: Type, payload: bytes = b"", status: int = 0) -> Frame:
    """The answer to one request after HELLO; it must have the request's seq."""
    hello, answer = talk(requests((kind, payload)), status)
    assert hello.type == Type.HELLO | Type.REPLY and answer.seq == 8
    return answer


def test_every_error_has_its_sentence() -> None:
    assert {NO_SESSION, *ERRORS} == {NO_SESSION, BAD_SEQ, BAD_REQUEST, BAD_INDEX, BAD_RANGE}


@pytest.mark.parametrize(
    ("kind", "payload", "code"),
    [
        (Type.TENSOR, b"", BAD_REQUEST),
        (Type.TENSOR, b"\0\0", BAD_REQUEST),
        (Type.TENSOR, b"\0\0\0\0", BAD_REQUEST),
        (Type.TENSOR, PLACE.pack(Kind.INPUT, 2), BAD_INDEX),
        (Type.TENSOR, PLACE.pack(Kind.INPUT, 0xFFFF), BAD_INDEX),
        (Type.TENSOR, PLACE.pack(Kind.OUTPUT, 1), BAD_INDEX),
        (Type.TENSOR, PLACE.pack(Kind.OP_OUTPUT, OPS), BAD_INDEX),
        (Type.TENSOR, PLACE.pack(3, 0), BAD_INDEX),
        (Type.TENSOR, PLACE.pack(255, 0), BAD_INDEX),
        (Type.WRITE, WRITE.pack(Kind.INPUT, 0, 0)[:-1], BAD_REQUEST),
        (Type.WRITE, WRITE.pack(Kind.INPUT, 2, 0) + b"x", BAD_INDEX),
        (Type.WRITE, WRITE.pack(Kind.OUTPUT, 0, 0) + b"x", BAD_INDEX),
        (Type.WRITE, WRITE.pack(Kind.OP_OUTPUT, 0, 0) + b"x", BAD_INDEX),
        (Type.WRITE, WRITE.pack(Kind.INPUT, 0, INPUT_0) + b"x", BAD_RANGE),
        (Type.WRITE, WRITE.pack(Kind.INPUT, 0, INPUT_0 - 1) + b"xx", BAD_RANGE),
        (Type.WRITE, WRITE.pack(Kind.INPUT, 0, 0) + bytes(INPUT_0 + 1), BAD_RANGE),
        (Type.WRITE, WRITE.pack(Kind.INPUT, 0, 0xFFFFFFFF) + b"x", BAD_RANGE),
        (Type.WRITE, WRITE.pack(Kind.INPUT, 0, 0xFFFFFFFF), BAD_RANGE),
        (Type.WRITE_RUNS, WRITE.pack(Kind.INPUT, 0, 0)[:-1], BAD_REQUEST),
        (Type.WRITE_RUNS, WRITE.pack(Kind.INPUT, 2, 0) + b"\0x", BAD_INDEX),
        (Type.WRITE_RUNS, WRITE.pack(Kind.OUTPUT, 0, 0) + b"\0x", BAD_INDEX),
        (Type.WRITE_RUNS, WRITE.pack(Kind.INPUT, 0, INPUT_0) + b"\0x", BAD_RANGE),
        (Type.WRITE_RUNS, WRITE.pack(Kind.INPUT, 0, 0) + b"\1x", BAD_RANGE),
        (Type.WRITE_RUNS, WRITE.pack(Kind.INPUT, 0, 0) + b"\x80", BAD_RANGE),
        (Type.WRITE_RUNS, WRITE.pack(Kind.INPUT, 0, 0) + b"\xffx" * 4, BAD_RANGE),
        (Type.WRITE_RUNS, WRITE.pack(Kind.INPUT, 0, 0xFFFFFFFF) + b"\0x", BAD_RANGE),
        (Type.READ, READ.pack(Kind.OUTPUT, 0, 0, 1)[:-1], BAD_REQUEST),
        (Type.READ, READ.pack(Kind.OUTPUT, 0, 0, 1) + b"x", BAD_REQUEST),
        (Type.READ, READ.pack(Kind.OUTPUT, 1, 0, 1), BAD_INDEX),
        (Type.READ, READ.pack(Kind.OUTPUT, 0, OUTPUT, 1), BAD_RANGE),
        (Type.READ, READ.pack(Kind.OUTPUT, 0, 1, OUTPUT), BAD_RANGE),
        (Type.READ, READ.pack(Kind.OUTPUT, 0, 0xFFFFFFFF, 1), BAD_RANGE),
        (Type.READ, READ.pack(Kind.OUTPUT, 0, 0xFFFFFFFF, 0xFFFF), BAD_RANGE),
        (Type.READ, READ.pack(Kind.INPUT, 1, 0, MAX_PAYLOAD + 1), BAD_RANGE),
        (Type.READ, READ.pack(Kind.INPUT, 1, 0, 0xFFFF), BAD_RANGE),
        (Type.RUN, b"x", BAD_REQUEST),
        (Type.RUN_OP, b"", BAD_REQUEST),
        (Type.RUN_OP, b"\0\0\0", BAD_REQUEST),
        (Type.INIT, b"x", BAD_REQUEST),
        (Type.STACK, b"x", BAD_REQUEST),
        (0, b"", BAD_REQUEST),
        (10, b"", BAD_REQUEST),
        (0x7F, bytes(MAX_PAYLOAD), BAD_REQUEST),
    ],
)
def test_bad_request_is_refused(kind: Type, payload: bytes, code: int) -> None:
    assert ask(kind, payload) == error(8, code)


@pytest.mark.parametrize(
    ("kind", "payload", "answer"),
    [
        (Type.TENSOR, PLACE.pack(Kind.INPUT, 0), struct.pack("<I", INPUT_0)),
        (Type.TENSOR, PLACE.pack(Kind.INPUT, 1), struct.pack("<I", INPUT_1)),
        (Type.TENSOR, PLACE.pack(Kind.OUTPUT, 0), struct.pack("<I", OUTPUT)),
        (Type.TENSOR, PLACE.pack(Kind.OP_OUTPUT, OPS - 1), struct.pack("<I", 1)),
        (Type.WRITE, WRITE.pack(Kind.INPUT, 0, 0) + bytes(INPUT_0), b""),
        (Type.WRITE, WRITE.pack(Kind.INPUT, 0, INPUT_0 - 1) + b"x", b""),
        (Type.WRITE, WRITE.pack(Kind.INPUT, 0, INPUT_0), b""),
        (Type.WRITE, WRITE.pack(Kind.INPUT, 1, 0) + bytes(MAX_PAYLOAD - WRITE.size), b""),
        (Type.WRITE_RUNS, WRITE.pack(Kind.INPUT, 0, INPUT_0 - 3) + b"\x80x", b""),
        (Type.WRITE_RUNS, WRITE.pack(Kind.INPUT, 0, INPUT_0 - 1) + b"\0x", b""),
        (Type.WRITE_RUNS, WRITE.pack(Kind.INPUT, 0, INPUT_0), b""),
        (Type.READ, READ.pack(Kind.OUTPUT, 0, 0, OUTPUT), bytes(OUTPUT)),
        (Type.READ, READ.pack(Kind.OUTPUT, 0, OUTPUT, 0), b""),
        (Type.READ, READ.pack(Kind.INPUT, 1, INPUT_1 - MAX_PAYLOAD, MAX_PAYLOAD), bytes(MAX_PAYLOAD)),
        (Type.RUN, b"", struct.pack("<BQ", 0, 1000)),
        (Type.RUN_OP, b"\0\0", struct.pack("<BQ", 0, 10)),
        (Type.RUN_OP, struct.pack("<H", OPS), struct.pack("<BQ", 5, 0)),
        (Type.RUN_OP, b"\xff\xff", struct.pack("<BQ", 5, 0)),
        (Type.INIT, b"", struct.pack("<BQ", 0, 0)),
        (Type.STACK, b"", struct.pack("<II", 123, 456)),
        (Type.ECHO, b"", b""),
        (Type.ECHO, bytes(MAX_PAYLOAD), bytes(MAX_PAYLOAD)),
        (Type.ECHO, bytes(range(1, MAX_PAYLOAD + 1)), bytes(range(1, MAX_PAYLOAD + 1))),
        (Type.ECHO, b"\xff" * MAX_PAYLOAD, b"\xff" * MAX_PAYLOAD),
    ],
)
def test_good_request_is_answered(kind: Type, payload: bytes, answer: bytes) -> None:
    assert ask(kind, payload) == Frame(kind | Type.REPLY, 8, answer)


def test_hello_tells_all() -> None:
    (hello,) = talk(encode(Frame(Type.HELLO, 5, b"whatever a later host adds")), status=1)
    sha256 = bytes([0xAB, 0, 0xCD]) + bytes(29)
    told = struct.pack("<BHB32sIIHHHBI", 1, MAX_PAYLOAD, 1, sha256, 4096, 4000, 2, 1, OPS, 2, 1_000_000)
    # A name longer than the 31 bytes of engine.h is cut.
    assert hello == Frame(Type.HELLO | Type.REPLY, 5, told + b"a name of thirty-two bytes, her\0probe\0")


def test_failed_engine_answers_and_can_be_initialized_again() -> None:
    place = PLACE.pack(Kind.INPUT, 0)
    asked = [(Type.TENSOR, place), (Type.RUN, b""), (Type.RUN_OP, b"\0\0"), (Type.INIT, b""), (Type.TENSOR, place)]
    _, *answers = talk(requests(*asked), status=1)
    not_ready, failed, failed_op, done, tensor = answers
    assert not_ready == error(8, NOT_READY)
    assert failed.payload == failed_op.payload == struct.pack("<BQ", 4, 0)
    assert done.payload == struct.pack("<BQ", 0, 0)
    assert tensor.payload == struct.pack("<I", INPUT_0)


def test_longer_than_any_frame_is_garbled() -> None:
    too_long = Frame(Type.ECHO, 8, bytes(MAX_PAYLOAD + 1))
    assert talk(requests() + encode(too_long))[1:] == [error(7, GARBLED)]
    assert talk(requests() + b"\xff" * 100_000 + encode(Frame(Type.ECHO, 8, b"y")))[1:] == [
        error(7, GARBLED),
        Frame(Type.ECHO | Type.REPLY, 8, b"y"),
    ]


def test_full_frame_with_more_behind_is_garbled() -> None:
    """What fits the buffer is a good frame by itself."""
    full = encode(Frame(Type.ECHO, 8, bytes(MAX_PAYLOAD)))
    assert len(talk(requests() + full)) == 2
    assert talk(requests() + full[:-1] + b"\2x\0")[1:] == [error(7, GARBLED)]


@pytest.mark.parametrize("length", [0, 2, 4, 0x103, 0xFFFF])
def test_wrong_length_is_garbled(length: int) -> None:
    line = raw(struct.pack("<BIH", Type.ECHO, 8, length) + b"abc")
    assert talk(requests() + line)[1:] == [error(7, GARBLED)]


@pytest.mark.parametrize("size", range(1, 7))
def test_shorter_than_a_header_is_garbled(size: int) -> None:
    assert talk(requests() + raw(bytes([Type.ECHO] * size)))[1:] == [error(7, GARBLED)]
    assert talk(requests() + bytes([size + 1] * size) + b"\0")[1:] == [error(7, GARBLED)]


def test_block_cut_short_is_garbled() -> None:
    """All bytes of the frame are there, but its last block announced one more."""
    line = bytearray(encode(Frame(Type.ECHO, 8, b"abc")))
    at = 1
    while at + line[at] < len(line) - 1:
        at += line[at]
    line[at] += 1
    assert talk(requests() + bytes(line))[1:] == [error(7, GARBLED)]


def test_no_session_before_hello() -> None:
    assert talk(encode(Frame(Type.ECHO, 1, b""))) == [error(1, NO_SESSION)]
    assert talk(encode(Frame(Type.ECHO, 0, b""))) == [error(0, NO_SESSION)]


@pytest.mark.parametrize("seq", [5, 9, 0, 0xFFFFFFFF])
def test_seq_out_of_order_is_refused(seq: int) -> None:
    assert talk(requests() + encode(Frame(Type.ECHO, seq, b"")))[1:] == [error(seq, BAD_SEQ)]


def test_same_seq_with_another_content_is_refused() -> None:
    line = requests((Type.ECHO, b"a")) + encode(Frame(Type.ECHO, 8, b"b")) + encode(Frame(Type.ECHO, 8, b"a"))
    echo = Frame(Type.ECHO | Type.REPLY, 8, b"a")
    assert talk(line)[1:] == [echo, error(8, BAD_SEQ), echo]


def test_seq_wraps() -> None:
    answers = talk(requests((Type.ECHO, b"a"), (Type.ECHO, b"b"), seq=0xFFFFFFFF))
    assert [a.seq for a in answers] == [0xFFFFFFFF, 0, 1]


def test_late_copy_of_hello_does_not_set_the_session_back() -> None:
    old = requests((Type.RUN, b""))
    answers = talk(old + encode(Frame(Type.RUN, 9, b"")) + old + read_runs(10))
    assert answers[-2] == error(8, BAD_SEQ) and answers[-1].payload == b"\2"


def test_new_hello_starts_a_new_session() -> None:
    answers = talk(requests((Type.ECHO, b"a")) + requests((Type.ECHO, b"b"), seq=3) + encode(Frame(Type.ECHO, 9, b"")))
    assert [a.seq for a in answers] == [7, 8, 3, 4, 9]
    assert answers[-1] == error(9, BAD_SEQ)


def test_own_replies_are_ignored() -> None:
    line = requests() + encode(Frame(Type.ECHO | Type.REPLY, 8, b"a")) + encode(error(8, GARBLED))
    assert len(talk(line)) == 1


def test_empty_frames_are_ignored() -> None:
    assert len(talk(b"\0\0\0\1\0" + requests() + b"\0\0")) == 1


@pytest.mark.parametrize("kind", [Type.RUN, Type.RUN_OP, Type.INIT])
def test_repeat_runs_once(kind: Type) -> None:
    payload = b"\0\0" if kind is Type.RUN_OP else b""
    again = encode(Frame(kind, 8, payload)) * 4
    answers = talk(requests((kind, payload)) + again + encode(Frame(Type.RUN, 9, b"")) + read_runs(10))[1:]
    assert len(answers) == 7 and all(a == answers[0] for a in answers[:5])
    assert answers[6].payload == bytes([2 if kind is Type.RUN else 1])


def read_runs(seq: int) -> bytes:
    """READ of the output's last byte, which counts the runs."""
    return encode(Frame(Type.READ, seq, READ.pack(Kind.OUTPUT, 0, OUTPUT - 1, 1)))


@FEW
@given(noise)
def test_noise_then_good_frames(data: bytes) -> None:
    answers = talk(data + requests((Type.ECHO, b"still here")))
    assert answers[-2].type == Type.HELLO | Type.REPLY
    assert answers[-1] == Frame(Type.ECHO | Type.REPLY, 8, b"still here")
    assert all(a == error(0, GARBLED) for a in answers[:-2])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A WRITE of 0xEE to input 0 as it goes over the line, with something wrong with it."""
    line = encode(Frame(Type.WRITE, 9, WRITE.pack(Kind.INPUT, 0, 0) + b"\xee" * INPUT_0))
    at = draw(st.integers(2, len(line) - 2))
    how = draw(st.sampled_from(["flip", "cut", "drop", "insert", "interleave"]))
    if how == "flip":
        return line[:at] + bytes([line[at] ^ draw(st.integers(1, 255))]) + line[at + 1 :]
    if how == "cut":
        return line[:at] + draw(st.sampled_from([b"", b"\0"]))
    if how == "drop":
        return line[:at] + line[at + draw(st.integers(1, len(line) - 1 - at)) :]
    if how == "insert":
        return line[:at] + draw(st.binary(min_size=1, max_size=300)) + line[at:]
    return b"".join(bytes([a, b]) for a, b in zip(line, reversed(line), strict=True))


@settings(FEW, max_examples=120)
@given(damaged())
def test_damaged_write_changes_nothing(line: bytes) -> None:
    before = requests((Type.WRITE, WRITE.pack(Kind.INPUT, 0, 0) + b"\x11" * INPUT_0))
    answers = talk(before + line + encode(Frame(Type.READ, 9, READ.pack(Kind.INPUT, 0, 0, INPUT_0))))
    assert answers[-1] == Frame(Type.READ | Type.REPLY, 9, b"\x11" * INPUT_0)
    assert all(a == error(8, GARBLED) for a in answers[2:-1])


@FEW
@given(st.lists(st.tuples(st.integers(0, 255), st.integers(5, 11), st.binary(max_size=MAX_PAYLOAD)), max_size=20))
def test_valid_frames_of_any_content(drawn: list[tuple[int, int, bytes]]) -> None:
    line = b"".join(encode(Frame(kind, seq, payload)) for kind, seq, payload in drawn)
    answers = talk(line + requests((Type.ECHO, b"z"), seq=1000))
    assert answers[-1] == Frame(Type.ECHO | Type.REPLY, 1001, b"z")
    assert len(answers) == 2 + sum(kind < 0x80 for kind, _, _ in drawn)


@FEW
@given(st.lists(st.integers(1, 4), min_size=3, max_size=8), st.data())
def test_duplicated_frames_run_once(copies: list[int], data: st.DataObject) -> None:
    """Every frame arrives several times, some with noise in between: each RUN still happens exactly once."""
    line = requests()
    for number, count in enumerate(copies):
        for _ in range(count):
            line += encode(Frame(Type.RUN, 8 + number, b"")) + data.draw(st.binary(max_size=20))
    assert talk(line + read_runs(8 + len(copies)))[-1].payload == bytes([len(copies)])
