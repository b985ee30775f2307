"""Clock settings: a port compiles only where its dividers and factors give the clock that the board's file promises."""

import shlex
import subprocess

import pytest
from platformio.project.config import ProjectConfig

from gen.device import board
from gen.device.board import Board
from gen.paths import BOARDS, ROOT

PORT = ROOT / "firmware" / "port"
CORTEX_M = [found for found in board.load_all() if "cortex_m.c" in found.port]
# The highest clock of each chip, by its data sheet.
RATED = {
    "bluepill_f103c8": 72_000_000,
    "disco_f407vg": 168_000_000,
    "netduino_plus_2": 168_000_000,
    "nrf52840dk": 64_000_000,
    "nucleo_f446re": 180_000_000,
    "nucleo_h743zi": 400_000_000,  # of revision Y
    "nucleo_l4r5zi": 120_000_000,
    "pico": 125_000_000,  # as its maker's own software sets it
    "stm32vldiscovery": 24_000_000,
}


def flags(found: Board) -> list[str]:
    """The board's, for the compiler."""
    config = ProjectConfig(str(ROOT / "platformio.ini"), parse_extra=False)
    config.read(str(BOARDS / f"{found.id}.ini"), False)
    texts = (config.get(f"env:{found.id}", key) for key in ("build_flags", "custom_machine_flags"))
    return [flag for text in texts for flag in shlex.split(text if isinstance(text, str) else " ".join(text))]


def compiled(file: str, *options: str) -> subprocess.CompletedProcess[str]:
    """What the compiler says of one port."""
    command = ["arm-none-eabi-gcc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-I", "firmware", "-fsyntax-only"]
    return subprocess.run([*command, *options, str(PORT / file)], cwd=ROOT, capture_output=True, text=True, check=False)


def test_real_boards_run_at_their_rated_clock() -> None:
    assert {found.id: found.clock_hz for found in CORTEX_M if found.flash_tools} == RATED


@pytest.mark.parametrize("found", CORTEX_M, ids=lambda found: found.id)
def test_the_boards_clock_is_what_its_port_sets(found: Board) -> None:
    assert [flag for flag in flags(found) if "PORT_CLOCK_HZ" in flag] == [f"-DPORT_CLOCK_HZ={found.clock_hz}"]
    done = compiled(found.port[-2], *flags(found))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("board_id", "hz", "message"),
    [
        ("bluepill_f103c8", 70_000_000, "the PLL's factor"),
        ("bluepill_f103c8", 80_000_000, "the performance line's limit"),
        ("nucleo_f446re", 180_500_001, "the PLL gives another clock"),
        ("nucleo_f446re", 184_000_000, "the family's limit"),
        ("disco_f407vg", 90_000_000, "the PLL's factor, and its oscillator"),
        ("nucleo_l4r5zi", 119_000_000, "the PLL gives another clock"),
        ("nucleo_l4r5zi", 124_000_000, "boost mode's range"),
        ("nucleo_h743zi", 399_999_999, "the PLL gives another clock"),
        ("nucleo_h743zi", 480_000_000, "revision Y's limit"),
        ("pico", 133_000_000, "the PLL gives another clock"),
    ],
)
def test_another_clock_does_not_compile(board_id: str, hz: int, message: str) -> None:
    found = board.load(board_id)
    others = [flag for flag in flags(found) if "PORT_CLOCK_HZ" not in flag]
    done = compiled(found.port[-2], *others, f"-DPORT_CLOCK_HZ={hz}")
    assert done.returncode != 0 and message in done.stderr


def test_a_crystal_that_the_pll_cannot_take_does_not_compile() -> None:
    others = [flag for flag in flags(board.load("disco_f407vg")) if "PORT_HSE_HZ" not in flag]
    assert "the PLL gives another clock" in compiled("stm32f4.c", *others, "-DPORT_HSE_HZ=8500000").stderr
    assert "the PLL's input divider" in compiled("stm32f4.c", *others, "-DPORT_HSE_HZ=1000000").stderr
