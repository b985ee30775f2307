"""The tick counter of the Cortex-M ports over the wraps of SysTick."""

from pathlib import Path

from gen.device import board as boards
from gen.device import build
from gen.device.session import Session
from gen.device.transport import open_stream
from tests import dummy

# SysTick wraps every 1000 ticks, at each of which the counter jumps on by the rest of 24 bits, but may not go back.
# Returns how often it did, or -1 where there were too few wraps to tell.
STEPS_BACK = """\
#include "port.h"

static int8_t steps_back(void) {
    volatile uint32_t *reload = (volatile uint32_t *)0xE000E014u;
    int8_t back = 0;
    reload[0] = 999;
    reload[1] = 0; /* from there at once */
    uint64_t first = port_ticks(), last = first;
    for (unsigned i = 0; i < 40000; i++) {
        uint64_t now = port_ticks();
        back += now < last && back < 100;
        last = now;
    }
    reload[0] = 0xFFFFFF;
    return (last - first) >> 24 > 10 ? back : -1;
}

"""
INVOKE = "engine_status_t engine_invoke(void)"


def test_ticks_never_go_back(tmp_path: Path) -> None:
    board = boards.load("qemu_mps2_an386")
    source = dummy.ENGINE.format(name="dummy").replace(INVOKE, STEPS_BACK + INVOKE)
    source = source.replace("(int8_t)(input[i] ^ 1)", "steps_back()")
    elf = build.build(dummy.sources(files={"engine.c": source}), board, tmp_path).elf
    with open_stream(board.transport.format(elf=elf)) as stream:
        session = Session(stream)
        session.run()
        assert session.read_output(0, 4) == bytes(4)
