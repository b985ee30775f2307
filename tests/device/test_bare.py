"""The RISC-V and Xtensa machines: what an exception ends in, how deep the stack was, how instructions are counted."""

import itertools
from pathlib import Path

import pytest

from gen.device import board as boards
from gen.device import build
from gen.device.session import Session
from gen.device.transport import open_stream
from gen.errors import DeviceError
from tests import dummy

# What no core of its kind can execute, and a function that calls itself.
ILLEGAL = {"qemu_riscv32_virt": ".2byte 0", "qemu_lx60": "ill"}
DEEP = """\
static unsigned __attribute__((noinline)) deep(unsigned depth) {{
    volatile unsigned char frame[64];
    frame[depth % 64] = (unsigned char)depth;
    return depth == 0 ? 0 : deep(depth - 1) + frame[depth % 64];
}}
"""
BOARDS = tuple(ILLEGAL)
LOOP = r"1: addi %0, %0, -1\n\tbnez %0, 1b"  # two instructions on either


def engine(before: str, in_loop: str) -> str:
    """The dummy engine with something more before and in its work."""
    text = dummy.ENGINE.replace('#include "engine.h"\n', f'#include "engine.h"\n{before}', 1)
    changed = text.replace("        output[i] =", f"        {in_loop}\n        output[i] =", 1)
    assert changed != dummy.ENGINE
    return changed.format(name="dummy")


def build_engine(board: boards.Board, source: str, folder: Path) -> Path:
    return build.build(dummy.sources(files={"engine.c": source}), board, folder).elf


@pytest.mark.parametrize("board_id", BOARDS)
def test_an_exception_restarts_the_machine(board_id: str, tmp_path: Path) -> None:
    board = boards.load(board_id)
    fault = f'if (input[0] == 7) {{{{ __asm volatile("{ILLEGAL[board_id]}"); }}}}'
    with open_stream(board.transport.format(elf=build_engine(board, engine("", fault), tmp_path))) as stream:
        session = Session(stream)
        session.write_input(0, bytes([4, 5, 6, 8]))
        session.run()
        session.write_input(0, bytes([7, 0, 0, 0]))
        with pytest.raises(DeviceError, match="was reset during RUN by a fault"):
            session.run()
        again = Session(stream)
        again.write_input(0, bytes([1, 2, 3, 4]))
        again.run()
        assert again.read_output(0, 4) == bytes([0, 3, 2, 5])


@pytest.mark.parametrize("board_id", BOARDS)
def test_the_stack_is_measured(board_id: str, tmp_path: Path) -> None:
    board = boards.load(board_id)
    source = engine(DEEP, "(void)deep(input[i] & 15);")
    with open_stream(board.transport.format(elf=build_engine(board, source, tmp_path))) as stream:
        session = Session(stream)
        used = []
        for depth in (12, 12, 13, 15):  # the self-test that the lx60 starts with is less deep
            session.write_input(0, bytes([depth] * 4))
            session.run()
            used.append(session.stack_used() or 0)
    assert 0 < used[0] == used[1] < board.stack_bytes
    frame = used[2] - used[1]
    assert 64 < frame <= 128 and used[3] - used[2] == 2 * frame


@pytest.mark.parametrize("board_id", BOARDS)
def test_every_instruction_is_counted(board_id: str, tmp_path: Path) -> None:
    board = boards.load(board_id)
    loop = f'unsigned left = 1 + 1000u * (unsigned char)input[i]; __asm volatile("{LOOP}" : "+r"(left));'
    with open_stream(board.transport.format(elf=build_engine(board, engine("", loop), tmp_path))) as stream:
        session = Session(stream)
        ticks = []
        for count in (1, 1, 2, 202):
            session.write_input(0, bytes([count, 0, 0, 0]))
            ticks.append(session.run())
        assert session.info.tick_hz == 10**9  # verify takes a nanosecond for an instruction
    assert [b - a for a, b in itertools.pairwise(ticks)] == [0, 2000, 400_000]
