"""A bad line: a proxy between host and device that drops, flips, duplicates, delays and cuts out bytes."""

import random
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields

from gen.device.transport import WRITE_DEADLINE_S, Closing, Stream
from gen.errors import DeviceError

CUT_BYTES = 8  # the longest run that a cut takes out
DELAY_S = 0.03  # the longest time that a delay takes
POLL_S = 0.02


@dataclass(frozen=True)
class Rates:
    """The probability of each fault, for each byte."""

    drop: float = 0.0
    flip: float = 0.0  # of one of its bits
    duplicate: float = 0.0
    delay: float = 0.0  # it and all after it come later
    cut: float = 0.0  # it and up to CUT_BYTES after it are lost

    @staticmethod
    def even(total: float) -> "Rates":
        """Every kind equally often, `total` in all."""
        kinds = len(fields(Rates))
        return Rates(*([total / kinds] * kinds))


class Faults:
    """Damages what passes, one way; hits counts what it did, by kind."""

    def __init__(self, rates: Rates, seed: str) -> None:
        self.hits: Counter[str] = Counter()
        self._kinds = [field.name for field in fields(Rates)]
        self._weights = [*astuple(rates), 1 - sum(astuple(rates))]
        self._draw = random.Random(seed)
        self._skip = 0

    def __call__(self, data: bytes, wait: Callable[[float], object]) -> bytes:
        """What arrives of data; delays are waited for."""
        out = bytearray()
        for byte, kind in zip(data, self._draw.choices([*self._kinds, ""], self._weights, k=len(data)), strict=True):
            if kind:
                self.hits[kind] += 1
            if kind == "cut":
                self._skip = self._draw.randint(1, CUT_BYTES)
            if self._skip > 0:
                self._skip -= 1
            elif kind == "delay":
                wait(self._draw.random() * DELAY_S)
                out.append(byte)
            elif kind != "drop":
                flipped = byte ^ (1 << self._draw.randrange(8)) if kind == "flip" else byte
                out += bytes([flipped]) * (2 if kind == "duplicate" else 1)
        return bytes(out)


class Proxy(Closing):
    """Passes bytes between a line and whoever connects to `url` (one of pyserial's), through Faults both ways.

    unplug_after: so many bytes from the device, and the connection ends, as when a cable is pulled; ended_at, of
    time.monotonic(), says when it ended."""

    def __init__(self, line: Stream, rates: Rates, seed: int, unplug_after: int | None = None) -> None:
        self.to_device, self.from_device = Faults(rates, f"{seed} down"), Faults(rates, f"{seed} up")
        self.bytes_to_device = self.bytes_from_device = 0
        self.ended_at = 0.0
        self._line, self._left = line, unplug_after
        self._server = socket.create_server(("localhost", 0))
        self._server.settimeout(POLL_S)
        self.url = f"socket://localhost:{self._server.getsockname()[1]}"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def hits(self) -> Counter[str]:
        """Faults both ways, by kind."""
        return self.to_device.hits + self.from_device.hits

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self._server.close()

    def _serve(self) -> None:
        peer = None
        while peer is None and not self._ended.is_set():
            try:
                peer, _ = self._server.accept()
            except TimeoutError:
                continue
        if peer is None:
            return
        peer.settimeout(WRITE_DEADLINE_S)  # of a host that does not read
        sender = threading.Thread(target=self._to_device, args=(peer,))
        sender.start()
        try:
            self._from_device(peer)
        finally:
            self._ended.set()
            self.ended_at = time.monotonic()
            sender.join()
            peer.close()

    def _to_device(self, peer: socket.socket) -> None:
        while not self._ended.is_set():
            if not select.select([peer], [], [], POLL_S)[0]:
                continue
            try:
                data = peer.recv(4096)
            except OSError:
                data = b""
            if not data:
                self._ended.set()
                return
            self.bytes_to_device += len(data)
            try:
                self._line.write(self.to_device(data, self._ended.wait))
            except DeviceError:
                self._ended.set()

    def _from_device(self, peer: socket.socket) -> None:
        while not self._ended.is_set() and self._left != 0:
            try:
                data = self._line.read(POLL_S)[: self._left]
                self.bytes_from_device += len(data)
                self._left = None if self._left is None else self._left - len(data)
                peer.sendall(self.from_device(data, self._ended.wait))
            except (DeviceError, OSError):
                return
