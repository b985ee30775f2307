"""`make quick` finds the tests of a change, keeps its time and says what it left out."""

import sys
import time

import pytest

from tests import quick

FILES = quick.sources()


def test_what_it_names_exists() -> None:
    for test in quick.SMOKE:
        assert test.partition("::")[0] in FILES
    for patterns in quick.NEAR.values():
        for pattern in patterns:
            assert list((quick.ROOT / "tests").glob(pattern)), pattern


def test_nearer_is_who_imports_it_more_directly() -> None:
    far = quick.distances(["gen/device/session.py"], FILES)
    assert far["tests/unit/test_session.py"] == 1
    assert far["tests/unit/test_cli.py"] > far["tests/unit/test_explain.py"] >= 1
    assert "tests/unit/test_fixed_point.py" not in far


@pytest.mark.parametrize(
    ("changed", "near"),
    [
        ("tests/unit/test_graph.py", {"tests/unit/test_graph.py": 0}),
        ("tests/unit/nn_math_probe.c", {"tests/unit/test_fixed_point.py": 1}),
        ("firmware/kernels/portable/softmax.c", {"tests/kernels/test_softmax.py": 1}),
        ("firmware/kernels/riscv/thirds.S", {"tests/kernels/test_riscv.py": 1}),
        (
            "firmware/kernels/dsp/winograd.S",
            {"tests/kernels/test_dsp_winograd.py": 1, "tests/kernels/test_dsp_gemm.py": 1},
        ),
        ("firmware/link.c", {"tests/unit/test_link.py": 1, "tests/device/test_models.py": 1}),
        ("gen/templates/engine.c.j2", {"tests/unit/test_aot_engine.py": 3, "tests/golden/test_golden.py": 4}),
        ("requirements.lock", {"tests/bugs/test_lock.py": 1}),
        ("boards/host.ini", {"tests/unit/test_board.py": 1}),
    ],
)
def test_what_is_near_a_change(changed: str, near: dict[str, int]) -> None:
    far = quick.distances([changed], FILES)
    assert all(far[test] <= most for test, most in near.items()), far


def test_every_kernel_test_is_near_what_all_kernels_include() -> None:
    far = quick.distances(["firmware/kernels/nn_math.h"], FILES)
    assert {test for test in FILES if test.startswith("tests/kernels/test_")} <= far.keys()


def test_the_smoke_comes_first_and_nothing_twice() -> None:
    tests = quick.order(
        {"tests/unit/test_b.py": 2, "tests/unit/test_a.py": 2, quick.SMOKE[0]: 1}, {"tests/unit/test_a.py": 9.0}
    )
    assert tests == [*quick.SMOKE, "tests/unit/test_b.py", "tests/unit/test_a.py"]


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
