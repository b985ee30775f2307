"""`make quick` finds the tests of a change, keeps its time and says what it left out."""

import sys
import time
from pathlib import Path

import pytest

from tests import quick

FILES = quick.sources()


def test_what_it_names_exists() -> None:
    for test in quick.SMOKE:
        assert len(quick.named(test)) == 1, test
    for patterns in quick.NEAR.values():
        for pattern in patterns:
            assert quick.named(pattern), pattern


def near(changed: list[str]) -> dict[str, int]:
    """Names of test files, wherever they lie, and how far they are."""
    return {Path(test).name: far for test, far in quick.distances(changed, FILES).items()}


def test_nearer_is_who_imports_it_more_directly() -> None:
    far = near(["gen/device/session.py"])
    assert far["test_session.py"] == 1
    assert far["test_main.py"] > far["test_explain.py"] >= 1
    assert "test_fixed_point.py" not in far


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("tests/tiny.py", {"test_tflite.py": 1}),
        ("tests/probes/nn_math_probe.c", {"test_fixed_point.py": 1}),
        ("firmware/kernels/portable/softmax.c", {"test_softmax.py": 1}),
        ("firmware/kernels/riscv/thirds.S", {"test_riscv.py": 1}),
        (
            "firmware/kernels/dsp/winograd.S",
            {"test_dsp_winograd.py": 1, "test_dsp_gemm.py": 1},
        ),
        ("firmware/link.c", {"test_link.py": 1, "test_models.py": 1}),
        ("gen/templates/engine.c.j2", {"test_aot.py": 3, "test_golden.py": 4}),
        ("requirements.lock", {"test_lock.py": 1}),
        ("boards/host.ini", {"test_board.py": 1}),
    ],
)
def test_what_is_near_a_change(changed: str, expected: dict[str, int]) -> None:
    far = near([changed])
    assert all(far[test] <= most for test, most in expected.items()), far


def test_every_kernel_test_is_near_what_all_kernels_include() -> None:
    far = quick.distances(["firmware/kernels/nn_math.h"], FILES)
    assert {test for test in FILES if test.startswith("tests/kernels/test_")} <= far.keys()


def test_the_smoke_comes_first_and_nothing_twice() -> None:
    smoke = quick.order({}, {})
    assert [test.rpartition("/")[2] for test in smoke] == list(quick.SMOKE)
    tests = quick.order({"tests/test_b.py": 2, "tests/test_a.py": 2, smoke[0]: 1}, {"tests/test_a.py": 9.0})
    assert tests == [*smoke, "tests/test_b.py", "tests/test_a.py"]


def test_time_is_kept_and_what_was_left_out_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    scripts = {"good": "pass", "bad": "print('why'); raise SystemExit(1)", "slow": "import time; time.sleep(60)"}
    outcome = quick.run(
        ["good", "bad", "known", "slow"], 3.0, {"known": 5.0}, lambda test: [sys.executable, "-c", scripts[test]]
    )
    assert time.monotonic() - began < 10
    quick.tell(outcome)
    assert (sorted(outcome.left_out), list(outcome.failed)) == (["known", "slow"], ["bad"])
    said = capsys.readouterr().out
    assert "no time was left for 2 test files" in said and "  slow\n" in said and "why" in said
    assert said.endswith("1 passed, 1 failed\n")
