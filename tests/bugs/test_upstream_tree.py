"""With --tflm-dir a Cortex-M did not link ("undefined reference to `end'"), and too small an arena got wrong advice."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gen.cli.main import main
from gen.compiler.engines import ENGINES
from gen.compiler.target import Target
from gen.importer import load
from tests import tflm_stand_in

BOARD = "qemu_mps2_an386"


@pytest.fixture(scope="module", autouse=True)
def a_standard_header(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Debian brings Arm's libstdc++ in a package that is not needed otherwise; the stand-in needs none of it."""
    folder = tmp_path_factory.mktemp("headers")
    (folder / "type_traits").write_text("")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CPLUS_INCLUDE_PATH", str(folder))
        yield


def words(tree: Path, out: Path, *more: str) -> list[str]:
    places = ("--tflm-dir", str(tree), "--out", str(out))
    return ["verify", "digits", "--board", BOARD, *places, "--vectors", "2", "--json", *more]


def test_a_tree_that_asserts_runs_on_a_cortex_m(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree, out = tflm_stand_in.make(tmp_path / "tree"), tmp_path / "out"
    assert main(words(tree, out)) == 0, capsys.readouterr().err
    found = json.loads(capsys.readouterr().out)
    loaded = load.load_model("digits")
    needed = ENGINES["tflm"](loaded, Target("dsp", 4)).arena_bytes
    assert (found["verdict"], found["arena_used_bytes"]) == ("exact", needed)
    assert found["arena_bytes"] > needed and "of which upstream TFLM uses" in (out / "report.md").read_text()
    symbols = subprocess.run(["arm-none-eabi-nm", out / "firmware.elf"], capture_output=True, text=True, check=True)
    names = {line.split()[-1] for line in symbols.stdout.splitlines()}
    assert "__assert_func" in names and not names & {"malloc", "_malloc_r", "fiprintf"}


def test_a_heap_that_is_asked_for_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What needs one links all the same: upstream's destructors name free(), its logging vsnprintf()."""
    tree = tflm_stand_in.make(tmp_path / "tree", holds="upstream_heap() == 0")
    (tree / "tensorflow/lite/micro/heap.cc").write_text(
        "#include <stdio.h>\n#include <stdlib.h>\nint upstream_heap() {\n    char text[20];\n"
        '    int length = snprintf(text, sizeof text, "%d", 7);\n    void *found = malloc(100);\n    free(found);\n'
        "    return found != nullptr || length != 1 || fputs(text, stdout) >= 0;\n}\n"
    )
    interpreter = tree / "tensorflow/lite/micro/interpreter.cc"
    interpreter.write_text(f"int upstream_heap();\n{interpreter.read_text()}")
    assert main(words(tree, tmp_path / "out")) == 0, capsys.readouterr().err


def test_an_assertion_that_fails_ends_the_session(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(tflm_stand_in.make(tmp_path / "tree", holds="0"), tmp_path / "out")) == 5
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: ")


def test_too_small_an_arena_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = tflm_stand_in.make(tmp_path / "tree")
    assert main(words(tree, tmp_path / "out", "--arena", "1000")) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert "too small an arena with 1000 bytes" in said and "`--arena 2000`" in said and "flash" not in said
