"""The harness notices what it is there to notice, and goes on with the next case."""

import numpy as np
import pytest

from gen.compiler.kernels.select import FALLBACK, VARIANTS
from gen.model.graph import Array, Op
from gen.model.ops import KERNELS
from gen.model.ops.operator import Call
from tests.kernels.harness import KERNEL_DIR, harness, is_elsewhere
from tests.kernels.targets import TARGETS

X = np.arange(8, dtype=np.int8)


def copy(count: int) -> Call:
    """RESHAPE moves as many bytes as its parameters say."""
    return Call(Op(0, "reshape", (0,), (1,), {}), "reshape", {"bytes": count}, (0,), (1,))


def run(target: str, call: Call, x: Array, y: Array) -> tuple[Array, int]:
    """The portable kernel."""
    (step,) = (step for step in harness(target).steps(call) if step.variant.isa == "portable")
    return harness(target).run(step, [x], y)


@pytest.mark.parametrize(("target", "words"), [("host", "ended"), ("cortex-m4", "beyond a buffer")])
def test_one_byte_beyond_a_buffer(target: str, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        run(target, copy(9), np.append(X, X), X)
    y, _ = run(target, copy(8), X, X)
    np.testing.assert_array_equal(y, X)


def test_one_byte_read_beyond_an_input() -> None:
    """Only AddressSanitizer sees a read."""
    with pytest.raises(AssertionError, match="ended"):
        run("host", copy(9), X, np.append(X, X))


@pytest.mark.parametrize("target", TARGETS)
def test_a_byte_that_is_not_written_shows(target: str) -> None:
    y, _ = run(target, copy(7), X, X)
    assert (y[:7] == X[:7]).all() and y[7] != X[7]


def test_too_large_for_the_device() -> None:
    with pytest.raises(AssertionError, match="pool"):
        run("cortex-m4", copy(1), X, np.zeros(2**21, np.int8))


def test_instructions_are_counted() -> None:
    """Ten times the work takes about ten times the instructions, and the same every time."""
    weights = np.zeros((4, 4000), np.int8)
    counts = []
    for in_n in (400, 4000, 4000):
        params = {
            "weights": weights[:, :in_n], "bias": None, "multiplier": [2**30], "shift": [0], "batches": 1,
            "in_n": in_n, "out_n": 4, "input_offset": 0, "output_offset": 0, "act_min": -128, "act_max": 127,
            "per_channel": 0,
        }  # fmt: skip
        call = Call(Op(0, "fully_connected", (0,), (1,), {}), "fully_connected", params, (0,), (1,))
        counts.append(run("cortex-m4", call, np.zeros(in_n, np.int8), np.zeros(4, np.int8))[1])
    assert 8 < counts[1] / counts[0] < 10.5
    assert abs(counts[1] - counts[2]) <= 40  # one tick of the 25 MHz timer
    assert run("host", copy(8), X, X)[1] == 0


@pytest.mark.parametrize("target", TARGETS)
def test_every_kernel_file_that_the_target_can_run_is_built_in(target: str) -> None:
    isas = FALLBACK[harness(target).target.isa]
    files = {f"{isa}/{path.name}" for isa in isas for path in (KERNEL_DIR / isa).glob("*.c")}
    elsewhere = {file for row in VARIANTS if is_elsewhere(KERNELS[row.kernel]) for file in row.files}
    assert files <= {file for row in harness(target).rows for file in row.files} | elsewhere


def test_every_isa_is_run_by_a_target() -> None:
    assert {variant.isa for variant in VARIANTS} <= {isa for t in TARGETS.values() for isa in FALLBACK[t.isa]}
