"""The conversation with a device; firmware/link.h defines the wire protocol and firmware/link.c is the other side."""

import random
import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from cobs import cobs

from gen.device import runs
from gen.device.transport import Stream
from gen.errors import DeviceError, DeviceReset, DeviceSilent, ProtocolError, StackOverflow, WrongModel
from gen.model.graph import MOST_ROUNDS, Array

VERSION = 1
HEADER = struct.Struct("<BIH")  # type, seq, length of the payload
PLACE = struct.Struct("<BH")  # kind, index
READ = struct.Struct("<BHIH")  # place, offset, length
WRITE = struct.Struct("<BHI")  # place, offset
RAN = struct.Struct("<BQ")  # engine status, ticks
INFO = struct.Struct("<BHB32sIIHHHBI")  # as hello() in link.c, which adds the names of model and engine
U32 = 0xFFFFFFFF
BACKLOG_BYTES = 1 << 17  # more than the longest frame possible
# Data in one frame: half as much after one that had to be sent again, a little more after one that had not, as TCP
# does, so that a bad line still gets frames through.
LEAST_DATA, MORE_DATA = 16, 8

# Seconds:
HELLO_S, ANSWER_S, RUN_S = 10.0, 5.0, 60.0  # until giving up
RESEND_S, RESEND_RUN_S = 0.5, 1.0  # of silence until a request is sent again
RESEND_GARBLED_S = 0.02  # the same after a damaged frame: long enough not to answer a burst of noise with another


class Type(IntEnum):
    HELLO = 1
    TENSOR = 2
    WRITE = 3
    READ = 4
    RUN = 5
    RUN_OP = 6
    INIT = 7
    STACK = 8
    ECHO = 9
    FAULT = 11
    SELF_TEST = 10  # no request, see link.h
    WRITE_RUNS = 12
    RESET = 13
    REPLY = 0x80
    ERROR = 0xFF


class Fault(IntEnum):
    NONE = 0
    OTHER = 1
    STACK = 2


class Kind(IntEnum):
    INPUT = 0
    OUTPUT = 1
    OP_OUTPUT = 2


GARBLED = b"\1"  # payload of LINK_ERROR
NOT_READY = 7
NO_SESSION = 2
ERRORS = {
    3: "another program talks to it too: close that one",
    4: "it does not know this request: rebuild and flash the firmware",
    5: "it has no such tensor: rebuild and flash the firmware",
    6: "the bytes asked for are not within the tensor: rebuild and flash the firmware",
}
ENGINE_NOT_READY, ARENA_TOO_SMALL = 4, 1
ENGINE = {  # engine_status_t
    0: "ok",
    1: "the arena is too small for the model: rebuild and flash the firmware",
    2: "the model's data are damaged or of another schema version: rebuild and flash the firmware",
    3: "an operator, or a variant of one, is not in this firmware: rebuild and flash it",
    4: "the engine has not been initialized: its engine_init() failed",
    5: "there is no such operator in the model",
    6: f"the model's loops went on for more than {MOST_ROUNDS:,} rounds: see what ends them",
}
BAD_HELLO = "the device's answer to HELLO is not as agreed: rebuild and flash the firmware"
TICK_KINDS = {0: "none", 1: "cycles", 2: "timer"}


@dataclass(frozen=True)
class DeviceInfo:
    """What HELLO answers."""

    max_payload: int  # bytes
    engine_status: int  # a key of ENGINE, 0 when the model is ready
    model_sha256: str  # in hex
    arena_bytes: int
    arena_used: int  # bytes
    inputs: int  # how many
    outputs: int
    ops: int  # how many operators run_op() can run, 0 when none
    tick_kind: str  # "none", "cycles" of the core, or "timer"
    tick_hz: int  # of the timer
    model: str
    engine: str


@dataclass(frozen=True)
class Frame:
    type: int
    seq: int
    payload: bytes


def encode(frame: Frame) -> bytes:
    """The frame as it goes over the line, its two zero bytes included."""
    body = HEADER.pack(frame.type, frame.seq, len(frame.payload)) + frame.payload
    return b"\0" + bytes(cobs.encode(body + zlib.crc32(body).to_bytes(4, "little"))) + b"\0"


