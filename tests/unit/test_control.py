"""Random programs of IF and WHILE by both engines, on the host with sanitizers and on a Cortex-M4."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from gen.compiler.kernels.select import LEVELS
from gen.model import reference, tflite
from gen.model.graph import Array
from tests import programs
from tests.control import RandomProgram, looping
from tests.effort import cases
from tests.kernels.targets import TARGETS
from tests.programs import Case

ON = ("host", "cortex-m4")
MOST_OPERATORS = 60


@cache
def drawn() -> list[Case]:
    found: list[Case] = []
    seed = 0
    while len(found) < cases(8, 24):
        program = RandomProgram(np.random.default_rng((1, seed)), stateful=seed % 2 == 1)
        content, seed = program.made(), seed + 1
        graph, vectors = tflite.read(content, "m"), program.vectors(programs.VECTORS)
        if any(op.is_control for op in graph.ops) and len(graph.ops) <= MOST_OPERATORS:
            truth = list(reference.sequence(graph, vectors))
            found.append(Case(f"program {seed - 1}", content, graph, vectors, truth))
    return found


@pytest.mark.parametrize("target", ON)
def test_generated_engines(target: str, tmp_path: Path) -> None:
    assert programs.aot(drawn(), TARGETS[target], LEVELS, tmp_path).differences() == []


@pytest.mark.parametrize("target", ON)
def test_interpreter(target: str, tmp_path: Path) -> None:
    """In the exact arena; every second time operator by operator."""
    assert programs.tflm(drawn(), TARGETS[target], tmp_path).differences() == []


def test_a_loop_that_does_not_end_is_ended(tmp_path: Path) -> None:
    content = looping(ends=False)
    graph = tflite.read(content, "m")
    vectors: list[list[Array]] = [[np.zeros((1, 6), np.int8), np.array([1], np.int32)]] * programs.VECTORS
    case = Case("endless", content, graph, vectors, [[vectors[0][0]]] * programs.VECTORS)
    every = ", ".join(f"vector {number} (status {{0}})" for number in range(programs.VECTORS))
    (tmp_path / "aot").mkdir()
    found = programs.aot([case], TARGETS["host"], ["balanced"], tmp_path / "aot").differences()
    assert found == [f"endless, aot balanced on host: {every}".format(6)]  # ENGINE_ENDLESS
