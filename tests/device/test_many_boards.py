"""`verify --board a,b,c --junit FILE`: what stops one board does not stop the others, and both are told."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from gen.cli.main import main
from gen.verify import built, compare
from gen.verify.compare import Expected
from tests.tiny import dense_model

HOST, SMALL = "host", "stm32vldiscovery"


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds in folders of this test instead of in the project's."""
    monkeypatch.setattr(built, "usual_folder", lambda model, board, options: tmp_path / board.id)


def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, code: int, *words: str, content: bytes) -> Any:
    """What --json prints; the XML is checked by the caller."""
    path = tmp_path / "dense.tflite"
    path.write_bytes(content)
    command = ["verify", str(path), "--junit", str(tmp_path / "results.xml"), "--vectors", "3", "--json", *words]
    assert main(command) == code
    return json.loads(capsys.readouterr().out)


def cases(tmp_path: Path) -> dict[str, str]:
    """Board -> what became of it, by the XML."""
    suite = ElementTree.parse(tmp_path / "results.xml").getroot()[0]
    found = {}
    for case in suite:
        stopped = [f"{child.tag} {child.get('type')}" for child in case if child.tag in ("error", "failure")]
        found[case.attrib["name"]] = stopped[0] if stopped else "passed"
    return found


def test_good_boards_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(capsys, tmp_path, 0, "--board", f"{SMALL},{HOST}", "--explain", content=dense_model(4, 2))
    assert [(report["board"], report["verdict"], report["vectors"]) for report in found] == [
        (SMALL, "exact", 3),
        (HOST, "exact", 3),
    ]
    assert found[0]["instructions"] > 0 and found[1]["instructions"] is None
    assert cases(tmp_path) == {SMALL: "passed", HOST: "passed"}


def test_a_board_that_is_too_small_is_an_error_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One after the other; the table has a row for each, too."""
    found = run(capsys, tmp_path, 1, "--board", f"{SMALL},{HOST}", "--jobs", "1", content=dense_model(400, 400))
    assert found[0]["error"] == "does_not_fit" and "does not fit by " in found[0]["message"]
    assert found[1]["verdict"] == "exact"
    assert cases(tmp_path) == {SMALL: "error does_not_fit", HOST: "passed"}
    assert main(["verify", str(tmp_path / "dense.tflite"), "--board", f"{SMALL},{HOST}", "--vectors", "2"]) == 1
    printed = capsys.readouterr()
    assert "does not fit" in printed.out and "exact" in printed.out
    assert f"{SMALL}: error: " in printed.err and f"{HOST}: device: 2 in " in printed.err


def test_other_bytes_are_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = compare.expect

    def wrong(*words: Any) -> Expected:
        """The truth but for one byte of the second vector."""
        expected = right(*words)
        expected.outputs[1][0] = np.bitwise_xor(expected.outputs[1][0], np.int8(64))
        return expected

    monkeypatch.setattr(compare, "expect", wrong)
    (found,) = run(capsys, tmp_path, 1, "--board", HOST, content=dense_model(4, 2))
    assert (found["verdict"], found["mismatches"]) == ("mismatch", 1)
    assert cases(tmp_path) == {HOST: "failure mismatch"}


def test_the_worst_exit_code_is_the_run_s(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing emulator (3) outweighs a model that does not fit (1)."""
    real = built.line_of
    monkeypatch.setattr(
        built, "line_of", lambda target, *rest: "exec:no-such-emulator" if target.id == HOST else real(target, *rest)
    )
    found = run(capsys, tmp_path, 3, "--board", f"{SMALL},{HOST}", content=dense_model(400, 400))
    assert [report["error"] for report in found] == ["does_not_fit", "missing_tool"]
    assert cases(tmp_path) == {SMALL: "error does_not_fit", HOST: "error missing_tool"}


def test_dry_run_prints_a_line_for_each(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["verify", "digits", "--board", f"{SMALL},{HOST}", "--dry-run"]) == 0
    small, host = capsys.readouterr().out.splitlines()
    assert small.startswith("qemu-system-arm ") and small.endswith(f"digits-{SMALL}-tflm/firmware.elf")
    assert host.endswith(f"digits-{HOST}-tflm/firmware.elf") and list(tmp_path.iterdir()) == []


def test_words_that_fit_one_board_only(capsys: pytest.CaptureFixture[str]) -> None:
    for more in (["--out", "x"], ["--port", "p"]):
        assert main(["verify", "digits", "--board", f"{SMALL},{HOST}", *more]) == 2
        assert "one board" in capsys.readouterr().err
    assert main(["verify", "digits", "--board", f"{SMALL},hots"]) == 2
    assert "did you mean 'host'?" in capsys.readouterr().err
