"""Random networks of all operators: TFLM = NumPy = the optimized graph = what both engines make, on every machine."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compiler import passes
from gen.compiler.kernels.select import LEVELS, in_parts, select
from gen.errors import ModelError
from gen.model import reference, tflite, upstream
from gen.model.ops import lower
from gen.model.support import require_supported
from tests import graph_int16, programs, recurrent
from tests.effort import cases
from tests.graphs import network
from tests.kernels.targets import TARGETS
from tests.programs import Case
from tests.transposed import transpose_conv

# What the generator refuses of networks of random scales. tflite-micro has no say in it: none of the others is refused.
REFUSED = ("sums can leave int32", "2**19 apart", "too far apart")
ON_DEVICES = cases(8, 40)
OF_INT16 = 1  # pairs of networks of int16: an emulated Cortex-M55's flash has no space for more


def whole(seed: int) -> Case | None:
    """The case of a network; None where it is refused as it should be."""
    content = network(seed)
    try:
        graph = tflite.read(content, "m")
        require_supported(graph, "m")
    except ModelError as error:
        assert any(reason in str(error) for reason in REFUSED), error
        return None
    return programs.case(f"network({seed})", content, graph)


@settings(derandomize=True, deadline=None, max_examples=cases(20, 120))
@given(st.integers(0, 2**32 - 1))
def test_the_reference_is_tflm_and_optimizing_changes_nothing(seed: int) -> None:
    case = whole(seed)
    if case is None:
        return
    optimized = passes.optimize(case.graph)
    activations = sum(t.size_bytes for t in case.graph.activations)
    theirs = upstream.outputs(case.content, case.vectors, len(case.graph.outputs), activations)
    better = reference.sequence(optimized, case.vectors)
    for ours, other, again in zip(case.truth, theirs, better, strict=True):
        for a, b in zip(ours, other, strict=True):
            np.testing.assert_array_equal(a, b, f"NumPy against TFLM, {case.name}")
        for a, b in zip(ours, again, strict=True):
            np.testing.assert_array_equal(a, b, f"optimized, {case.name}")


@cache
def networks() -> list[Case]:
    found = [case for seed in range(2 * ON_DEVICES) if (case := whole(seed)) is not None][:ON_DEVICES]
    assert len(found) == ON_DEVICES
    for seed in range(4):
        rngs = [np.random.default_rng((seed, kind)) for kind in range(3)]
        contents = {
            f"svdf {seed}": recurrent.svdf(rngs[0], "int16"),
            f"svdf_int8 {seed}": recurrent.svdf(rngs[1], "int8"),
            f"lstm {seed}": recurrent.lstm(rngs[2]),
            f"lstm of halves {seed}": recurrent.lstm(rngs[2], halves=True),
        }
        if seed < OF_INT16:
            contents |= {
                f"lstm of int16 {seed}": recurrent.lstm(np.random.default_rng((seed, 3)), dtype="int16"),
                f"int16 {seed}": graph_int16.network(np.random.default_rng((seed, 4))),
            }
        found += [programs.case(name, content, tflite.read(content, "m")) for name, content in contents.items()]
    for seed in range(cases(4, 10)):
        content = transpose_conv(np.random.default_rng(seed))
        found.append(programs.case(f"transpose_conv {seed}", content, tflite.read(content, "m")))
    return found


@pytest.mark.parametrize("isa", ["dsp", "mve"])
def test_lstms_are_computed_by_the_kernels_of_isas_and_portable_ones(isa: str) -> None:
    calls = [lower(case.graph, case.graph.ops[0]) for case in networks() if case.name.startswith("lstm")]
    assert {select(call, isa).variant.isa for call in calls} == {isa, "portable"}


@pytest.mark.parametrize("isa", ["dsp", "mve"])
def test_transpose_convs_are_computed_in_parts_and_as_a_whole(isa: str) -> None:
    calls = [lower(case.graph, case.graph.ops[0]) for case in networks() if case.name.startswith("transpose_conv")]
    assert {in_parts(call, isa) is not None for call in calls} == {True, False}


@pytest.mark.parametrize("target", TARGETS)
def test_generated_engines(target: str, tmp_path: Path) -> None:
    """Engine aot at all levels; on the host with sanitizers."""
    program = programs.aot(networks(), TARGETS[target], LEVELS, tmp_path)
    assert {case.name for case, _ in program.engines} == {case.name for case in networks()}
    assert program.differences() == []


@pytest.mark.parametrize("target", TARGETS)
def test_interpreter(target: str, tmp_path: Path) -> None:
    """Engine tflm, in the exact arena; in two programs, as one would not fit every machine's memory."""
    for half in range(2):
        some, folder = networks()[half::2], tmp_path / str(half)
        folder.mkdir()
        program = programs.tflm(some, TARGETS[target], folder)
        assert len(program.engines) == len(some)
        assert program.differences() == []


def test_a_wrong_output_is_told(tmp_path: Path) -> None:
    """What the tests above rely on: one byte that differs, in one engine."""
    first, second, *_ = networks()
    truth = [[array.copy() for array in outputs] for outputs in second.truth]
    truth[1][-1].reshape(-1).view(np.uint8)[-1] ^= 1
    wrong = Case(second.name, second.content, second.graph, second.vectors, truth)
    program = programs.aot([first, wrong], TARGETS["host"], ["balanced"], tmp_path)
    assert program.differences() == [f"{second.name}, aot balanced on host: vector 1 (status 0)"]