def decode(block: bytes) -> Frame | None:
    """The frame in the bytes between two zero bytes; None when they are damaged."""
    try:
        decoded = bytes(cobs.decode(block))
    except cobs.DecodeError:
        return None
    body, crc = decoded[:-4], decoded[-4:]
    if len(body) < HEADER.size or zlib.crc32(body).to_bytes(4, "little") != crc:
        return None
    kind, seq, length = HEADER.unpack_from(body)
    payload = body[HEADER.size :]
    return Frame(kind, seq, payload) if length == len(payload) else None


class Session:
    """One conversation over a stream: each request is sent until its own answer arrives, or is given up.

    Every method that talks raises DeviceSilent when no answer comes in time, DeviceGone when the line ends,
    ProtocolError when the device answers otherwise than agreed, DeviceError when its engine reports a failure.
    frames, resends and garbled count frames sent, those of them sent again, and damaged ones received."""

    def __init__(
        self,
        stream: Stream,
        *,
        hello_s: float = HELLO_S,
        answer_s: float = ANSWER_S,
        run_s: float = RUN_S,
        clock: Callable[[], float] = time.monotonic,
        first_seq: int | None = None,
    ) -> None:
        """hello_s, answer_s, run_s: seconds until HELLO, any other request, one that runs the engine is given up.
        first_seq: only for tests; random, so that answers to an earlier session are known by their seq."""
        self.frames = self.resends = self.garbled = 0
        self._stream = stream
        self._hello_s, self._answer_s, self._run_s = hello_s, answer_s, run_s
        self._clock = clock
        self._seq = random.SystemRandom().getrandbits(32) if first_seq is None else first_seq
        self._backlog = b""
        self._info: DeviceInfo | None = None
        self._sizes: dict[tuple[Kind, int], int] = {}
        self._data = LEAST_DATA

    def hello(self) -> DeviceInfo:
        """Start the session; must come first. Repeated until answered, since the device may still be starting."""
        payload = self._ask(Type.HELLO, bytes([VERSION]), self._hello_s)
        if not payload or payload[0] != VERSION:
            raise ProtocolError(
                f"{self._stream.name} speaks version {payload[0] if payload else '?'} of the protocol, this program "
                f"version {VERSION}: rebuild and flash the firmware"
            )
        self._info = _device_info(payload)
        self._data = self._info.max_payload
        self._sizes.clear()
        return self._info

    @property
    def info(self) -> DeviceInfo:
        return self._info if self._info is not None else self.hello()

    def expect_model(self, sha256: str) -> None:
        """Raises WrongModel unless the device runs the .tflite of this SHA-256 (hex)."""
        if self.info.model_sha256 != sha256:
            raise WrongModel(
                f"{self._stream.name} runs the model {self.info.model!r} with SHA-256 {self.info.model_sha256[:12]}, "
                f"not the one with {sha256[:12]}: build and flash the firmware again"
            )

    def tensor_bytes(self, kind: Kind, index: int) -> int:
        """Size of a tensor on the device, in bytes."""
        if (kind, index) not in self._sizes:
            payload = self._ask(Type.TENSOR, PLACE.pack(kind, index), self._answer_s, 4)
            self._sizes[kind, index] = int.from_bytes(payload, "little")
        return self._sizes[kind, index]

    def write_input(
        self, index: int, data: bytes | Array, progress: Callable[[float], None] = lambda share: None
    ) -> None:
        """Fill input tensor index; data in C order, as many bytes as the tensor has. progress: hears what share is
        written."""
        content = memoryview(data if isinstance(data, bytes) else data.tobytes())
        self._expect_bytes(Kind.INPUT, index, len(content))
        offset = 0
        while offset < len(content):
            limit = min(self._data, self.info.max_payload - WRITE.size)
            kind, (part, count) = Type.WRITE_RUNS, runs.pack(content[offset:], limit)
            if count <= limit:
                kind, part = Type.WRITE, bytes(content[offset : offset + limit])
                count = len(part)
            self._ask(kind, WRITE.pack(Kind.INPUT, index, offset) + part, self._answer_s, 0)
            offset += count
            progress(offset / len(content))

    def read_output(self, index: int, nbytes: int) -> bytes:
        """Output tensor index, which must have nbytes bytes."""
        return self._read(Kind.OUTPUT, index, nbytes)

    def read_op(self, index: int, nbytes: int) -> bytes:
        """What operator index has just written with run_op(); must have nbytes bytes."""
        return self._read(Kind.OP_OUTPUT, index, nbytes)

    def run(self) -> int:
        """Run the model; ticks of engine_invoke() alone, as DeviceInfo.tick_kind counts them."""
        return self._run(Type.RUN)

    def run_op(self, index: int) -> int:
        """Run operator index alone; 0, 1, ... in order are one run(). Returns its ticks."""
        return self._run(Type.RUN_OP, index.to_bytes(2, "little"))

    def init(self) -> int:
        """Prepare the model afresh, as after reset; ticks of engine_init()."""
        return self._run(Type.INIT)

    def reset(self) -> None:
        """Forget what a model with state keeps from one run to the next."""
        self._run(Type.RESET)

    def stack_used(self) -> int | None:
        """Deepest use of the stack since reset in bytes; None where the device can't know."""
        used, reserved = struct.unpack("<II", self._ask(Type.STACK, b"", self._answer_s, 8))
        return used if reserved else None

    def last_fault(self) -> tuple[Fault, int]:
        """Why the device started again, and at which address that happened, 0 where it is not known."""
        kind, address = struct.unpack("<BI", self._ask(Type.FAULT, b"", self._answer_s, 5))
        return Fault(kind), address

    def echo(self, data: bytes) -> bytes:
        """data, of at most max_payload bytes, there and back."""
        return self._ask(Type.ECHO, data, self._answer_s, len(data))

    def _expect_bytes(self, kind: Kind, index: int, nbytes: int) -> None:
        there = self.tensor_bytes(kind, index)
        if there != nbytes:
            what = kind.name.lower().replace("_", " ")
            raise ProtocolError(
                f"{what} {index} has {there} bytes on {self._stream.name} and {nbytes} here: build and flash the "
                "firmware again"
            )

    def _read(self, kind: Kind, index: int, nbytes: int) -> bytes:
        self._expect_bytes(kind, index, nbytes)
        content = b""
        while len(content) < nbytes:
            count = min(self._data, nbytes - len(content))
            content += self._ask(Type.READ, READ.pack(kind, index, len(content), count), self._answer_s, count)
        return content

    def _run(self, kind: Type, payload: bytes = b"") -> int:
        status, ticks = RAN.unpack(self._ask(kind, payload, self._run_s, RAN.size))
        if status != 0:
            raise DeviceError(f"{kind.name} failed on {self._stream.name}: {self._engine(status)}")
        return int(ticks)

    def _ask(self, kind: Type, payload: bytes, timeout_s: float, answer_bytes: int | None = None) -> bytes:
        """Send a request until it is answered; the answer's payload, of answer_bytes bytes where that is known."""
        if kind is not Type.HELLO and self._info is None:
            self.hello()
        self._seq = (self._seq + 1) & U32
        answer = self._exchange(Frame(kind, self._seq, payload), timeout_s)
        if answer.type == Type.ERROR:
            raise self._refused(kind, answer.payload)
        if answer_bytes is not None and len(answer.payload) != answer_bytes:
            raise ProtocolError(
                f"{self._stream.name} answered {kind.name} with {len(answer.payload)} bytes instead of {answer_bytes}: "
                "rebuild and flash the firmware"
            )
        return answer.payload

    def _exchange(self, request: Frame, timeout_s: float) -> Frame:
        """Stop and wait: send, and again on silence or damage, until a frame that answers the request arrives."""
        data = encode(request)
        resend_s = RESEND_RUN_S if request.type in (Type.RUN, Type.RUN_OP, Type.INIT, Type.RESET) else RESEND_S
        received = sent = 0
        now = send_at = self._clock()
        deadline = now + timeout_s
        while now < deadline:
            if now >= send_at:
                self._stream.write(data)
                sent += 1
                send_at, soon = now + resend_s, now + RESEND_GARBLED_S
            arrived = self._stream.read(min(send_at, deadline) - now)
            received += len(arrived)
            for frame in self._frames(arrived):
                if frame is None or (frame.type == Type.ERROR and frame.payload == GARBLED):
                    send_at = min(send_at, soon)
                elif frame.seq == request.seq and frame.type in (request.type | Type.REPLY, Type.ERROR):
                    self.frames += sent
                    self.resends += sent - 1
                    most = U32 if self._info is None else self._info.max_payload
                    self._data = max(self._data // 2, LEAST_DATA) if sent > 1 else min(self._data + MORE_DATA, most)
                    return frame
            now = self._clock()
        came = f"{received} bytes came, but no answer" if received else "nothing came"
        raise DeviceSilent(
            f"no valid answer from {self._stream.name} within {timeout_s:g} s ({came}): check the port, the baud rate "
            "and that this firmware is on the board"
        )

    def _frames(self, arrived: bytes) -> list[Frame | None]:
        """The frames that what arrived has completed; None for each damaged one."""
        *blocks, rest = (self._backlog + arrived).split(b"\0")
        self._backlog = rest[-BACKLOG_BYTES:]
        frames = [decode(block) for block in blocks if block]
        self.garbled += frames.count(None)
        return frames

    def _refused(self, kind: Type, payload: bytes) -> DeviceError:
        code = payload[0] if len(payload) == 1 else 0
        if code == NO_SESSION:
            return self._was_reset(kind)
        if code == NOT_READY:
            return DeviceError(f"the engine on {self._stream.name} is not ready: {self._engine(ENGINE_NOT_READY)}")
        return ProtocolError(f"{self._stream.name} refused {kind.name}: {ERRORS.get(code, f'error {code}')}")

    def _was_reset(self, kind: Type) -> DeviceError:
        """The device knows of no session any more: what it says about why."""
        during = f"{self._stream.name} was reset during {kind.name}"
        self._info = None
        if kind is Type.FAULT:
            return DeviceReset(f"{during}: it starts again and again; check its power and cable.")
        try:
            fault, address = self.last_fault()
        except DeviceError as error:
            return DeviceReset(f"{during} and does not say why: {error}")
        where = f" at address {address:#010x}" if address else ""
        if fault is Fault.STACK:
            return StackOverflow(
                f"{during}: its stack overflowed{where}. Give it more, custom_stack_bytes in the board's .ini."
            )
        if fault is Fault.OTHER:
            return DeviceReset(
                f"{during} by a fault of the firmware{where}: a kernel or the model's constants may be damaged; build "
                "and flash it again, and report it if it stays."
            )
        return DeviceReset(f"{during}, not by a fault of the firmware: check its power and cable, and verify again.")

    def _engine(self, status: int) -> str:
        """What an engine's status means; not ready is explained by why it isn't."""
        if status == ENGINE_NOT_READY and self.info.engine_status != 0:
            status = self.info.engine_status
        return ENGINE.get(status, f"engine status {status}")


def _device_info(payload: bytes) -> DeviceInfo:
    """The answer to HELLO, as hello() in link.c puts it. Raises ProtocolError when it is not one."""
    try:
        _, max_payload, status, sha256, arena, used, inputs, outputs, ops, kind, hz = INFO.unpack_from(payload)
        model, engine, end = payload[INFO.size :].decode("ascii").split("\0")
        tick_kind = TICK_KINDS[kind]
    except (struct.error, ValueError, KeyError) as error:
        raise ProtocolError(BAD_HELLO) from error
    if end or max_payload < len(payload):
        raise ProtocolError(BAD_HELLO)
    return DeviceInfo(
        max_payload, status, sha256.hex(), arena, used, inputs, outputs, ops, tick_kind, hz, model, engine
    )
