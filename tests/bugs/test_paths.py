"""A folder's name was part of a shell's command line: `--out 'x;echo>P;y'` ran `echo`, quotes broke the build."""

import os
import shutil
import string
import subprocess
import sys
from pathlib import Path

import pytest

from gen.cli.main import main
from gen.device import board as boards
from gen.device import flash, place
from gen.device.renode import robot_cell
from gen.errors import BuildError, UsageError
from gen.paths import ROOT

# Every printable ASCII character that a folder's name may have, and commands of a shell that would leave a file.
PRINTABLE = "".join(
    c for c in string.printable if c.isprintable() and c not in string.ascii_letters + string.digits + "/"
)
NAME = f"a;echo>P;`touch P`$(touch P)&&touch P|b {PRINTABLE.strip()}"
CHECKOUT = ("boards", "firmware", "gen", "models", "platformio.ini")


@pytest.mark.parametrize("board", ["host", "netduino_plus_2"])
def test_a_build_folder_of_any_name(
    board: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    out = tmp_path / f"{NAME}\n\t~"
    words = ["verify", "digits", "--board", board, "--engine", "aot", "--vectors", "1", "--out", str(out)]
    assert main(words) == 0, capsys.readouterr().err
    assert {"firmware.elf", "firmware.map", "report.json", "src"} <= {path.name for path in out.iterdir()}
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    assert not (ROOT / "P").exists()


def test_a_checkout_of_any_name(tmp_path: Path) -> None:
    root = tmp_path / NAME.replace("$", "")
    root.mkdir()
    for name in CHECKOUT:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, root / name)
    words = ["build", "digits", "--board", "netduino_plus_2", "--engine", "aot"]
    done = subprocess.run([sys.executable, "-m", "gen", *words], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (root / "build" / "digits-netduino_plus_2-aot" / "firmware.hex").is_file()
    assert {path.name for path in root.iterdir()} == {*CHECKOUT, "build", ".pio"}


@pytest.mark.parametrize("name", ["a$b", "${a}", "a  b", "a\tb", "a "])
def test_a_checkout_that_scons_would_misread_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="move it to another folder"):
        place.check_root(tmp_path / name)
    place.check_root(tmp_path)


def test_a_link_goes_on_to_lead_to_its_folder(tmp_path: Path) -> None:
    lost = place.link(tmp_path / "lost")
    (tmp_path / "a").mkdir()
    name = place.link(tmp_path / "a")
    assert (ROOT / name).resolve() == tmp_path / "a" and name == place.link(tmp_path / "a")
    assert not (ROOT / lost).is_symlink()


def test_openocd_is_not_told_what_its_language_would_misread() -> None:
    nucleo = boards.load("nucleo_f446re")
    words = flash.choose(nucleo, Path("a b;$c[d]"), "openocd", lambda: "", dry=True)
    assert words[-1] == "program {a b;$c[d]/firmware.elf} verify reset exit"
    for name in ("a}b", "a{b", "a\\b", "a\nb"):
        with pytest.raises(UsageError, match=r"openocd can't be told of .*--out.*--tool"):
            flash.choose(nucleo, Path(name), "openocd", lambda: "", dry=True)


def test_no_tool_takes_a_folder_for_an_option() -> None:
    for tool in ("st-flash", "pyocd"):
        words = flash.choose(boards.load("nucleo_f446re"), Path("-x"), tool, lambda: "", dry=True)
        assert any(word.startswith("./-x/firmware.") for word in words)


def test_what_is_printed_can_be_pasted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["verify", "digits", "--board", "netduino_plus_2", "--out", str(tmp_path / NAME), "--dry-run"]
    assert main(words) == 0
    line = capsys.readouterr().out.replace("qemu-system-arm", "printf '%s\\n'", 1)
    done = subprocess.run(["sh", "-c", line], cwd=Path.cwd(), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"{os.path.relpath(tmp_path / NAME)}/firmware.elf"


def test_a_robot_files_cell_is_read_back_as_it_was() -> None:
    """By the rules of Robot Framework's User Guide, "Escaping"; robotframework 7 itself reads NAME so, too."""
    cell = robot_cell(f" {NAME}\n  x")
    assert cell.startswith("${SPACE}a;echo>P;`touch P`\\$(touch P)") and "\n" not in cell and "  " not in cell
    assert cell.endswith("\\n${SPACE} x")
    assert robot_cell("../../a b") == "../../a b"
