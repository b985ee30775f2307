"""The line under stress: byte errors at a set rate, a cable pulled in the middle, megabytes of noise."""

import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from gen.device.board import Board
from gen.device.proxy import Proxy, Rates
from gen.device.session import Session
from gen.device.transport import Stream, open_stream
from gen.errors import DeviceError, UsageError
from gen.verify import compare
from gen.verify.built import Built, line_of
from gen.verify.vectors import Vectors

SEED = 2026
UNPLUG_AFTER = 2000  # bytes from the device: HELLO and some answers
UNPLUG_DEADLINE_S = 5.0
NOISE_CHUNK = 4096
KEYS = ("board", "engine", "rate", "verdict", "vectors", "bytes_passed", "faults", "frames", "resends", "seconds",
        "unplugged", "unplug_seconds", "noise_bytes", "noise_seconds")  # fmt: skip
COLUMNS = ("board", "verdict", "vectors", "faults in bytes", "sent again", "time", "unplugged", "bytes of noise")
Say = Callable[[str], None]


@dataclass(frozen=True)
class StressOptions:
    """What the line goes through."""

    rate: float  # the probability of a fault for each byte, 0..1
    noise_bytes: int  # random ones, sent to the device


@dataclass(frozen=True)
class Stress:
    """What one board's line went through."""

    board: str
    engine: str
    rate: float  # the probability of a fault for each byte, 0..1
    verdict: compare.Verdict  # of the verification over that line
    bytes_passed: int  # in both directions
    faults: dict[str, int]  # how many of each kind there were in them
    frames: int  # sent
    seconds: float  # of the verification
    unplugged: str  # the sentence that ended a run whose cable was pulled
    unplug_seconds: float  # from then to it
    noise_bytes: int  # random ones sent to the device, which answered after them
    noise_seconds: float

    @property
    def passed(self) -> bool:
        """The bytes were right and the pulled cable was noticed in time."""
        return self.verdict.exact and self.unplug_seconds <= UNPLUG_DEADLINE_S

    def as_json(self) -> dict[str, Any]:
        fields = asdict(self) | {"verdict": self.verdict.kind}
        more = {"vectors": self.verdict.vectors, "resends": self.verdict.resends}
        return {key: (fields | more)[key] for key in KEYS}

    def as_row(self) -> tuple[str, ...]:
        """For a table with COLUMNS. unplugged: the seconds to the error; noise: those to the answer after it."""
        return (
            self.board,
            self.verdict.kind,
            f"{self.verdict.vectors}",
            f"{sum(self.faults.values()):,} in {self.bytes_passed:,}",
            f"{self.verdict.resends:,} of {self.frames:,}",
            f"{self.seconds:.1f} s",
            f"{self.unplug_seconds:.1f} s",
            f"{self.noise_bytes:,} ({self.noise_seconds:.0f} s)",
        )


def require_emulator(board: Board) -> None:
    """Raises UsageError for a board whose cable this program can't pull, since it is a real one."""
    if not board.transport.startswith("exec:"):
        raise UsageError(
            f"{board.id} has no emulator, and stress pulls the cable of emulated boards only: `python -m gen boards` "
            "lists them."
        )


def run(built: Built, vectors: Vectors, expected: compare.Expected, options: StressOptions, say: Say) -> Stress:
    """All three on one board. Raises DeviceError where the line does not recover."""
    line = line_of(built.board, built.firmware.elf, None)
    start = time.monotonic()
    with open_stream(line) as device, Proxy(device, Rates.even(options.rate), SEED) as proxy:
        with open_stream(f"serial:{proxy.url}") as stream:
            session = session_for_bad_line(stream)
            verdict = compare.compare(
                built.model, built.sources, session, vectors, expected, emulated=True, progress=lambda *_: None
            )
        seconds = time.monotonic() - start
    say(f"{options.rate:.1%} byte errors: {verdict.kind}, {session.resends} of {session.frames} frames sent again")
    unplugged, unplug_seconds = unplug(built, line, vectors, expected)
    say(f"unplugged: {unplugged} ({unplug_seconds:.1f} s)")
    noise_seconds = send_noise(line, options.noise_bytes, say)
    return Stress(
        board=built.board.id,
        engine=built.sources.engine,
        rate=options.rate,
        verdict=verdict,
        bytes_passed=proxy.bytes_to_device + proxy.bytes_from_device,
        faults=dict(sorted(proxy.hits.items())),
        frames=session.frames,
        seconds=seconds,
        unplugged=unplugged,
        unplug_seconds=unplug_seconds,
        noise_bytes=options.noise_bytes,
        noise_seconds=noise_seconds,
    )


def session_for_bad_line(stream: Stream) -> Session:
    """On a line this bad a request may need many attempts."""
    return Session(stream, hello_s=60.0, answer_s=60.0, run_s=120.0)


def unplug(built: Built, line: str, vectors: Vectors, expected: compare.Expected) -> tuple[str, float]:
    """The error that ends a verification whose cable is pulled, and the seconds from then to it.

    Raises DeviceError where something else ended it before."""
    with open_stream(line) as device, Proxy(device, Rates(), SEED, UNPLUG_AFTER) as proxy:
        try:
            with open_stream(f"serial:{proxy.url}") as stream:
                session = Session(stream)
                while True:  # until the cable is pulled
                    compare.compare(
                        built.model, built.sources, session, vectors, expected, emulated=True, progress=lambda *_: None
                    )
        except DeviceError as error:
            if proxy.bytes_from_device < UNPLUG_AFTER:
                raise
            return str(error), time.monotonic() - proxy.ended_at


def send_noise(line: str, count: int, say: Say) -> float:
    """Sends count random bytes and reads whatever comes; the device must answer HELLO and ECHO afterwards. Returns the
    seconds that it took. Raises DeviceError when it does not."""
    draw, start = random.Random(SEED), time.monotonic()
    with open_stream(line) as stream:
        Session(stream).hello()
        for sent in range(0, count, NOISE_CHUNK):
            stream.write(draw.randbytes(min(NOISE_CHUNK, count - sent)))
            while stream.read(0.0):
                pass
            if sent // NOISE_CHUNK % 256 == 255:
                say(f"noise: {sent / 1e6:.1f} of {count / 1e6:.1f} MB")
        session = session_for_bad_line(stream)
        session.hello()
        if session.echo(b"still here") != b"still here":
            raise DeviceError(f"{stream.name} answers wrongly after {count} bytes of noise: report this firmware")
    say(f"{count:,} bytes of noise: it still answers")
    return time.monotonic() - start
