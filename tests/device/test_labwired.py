"""The ESP32's and the ESP32-C3's own firmware, unchanged, on labwired: an emulator with these chips' memory maps, UARTs
and watchdogs. Of the ESP32's UART it only has the sending half, which is why that firmware announces itself."""

import itertools
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import labwired
import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from gen.compiler.engines import ENGINES
from gen.device import board as boards
from gen.device import build
from gen.device.board import Board
from gen.device.session import INFO, RAN, Frame, Session, Type, decode
from gen.device.transport import Closing, open_stream
from gen.importer import load
from gen.model import reference
from gen.model.quantized import QuantizedModel

MODELS = Path(__file__).resolve().parents[2] / "models" / "mlperf"
SLICE_S = 0.002  # of virtual time: some 0.5 s here
MOST_S = 0.2


class Simulated(Closing):
    """A stream to the chip, whose time advances while it is read."""

    name = "labwired"

    def __init__(self, elf: Path, chip: str) -> None:
        self._sim = labwired.Sim(elf, chip=chip)

    def clock(self) -> float:
        return float(self._sim.time)

    def read(self, timeout_s: float) -> bytes:
        self._sim.run_for(min(timeout_s, SLICE_S))
        return bytes(self._sim.read_uart_bytes())

    def write(self, data: bytes) -> None:
        self._sim.send_bytes(data)

    def register(self, address: int) -> int:
        return int(self._sim.read_u32(address))

    def close(self) -> None:
        self._sim.close()


def firmware(found: QuantizedModel, board: Board, engine: str, folder: Path) -> Path:
    sources = ENGINES[engine](found, board.target)
    return build.build(sources, board, folder).elf


def announced(read: Callable[[], bytes], clock: Callable[[], float], most_s: float) -> Iterator[Frame]:
    """The frames that arrive within most_s of the clock: how many bytes a read gives is up to the emulator."""
    backlog, end = b"", clock() + most_s
    while clock() < end:
        *blocks, backlog = (backlog + read()).split(b"\0")
        yield from filter(None, (decode(block) for block in blocks if block))
    raise AssertionError(f"no more frames within {most_s} s")


def assert_announces(frames: Iterator[Frame], found: QuantizedModel) -> None:
    """HELLO and self-test as link.h describes them: the outputs' CRC-32 is that of the reference's."""
    hello, test = itertools.islice(frames, 2)
    assert (hello.type, hello.seq, test.type, test.seq) == (Type.HELLO | Type.REPLY, 0, Type.SELF_TEST | Type.REPLY, 0)
    assert INFO.unpack_from(hello.payload)[3].hex() == found.graph.sha256
    inputs = []
    for index in found.graph.inputs:
        tensor = found.graph.tensors[index]
        pattern = (37 * np.arange(tensor.size_bytes) + 11).astype(np.uint8)
        inputs.append(pattern.view(tensor.dtype).reshape(tensor.shape))
    outputs = reference.outputs(found.graph, inputs)
    status, ticks = RAN.unpack_from(test.payload)
    assert status == 0 and ticks > 0
    assert struct.unpack(f"<{len(outputs)}I", test.payload[RAN.size :]) == tuple(map(zlib.crc32, map(bytes, outputs)))


def test_esp32c3_runs_the_model(tmp_path: Path) -> None:
    found, board = load.load_model("digits"), boards.load("esp32c3")
    inputs = reference.random_inputs(found.graph, 0, 7)
    with Simulated(firmware(found, board, "aot", tmp_path), "esp32c3") as stream:
        session = Session(stream, clock=stream.clock)
        session.expect_model(found.graph.sha256)
        for index, array in enumerate(inputs):
            session.write_input(index, array)
        assert session.run() > 0 and session.info.tick_kind == "cycles"
        (expected,) = reference.outputs(found.graph, inputs)
        assert session.read_output(0, expected.nbytes) == expected.tobytes()
        assert 0 < (session.stack_used() or 0) < board.stack_bytes
        # The crystal (SYSTEM_SOC_CLK_SEL) by two (SYSTEM_PRE_DIV_CNT), as after reset.
        assert stream.register(0x600C0058) & 0xFFF == 1
        assert session.info.tick_hz == board.clock_hz


@pytest.mark.parametrize(
    ("word", "engine", "constants"), [("digits", "tflm", 0x3FFB0000), (str(MODELS / "ad.tflite"), "aot", 0x3F400000)]
)
def test_esp32_says_what_it_runs_and_tests_itself(word: str, engine: str, constants: int, tmp_path: Path) -> None:
    """A model whose constants are loaded into RAM, and one that leaves them in flash."""
    found = load.load_model(word)
    elf = firmware(found, boards.load("esp32"), engine, tmp_path)
    with elf.open("rb") as file:
        (start,) = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name("port_constants_start")
    assert start["st_value"] == constants
    with Simulated(elf, "esp32") as stream:
        assert_announces(announced(lambda: stream.read(SLICE_S), stream.clock, MOST_S), found)


def test_the_same_program_announces_itself_in_qemu(tmp_path: Path) -> None:
    found, board = load.load_model("digits"), boards.load("qemu_lx60")
    with open_stream(board.transport.format(elf=firmware(found, board, "tflm", tmp_path))) as stream:
        assert_announces(announced(lambda: stream.read(1.0), time.monotonic, 30.0), found)
