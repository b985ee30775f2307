"""The bad line: what it does to bytes, at which rate, and how it ends."""

import queue
import time
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.device.proxy import CUT_BYTES, Faults, Proxy, Rates
from gen.device.transport import Closing, open_stream
from gen.errors import DeviceGone

KINDS = [field.name for field in fields(Rates)]


def never(seconds: float) -> None:
    raise AssertionError("no delay was asked for")


class Loop(Closing):
    """A device that sends back what it gets."""

    name = "loop"

    def __init__(self) -> None:
        self._writes: queue.SimpleQueue[bytes] = queue.SimpleQueue()  # another thread writes than reads

    def read(self, timeout_s: float) -> bytes:
        try:
            return self._writes.get(timeout=timeout_s)
        except queue.Empty:
            return b""

    def write(self, data: bytes) -> None:
        self._writes.put(data)

    def close(self) -> None:
        pass


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.binary(max_size=300))
def test_a_good_line_changes_nothing(data: bytes) -> None:
    faults = Faults(Rates(), "1")
    assert faults(data, never) == data and not faults.hits


@pytest.mark.parametrize("kind", KINDS)
def test_each_fault_does_what_its_name_says_at_its_rate(kind: str) -> None:
    waits: list[float] = []
    faults = Faults(replace(Rates(), **{kind: 0.02}), "seed 5")
    data = bytes(range(256)) * 100
    out = faults(data, waits.append)
    hits = faults.hits[kind]
    assert set(faults.hits) == {kind}
    assert 0.015 * len(data) < hits < 0.025 * len(data)
    assert len(waits) == (hits if kind == "delay" else 0)
    if kind == "drop":
        assert len(out) == len(data) - hits
    elif kind == "duplicate":
        assert len(out) == len(data) + hits
    elif kind == "cut":
        assert len(data) - CUT_BYTES * hits <= len(out) <= len(data) - hits
    elif kind == "delay":
        assert out == data
    else:
        different = [a ^ b for a, b in zip(data, out, strict=True) if a != b]
        assert len(different) == hits and all(d.bit_count() == 1 for d in different)


def test_the_same_seed_makes_the_same_faults() -> None:
    data = bytes(5000)
    first, second, other = (Faults(Rates.even(0.05), seed)(data, lambda _: None) for seed in "aab")
    assert first == second != other


def test_even_rates_add_up() -> None:
    assert sum(getattr(Rates.even(0.01), kind) for kind in KINDS) == pytest.approx(0.01)


def test_it_passes_bytes_both_ways() -> None:
    data = bytes(range(256)) * 8
    with Proxy(Loop(), Rates(), 1) as proxy, open_stream(f"serial:{proxy.url}") as stream:
        stream.write(data)
        received = b""
        while len(received) < len(data):
            received += stream.read(5.0)
    assert received == data
    assert proxy.bytes_to_device == proxy.bytes_from_device == len(data)


def test_a_pulled_cable_is_an_error_at_once() -> None:
    with Proxy(Loop(), Rates(), 1, unplug_after=100) as proxy, open_stream(f"serial:{proxy.url}") as stream:
        stream.write(bytes(300))
        received = b""
        with pytest.raises(DeviceGone, match="is gone"):
            while True:
                received += stream.read(5.0)
        assert time.monotonic() - proxy.ended_at < 1
    assert len(received) == 100


def test_it_ends_though_nobody_came() -> None:
    start = time.monotonic()
    with Proxy(Loop(), Rates(), 1):
        pass
    assert time.monotonic() - start < 1
