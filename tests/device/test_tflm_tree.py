"""`--tflm-dir`: the mechanics, with firmware/tflm laid out as upstream's tree. Upstream itself can't be had in CI;
tests/unit/compiler/test_tflm.py holds the generated files to its documented API."""

import json
import shutil
from pathlib import Path

import pytest

from gen.cli.main import main
from gen.device.upstream_tflm import NEEDED, RESOLVER
from tests import tflm_stand_in
from tests.tflm_models import stateful

ARENA = 20_000


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tflm_stand_in.make(tmp_path_factory.mktemp("tflm-tree"))


def words(tree: Path, *more: str) -> list[str]:
    return ["verify", "digits", "--board", "host", "--tflm-dir", str(tree), "--vectors", "3", "--json", *more]


def test_the_tree_is_compiled_instead_of_ours(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words(tree), "--arena", str(ARENA), "--out", str(tmp_path)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["verdict"], report["arena_bytes"]) == ("exact", ARENA)
    assert {kernel["kernel"] for kernel in report["kernels"]} == {"upstream"}
    text = (tmp_path / "firmware.map").read_text()
    assert "libtflm.a(interpreter.cc.o)" in text
    assert "tflm/interpreter.cc.o" not in text.replace("libtflm.a(interpreter.cc.o)", "")
    assert not (tmp_path / "src" / "nn_select.h").exists()


@pytest.mark.parametrize("missing", NEEDED)
def test_a_tree_that_lacks_a_file(missing: str, tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "tree"
    shutil.copytree(tree, copy)
    (copy / missing).unlink()
    assert main(words(copy)) == 2
    assert f"is no TFLM tree: it lacks {missing}" in capsys.readouterr().err


def test_a_tree_without_sources_or_operators(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "tree"
    shutil.copytree(tree, copy)
    resolver = copy / RESOLVER
    resolver.write_text(resolver.read_text().replace("AddSoftmax", "AddSoftMin"))
    assert main(words(copy)) == 4
    assert "does not know AddSoftmax" in capsys.readouterr().err
    for source in (copy / "tensorflow/lite/micro").glob("*.cc"):
        source.unlink()
    assert main(words(copy)) == 2
    assert "holds no source" in capsys.readouterr().err


def test_resource_variables_are_for_our_interpreter(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wake.tflite").write_bytes(stateful())
    assert main(["build", str(tmp_path / "wake.tflite"), "--board", "host", "--tflm-dir", str(tree)]) == 4
    assert "wake has resource variables" in capsys.readouterr().err


def test_wrong_use(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words(tree), "--engine", "aot"]) == 2
    assert "--tflm-dir is for engine tflm" in capsys.readouterr().err
    assert main(["build", "digits", "--board", "host", "--arena", "100"]) == 2
    assert "--arena is for --tflm-dir only" in capsys.readouterr().err
