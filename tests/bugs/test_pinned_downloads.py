"""Wheels with data were taken whatever was in them: a list of versions names files, a hash says what they hold."""

import re
import zipfile
from pathlib import Path

import pytest

from gen.data import wheels
from gen.paths import MODELS, ROOT

LINE = re.compile(r"[\w.-]+==[\w.]+ --hash=sha256:[0-9a-f]{64}")


def test_every_wheel_has_a_hash() -> None:
    lines = (MODELS / "data.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert wanted and all(LINE.fullmatch(line) for line in wanted)


def test_nothing_else_downloads() -> None:
    for path in (ROOT / "Makefile", ROOT / ".ci" / "run", *(ROOT / "gen").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"pip download|urlopen|urlretrieve|\bcurl |\bwget ", text), path


def test_another_wheel_of_the_name_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    offered, name = tmp_path / "offered", "tiny_data-1.0-py3-none-any.whl"
    offered.mkdir()
    with zipfile.ZipFile(offered / name, "w") as wheel:
        wheel.writestr("tiny_data-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-data\nVersion: 1.0\n")
        wheel.writestr("tiny_data-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
    for variable, value in (("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", str(offered)), ("PIP_CONFIG_FILE", "/dev/null")):
        monkeypatch.setenv(variable, value)
    listed = tmp_path / "data.txt"
    listed.write_text(f"tiny-data==1.0 --hash=sha256:{'0' * 64}\n")
    assert wheels.download(tmp_path / "taken", listed) != 0
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in capfd.readouterr().err
    listed.write_text("tiny-data==1.0\n")
    assert wheels.download(tmp_path / "taken", listed) != 0
    assert not list((tmp_path / "taken").glob("*.whl"))
