"""The real firmware/link.c with the engine of probe_engine.c, as a process and in this one; and a line that damages."""

import ctypes
import functools
import itertools
import random
import shutil
import subprocess
import tempfile
import zlib
from pathlib import Path

import numpy as np
from cobs import cobs

from gen.device.session import Frame, Session, decode

ROOT = Path(__file__).resolve().parents[1]
ENGINE = ROOT / "tests/probes/probe_engine.c"
INPUT_0, INPUT_1, OUTPUT, OPS, MAX_PAYLOAD = 40, 600, 41, 2, 240
MODEL = "ab00cd" + "00" * 29  # its SHA-256
_CHUNK = 4096  # what probe_feed() takes at once


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="link_probe")


def _compile(name: str, *flags: str) -> Path:
    path = Path(_folder().name) / name
    sources = [ROOT / "firmware/link.c", ENGINE, ROOT / "tests/probes/link_probe.c"]
    common = ["-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O1", "-g", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["gcc", *common, *flags, "-I", ROOT / "firmware", *sources, "-o", path], check=True)
    return path


@functools.cache
def program() -> Path:
    """A process that ends with an error at the first report of ASan or UBSan."""
    return _compile("link_probe", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def frames(line: bytes) -> list[Frame]:
    """The frames in what a device sent, all of which must be good."""
    found = [decode(block) for block in line.split(b"\0") if block]
    good = [frame for frame in found if frame is not None]
    assert len(good) == len(found)
    return good


def raw(body: bytes) -> bytes:
    """A frame of any header and payload with a good CRC, as it goes over the line."""
    return b"\0" + bytes(cobs.encode(body + zlib.crc32(body).to_bytes(4, "little"))) + b"\0"


def talk(line: bytes, status: int = 0) -> list[Frame]:
    """What a fresh device, whose engine_init() gave status, answers to line; it must end by itself, and cleanly."""
    done = subprocess.run([program(), str(status)], input=line, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return frames(done.stdout)


class Device:
    """The same in this process, answering at once; each Device is one just reset."""

    def __init__(self, *flags: str) -> None:
        path = Path(_folder().name) / f"device{next(_numbers)}.so"
        shutil.copy(_library(flags), path)  # a file of its own, so that it is loaded with variables of its own
        self._library = ctypes.CDLL(str(path))
        self._library.probe_feed.restype = ctypes.c_size_t
        path.unlink()

    @property
    def runs(self) -> int:
        """How often the model was run, modulo 256; also the last byte of its output."""
        return ctypes.c_uint8.in_dll(self._library, "probe_runs").value

    def feed(self, data: bytes) -> bytes:
        """What the device sends when it receives data."""
        sent = b""
        reply = ctypes.POINTER(ctypes.c_uint8)()
        for start in range(0, len(data), _CHUNK):
            part = data[start : start + _CHUNK]
            size = self._library.probe_feed(part, ctypes.c_size_t(len(part)), ctypes.byref(reply))
            sent += bytes(reply[:size])
        return sent


_numbers = itertools.count()


@functools.cache
def _library(flags: tuple[str, ...]) -> Path:
    return _compile(
        "device.so", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error", "-shared", "-fPIC", *flags
    )


class Faults:
    """Damages what passes: each transfer is, with probability rate, hit by one to three faults."""

    def __init__(self, seed: int, rate: float) -> None:
        self._random = random.Random(seed)
        self._rate = rate
        self._earlier: list[bytes] = []
        self._late = b""

    def __call__(self, data: bytes) -> bytes:
        draw = self._random
        self._earlier.append(data)
        if draw.random() < self._rate:
            for _ in range(draw.randint(1, 3)):
                data = self._fault(data)
        data, self._late = self._late + data, b""
        if draw.random() < self._rate / 4:
            data, self._late = b"", data  # comes with the next transfer
        return data

    def _fault(self, data: bytes) -> bytes:
        draw = self._random
        at = draw.randint(0, len(data))
        end = draw.randint(at, len(data))
        noise = draw.randbytes(draw.randint(1, 40))
        return draw.choice(
            [
                b"",
                data[:at],
                data[at:],
                data[:at] + noise + data[at:],
                data[:at] + noise[: end - at] + data[end:],
                data[:at] + data[end:],
                data[:end] + data[at:],
                data + data,
                noise + data,
                data + b"\0" + noise,
                draw.choice(self._earlier) + data,
                data + draw.choice(self._earlier),
            ]
        )


def conversation(session: Session, seed: int) -> tuple[bytes, int, int]:
    """What the probe answers to random inputs (its output less the count of runs), that count, and the ticks."""
    drawn = random.Random(seed)
    session.expect_model(MODEL)
    x0, repeated = drawn.randbytes(INPUT_0), bytes([drawn.randrange(256)]) * 300
    x1 = drawn.randbytes(200) + repeated + drawn.randbytes(INPUT_1 - 500)
    session.write_input(1, x1)
    session.write_input(0, np.frombuffer(x0, np.int8))
    ticks = session.run()
    computed = session.read_output(0, OUTPUT)
    assert computed[:-1] == bytes((3 * a + b) % 256 for a, b in zip(x0, x1, strict=False))
    return computed, computed[-1], ticks
