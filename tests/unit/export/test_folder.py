"""What `export` writes, where, and what it refuses."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from gen.cli.main import main
from gen.compiler.engines import ENGINES
from gen.errors import UsageError
from gen.export import library as export
from gen.export.folder import MANIFEST
from gen.export.library import FORMATS, ExportOptions, Library
from gen.export.prefix import check_prefix, default_prefix
from gen.paths import FIRMWARE
from tests.export_host import library, quantized


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("engine", ENGINES)
def test_same_bytes_when_made_twice(form: str, engine: str) -> None:
    order = ExportOptions(form, engine)
    first, second = (export.library(quantized("two_inputs"), order) for _ in range(2))
    assert first.files == second.files
    assert {"README.md", "LICENSE", "src/two_inputs.h", MANIFEST} <= set(first.files)
    assert not any(str(Path.home()) in text or str(FIRMWARE) in text for text in first.files.values())


def test_header_says_what_the_model_is() -> None:
    exported = library("digits", "tflm")
    header, graph = exported.files["src/digits.h"], exported.model.graph
    for line in (
        '#define DIGITS_MODEL_NAME "digits"', f'#define DIGITS_MODEL_SHA256 "{graph.sha256}"',
        "#define DIGITS_INPUT_SHAPE { 1, 8, 8, 1 }", "#define DIGITS_INPUT_ELEMENTS 64",
        '#define DIGITS_INPUT_DTYPE "int8"', "#define DIGITS_INPUT_ZERO_POINT (-128)", "#define DIGITS_LABELS 10",
        f"#define DIGITS_ARENA_BYTES {exported.sources.arena_bytes}",
    ):  # fmt: skip
        assert f"{line}\n" in header or f"{line} " in header, line
    scale = re.search(r"^#define DIGITS_INPUT_SCALE (\S+)f$", header, re.MULTILINE)
    assert scale and np.float32(scale[1]) == np.float32(graph.tensors[graph.inputs[0]].scale)
    assert re.findall(r'^    "(.)",$', exported.files["src/digits/api.c"], re.MULTILINE) == list("0123456789")


def export_to(folder: Path, exported: Library) -> None:
    export.write(folder, exported.files)


def test_an_export_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    first, second = library("two_inputs", "tflm", "arduino"), library("digits", "aot", "cmake")
    folder = tmp_path / "lib"
    export_to(folder, first)
    (folder / "build").mkdir()
    (folder / "build" / "made").write_text("by make")
    export_to(folder, second)
    found = {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}
    assert found == second.files
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"notes\.txt was added"):
        export_to(folder, first)
    (folder / "notes.txt").unlink()
    (folder / "README.md").write_text("mine")
    with pytest.raises(UsageError, match=r"README\.md was changed"):
        export_to(folder, first)
    assert (folder / "README.md").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["lib"]


@pytest.mark.parametrize("manifest", [None, "[]", "{", '{"files": 1}'])
def test_other_folders_are_refused(manifest: str | None, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "mine.c").write_text("int mine;")
    if manifest is not None:
        (folder / MANIFEST).write_text(manifest)
    before = sorted(folder.iterdir())
    with pytest.raises(UsageError, match="not an export of ours"):
        export_to(folder, library("digits", "aot"))
    assert sorted(folder.iterdir()) == before
    with pytest.raises(UsageError, match="is a file"):
        export_to(folder / "mine.c", library("digits", "aot"))
    empty = tmp_path / "empty"
    empty.mkdir()
    export_to(empty, library("digits", "aot"))
    assert (empty / MANIFEST).is_file()


def test_nothing_half_written_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    export_to(tmp_path / "lib", library("digits", "aot"))
    before = sorted(p for p in tmp_path.rglob("*"))
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UsageError, match="the disk is full"):
        export_to(tmp_path / "lib", library("digits", "tflm"))
    assert sorted(p for p in tmp_path.rglob("*")) == before


def test_ctrl_c_keeps_the_older_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the two renames, where neither export is in its place."""
    folder, rename = tmp_path / "lib", Path.rename
    export_to(folder, library("digits", "aot"))
    before = sorted(p for p in tmp_path.rglob("*"))

    def interrupted(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export_to(folder, library("digits", "tflm"))
    assert sorted(p for p in tmp_path.rglob("*")) == before


@pytest.mark.parametrize("prefix", ["", "1a", "Digits", "a-b", "int", "math", "test", "a_", "a_engine", "x" * 32])
def test_impossible_prefixes_are_refused(prefix: str) -> None:
    with pytest.raises(UsageError, match="--name"):
        check_prefix(prefix)


@pytest.mark.parametrize(
    ("model", "prefix"), [("My_Net", "my_net"), ("_2net_", "model_2net"), ("string", "string_model"), ("_", "model"),
                          ("x_engine", "x_engine_model"), ("9" * 31, "model_" + "9" * 25), ("a" * 40, "a" * 31)]
)  # fmt: skip
def test_default_prefix(model: str, prefix: str) -> None:
    assert default_prefix(model) == check_prefix(prefix) == prefix


def test_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["export", "digits", "--format", "arduino", "--board", "netduino_plus_2", "--name", "mine"]
    assert main([*words, "--out", str(tmp_path / "mine"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["isa"], found["engine"], found["prefix"]) == ("dsp", "aot", "mine")
    assert (
        sorted(p.relative_to(tmp_path / "mine").as_posix() for p in (tmp_path / "mine").rglob("*") if p.is_file())
        == (found["files"])
    )
    for wrong, hint in (
        (["--format", "arduin"], "did you mean 'arduino'?"), (["--format", "c", "--engine", "tflmm"], "'tflm'?"),
        (["--format", "c", "--isa", "dps"], "'dsp'?"), (["--format", "c", "--board", "netduino"], "'netduino_plus_2'?"),
        (["--format", "c", "--isa", "dsp", "--board", "netduino_plus_2"], "not allowed with"), ([], "--format"),
        (["--format", "c", "--name", "int"], "--name 'int'"),
        (["--format", "c", "--out", str(tmp_path)], "not an export"),
    ):  # fmt: skip
        assert main(["export", "digits", *wrong]) == 2
        assert hint in capsys.readouterr().err
