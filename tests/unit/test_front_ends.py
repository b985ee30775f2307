"""Audio front-ends over steps: what both engines make of them, on every machine."""

from functools import cache
from pathlib import Path

import pytest

from gen.compiler.kernels.select import LEVELS
from gen.model import tflite
from tests import front_end, programs
from tests.kernels.targets import TARGETS
from tests.programs import Case


@cache
def cases() -> list[Case]:
    contents = {f"front end {seed}": front_end.front_end(seed) for seed in range(3)}
    contents["streams"] = front_end.streaming()
    return [programs.case(name, content, tflite.read(content, "m")) for name, content in contents.items()]


@pytest.mark.parametrize("target", TARGETS)
def test_generated_engines(target: str, tmp_path: Path) -> None:
    """Engine aot at all levels; on the host with sanitizers."""
    program = programs.aot(cases(), TARGETS[target], LEVELS, tmp_path)
    assert {case.name for case, _ in program.engines} == {case.name for case in cases()}
    assert program.differences() == []


@pytest.mark.parametrize("target", TARGETS)
def test_interpreter(target: str, tmp_path: Path) -> None:
    """Engine tflm, in the exact arena."""
    program = programs.tflm(cases(), TARGETS[target], tmp_path)
    assert len(program.engines) == len(cases())
    assert program.differences() == []
