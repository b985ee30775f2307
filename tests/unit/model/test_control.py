"""IF and WHILE: what TFLM makes of them, and what is refused."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compiler import passes
from gen.compiler.engines import ENGINES
from gen.compiler.engines.tflm_arena import tflm_arena_bytes
from gen.compiler.program import compile_graph
from gen.compiler.target import Target
from gen.device.upstream_tflm import with_upstream
from gen.errors import ModelError, UnsupportedOp
from gen.model import graph as graphs
from gen.model import reference, tflite
from gen.model.graph import Array, Graph, Role
from gen.model.quantized import QuantizedModel
from gen.model.support import require_supported
from tests import tflm_host as host
from tests.control import (
    NUMBER,
    ROW,
    TRUTH,
    RandomProgram,
    add,
    branch,
    branching,
    less,
    loop,
    looping,
    nested,
    tensor,
)
from tests.effort import cases
from tests.tiny import CALL_ONCE, O, Subgraph, T, edited, models, tflm_sequence


def read(content: bytes) -> Graph:
    graph = tflite.read(content, "m")
    require_supported(graph, "m")
    return graph


def vectors(*numbers: int) -> list[list[Array]]:
    return [[np.arange(-3, 3, dtype=np.int8).reshape(1, 6) * 9, np.array([n], np.int32)] for n in numbers]


def assert_as_tflm(content: bytes, steps: Sequence[Sequence[Array]]) -> Graph:
    graph = read(content)
    theirs = tflm_sequence(content, steps)
    for ours in (reference.sequence(graph, steps), reference.sequence(passes.optimize(graph), steps)):
        for step, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            for x, y in zip(a, b, strict=True):
                np.testing.assert_array_equal(x, y, f"step {step}")
    return graph


@settings(derandomize=True, deadline=None, max_examples=cases(15, 60))
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_random_programs_are_tflms(seed: int, stateful: bool) -> None:
    """Branches and loops in each other, views of what changes, variables that change places or are in branches."""
    program = RandomProgram(np.random.default_rng(seed), stateful)
    assert_as_tflm(program.made(), program.vectors(3))


def test_random_programs_are_what_they_should_be() -> None:
    """Most branch or loop, some within each other, and some of what they read depends on what was before."""
    made = [read(RandomProgram(np.random.default_rng(seed), stateful=True).made()) for seed in range(30)]
    roles = [[op.role for op in graph.ops if op.is_control] for graph in made]
    assert sum(Role.LOOP in each for each in roles) > 8 and sum(Role.BRANCH in each for each in roles) > 8
    assert sum("body" in op.where and op.role is Role.LOOP for graph in made for op in graph.ops) > 5
    assert sum(op.kind == "assign_variable" and op.place is not None for graph in made for op in graph.ops) > 5


def test_a_branch() -> None:
    graph = assert_as_tflm(branching(), vectors(4, 5))
    assert [str(op) for op in graph.ops if op.role is None] == [
        "operator 0 (LESS)",
        "operator 0 (ADD) of subgraph 'doubled'",
        "operator 0 (RELU) of subgraph 'rectified'",
    ]
    assert graph.others == () and graph.variables == ()


@pytest.mark.parametrize("start", [0, -1])
def test_a_loop(start: int) -> None:
    graph = assert_as_tflm(looping(start), vectors(-5, 0, 1, 3))
    assert len({op.index for op in graph.ops}) == len(graph.ops)


def test_what_stays_the_same_in_a_loop_is_no_copy() -> None:
    """Weights that are handed in are constants of the FULLY_CONNECTED within."""
    weights = np.arange(36).reshape(6, 6) % 7 - 3
    main = [tensor(ROW), tensor(NUMBER), tensor(NUMBER, [0]), T((6, 6), scale=0.05, data=weights)]
    main += [tensor(NUMBER), tensor(ROW), T((6, 6), scale=0.05), tensor(NUMBER)]
    given_ = (NUMBER, ROW)
    condition = [*map(tensor, given_), T((6, 6), scale=0.05), tensor(NUMBER), tensor(TRUTH)]
    body = [*map(tensor, given_), T((6, 6), scale=0.05), tensor(NUMBER), tensor(NUMBER, [1]), tensor(NUMBER),
            tensor(ROW)]  # fmt: skip
    dense = O("FULLY_CONNECTED", [1, 2, -1], [6], {}, "FullyConnectedOptions")
    content = models(
        [
            Subgraph(main, [loop([2, 0, 3, 1], [4, 5, 6, 7], 1, 2)], [0, 1], [5]),
            Subgraph(condition, [less(0, 3, 4)], [0, 1, 2, 3], [4]),
            Subgraph(body, [add(0, 4, 5), dense], [0, 1, 2, 3], [5, 6, 2, 3]),
        ]
    )
    graph = assert_as_tflm(content, vectors(0, 1, 3))
    assert sum(op.role is Role.COPY for op in graph.ops) == 4  # the counter's and the row's, before and in the loop


def test_a_condition_that_is_constant_folds_away() -> None:
    def edit(m: object) -> None:
        main = m.subgraphs[0]  # type: ignore[attr-defined]
        main.operators[0].inputs = [2, 2]

    graph = assert_as_tflm(edited(branching(), edit), vectors(4, 5))
    program = compile_graph(passes.optimize(graph), "portable", "balanced")
    assert [step.call.op.kind for step in program.steps] == ["relu"]


def test_a_loop_that_does_not_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "MOST_ROUNDS", 100)
    graph = read(looping(ends=False))
    assert int(reference.outputs(graph, vectors(0)[0])[1][0]) == 0
    with pytest.raises(ModelError, match=r"operator 0 \(WHILE\) goes on for more than 100 rounds"):
        reference.outputs(graph, vectors(1)[0])


def test_the_bound_of_rounds_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "MOST_ROUNDS", 7)
    graph = read(looping())
    assert int(reference.outputs(graph, vectors(7)[0])[1][0]) == 7
    with pytest.raises(ModelError, match="rounds"):
        reference.outputs(graph, vectors(8)[0])


@pytest.mark.parametrize("make", [branching, looping, nested])
def test_the_interpreter_needs_exactly_its_arena(make: Callable[[], bytes]) -> None:
    content = make()
    device, arena = host.device_form(content), tflm_arena_bytes(read(content), 8)
    assert host.prepare(device, arena).used == arena
    assert host.prepare(device, arena - 16).failure == host.ARENA_TOO_SMALL


def refusal(content: bytes) -> str:
    with pytest.raises(ModelError) as caught:
        read(content)
    return str(caught.value)


def test_obstacles_in_what_is_called_are_told_at_once() -> None:
    """With the subgraph's name; an initializer that runs later; a loop in itself."""
    main = [tensor(ROW), tensor(NUMBER), tensor(NUMBER, [5]), tensor(TRUTH), tensor(ROW)]
    then = [tensor(ROW), tensor(ROW), tensor(ROW)]
    content = models(
        [
            Subgraph(main, [less(1, 2, 3), branch(3, [0], [4], 1, 2)], [0, 1], [4]),
            Subgraph(then, [CALL_ONCE, O("SIN", [0], [1]), add(1, 1, 2)], [0], [2], "then"),
            Subgraph(
                [*then, tensor(TRUTH, [True])], [branch(3, [0], [1], 2, 1), O("COS", [1], [2])], [0], [2], "other"
            ),
        ]
    )
    assert re.fullmatch(
        r"m can't be built, for 3 reasons:\n"
        r"  1\. operator 0 \(CALL_ONCE\) of subgraph 'then': run when .* variables outside of IF and WHILE\.\n"
        r"  2\. operator 1 \(SIN\) of subgraph 'then'; operator 1 \(COS\) of subgraph 'other': in TFLM in .*\.\n"
        r"  3\. operator 0 \(IF\) of subgraph 'other' calls the subgraph that it is in, .*: make it a loop\.",
        refusal(content),
    )


def test_a_condition_is_one_bool() -> None:
    def edit(m: object) -> None:
        m.subgraphs[0].operators[1].inputs = [1, 0]  # type: ignore[attr-defined]

    assert refusal(edited(branching(), edit)).endswith(
        "operator 1 (IF) is decided by int32 (1,), and TFLM takes one bool: compare before it."
    )


def test_what_is_handed_over_is_the_same() -> None:
    def edit(m: object) -> None:
        m.subgraphs[1].tensors[0].shape = [1, 7]  # type: ignore[attr-defined]

    assert "hands int8 (1, 6) on as int8 (1, 7), and TFLM copies it as it is" in refusal(edited(branching(), edit))


@pytest.mark.parametrize("scale", [0.1, 0.2])
def test_a_called_subgraph_may_take_bytes_for_other_numbers(scale: float) -> None:
    """TFLM copies them as they are."""
    main = [tensor(ROW), tensor(NUMBER), tensor(NUMBER, [5]), tensor(TRUTH), tensor(ROW)]
    other = [T((1, 6), scale=scale, zero_point=-7), tensor(ROW)]
    content = models(
        [
            Subgraph(main, [less(1, 2, 3), branch(3, [0], [4], 1, 2)], [0, 1], [4]),
            Subgraph(other, [add(0, 0, 1)], [0], [1]),
            Subgraph([tensor(ROW)], [], [0], [0]),
        ]
    )
    assert_as_tflm(content, vectors(4, 5))


def test_a_subgraph_called_often_is_refused() -> None:
    """Each calls the next one twice: 2 to the power of 20 operators."""
    tensors = [tensor(ROW), tensor(TRUTH, [True]), tensor(ROW)]
    graphs_ = [Subgraph(tensors, [branch(1, [0], [2], n + 1, n + 1)], [0], [2]) for n in range(20)]
    with pytest.raises(UnsupportedOp, match="comes to more than 8,192 operators"):
        tflite.read(models([*graphs_, Subgraph([tensor(ROW)], [], [0], [0])]), "m")


def test_upstreams_interpreter_is_refused(tmp_path: Path) -> None:
    content = branching()
    sources = ENGINES["tflm"](QuantizedModel(content, read(content)), Target("portable", 4))
    with pytest.raises(UnsupportedOp, match=r"m has IF or WHILE, in whose place .*: leave out --tflm-dir"):
        with_upstream(sources, tmp_path, None)


def test_the_same_number_on_both_sides() -> None:
    assert f"#define ENGINE_MOST_ROUNDS {graphs.MOST_ROUNDS}\n" in (host.FIRMWARE / "engine.h").read_text()
