"""gen/device/renode.py: the files for Renode by the rules of their languages, and what is said when Renode does not
run."""

import os
import re
from pathlib import Path

import pytest

from gen.cli.main import main, parser
from gen.device import board as boards
from gen.device import renode
from gen.errors import DeviceGone, DeviceSilent, MissingTool, UsageError
from gen.model.quantized import QuantizedModel
from gen.paths import ROOT
from tests.dummy import EMPTY
from tests.robot import program, run_process, tables

BOARD = "netduino_plus_2"
OPTIONS = {"engine": "aot", "optimize": "size", "protocol": "mlperf"}
# What the script may say: Renode's monitor commands with the types of their arguments.
COMMANDS = (
    r"using sysbus",
    r"\$\w+\?=(\"[^\"]+\"|\d+|\$ORIGIN/[\w.]+)",
    r"mach create \$\w+",
    r"machine LoadPlatformDescription @platforms/(cpus|boards)/[\w/-]+\.repl",
    r"emulation CreateServerSocketTerminal \$\w+ \"\w+\" (true|false)",
    r"connector Connect sysbus\.\w+ \w+",
    r"macro reset",
    r'"""',
    r"    sysbus LoadELF \$\w+",
    r"runMacro \$reset",
    r"start",
)
# Keywords that Robot Framework, its Process library and Renode bring, with the least number of arguments.
KEYWORDS = {"Execute Command": 1, "Execute Script": 1, "Run Process": 1, "Should Be Equal As Integers": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = QuantizedModel(b"TFL3", EMPTY, None)
    renode.save(boards.load(BOARD), tmp_path, found, OPTIONS)
    return tmp_path


def test_boards_name_a_machine_and_its_uart() -> None:
    for board in boards.load_all():
        if board.renode:
            platform, uart = board.renode
            assert re.fullmatch(r"platforms/(cpus|boards)/[\w/-]+\.repl", platform), board.id
            assert re.fullmatch(r"sysbus\.\w+", uart), board.id
    assert boards.load(BOARD).renode


def test_other_boards_get_no_files(tmp_path: Path) -> None:
    renode.save(boards.load("host"), tmp_path, QuantizedModel(b"", EMPTY, None), OPTIONS)
    assert list(tmp_path.iterdir()) == []


def test_script_is_one_of_the_monitor(folder: Path) -> None:
    lines = (folder / "firmware.resc").read_text().splitlines()
    assert [line.split(":")[1] for line in lines[:2]] == ["name", "description"]
    known = {"ORIGIN", "reset"}
    for line in filter(None, lines[2:]):
        assert any(re.fullmatch(command, line) for command in COMMANDS), line
        known |= {match[1] for match in re.finditer(r"\$(\w+)\?=", line)}
        assert set(re.findall(r"\$(\w+)", line)) <= known, line
    assert lines.index("start") > lines.index("runMacro $reset") > lines.index("macro reset")
    assert str(folder) not in "\n".join(lines)


def test_robot_file_has_the_tables_of_one(folder: Path) -> None:
    found = tables((folder / "firmware.robot").read_text())
    assert list(found) == ["Settings", "Variables", "Test Cases"]
    settings = {row[0]: row[1:] for row in found["Settings"]}
    assert settings["Library"] == ["Process"] and settings["Resource"] == ["${RENODEKEYWORDS}"]
    assert [settings[name] for name in ("Suite Setup", "Suite Teardown", "Test Teardown")] == [
        ["Setup"], ["Teardown"], ["Test Teardown"]
    ]  # fmt: skip
    name, *steps = found["Test Cases"]
    assert len(name) == 1
    for lead, *cells in steps:
        words = [cell for cell in cells if not re.fullmatch(r"\$\{\w+\}=", cell)]
        assert lead == "" and len(words) - 1 >= KEYWORDS[words[0]]
    used = set(re.findall(r"\$\{(\w+)", (folder / "firmware.robot").read_text()))
    assert used == {"RENODEKEYWORDS", "CURDIR", "PYTHON", "PORT", "PROJECT", "verify"}


def test_robot_file_runs_a_command_of_ours_here(folder: Path) -> None:
    words, named = run_process(folder)
    assert words[1:3] == ["-m", "gen"]
    args = parser().parse_args(words[3:])
    assert (args.subcommand, args.board, args.engine, args.optimize, args.protocol) == (
        "verify",
        BOARD,
        *OPTIONS.values(),
    )
    assert (args.emulator, args.port, args.out) == ("renode", f"socket://localhost:{renode.PORT}", folder)
    assert Path(args.model).read_bytes() == b"TFL3"
    assert Path(named["cwd"]).resolve() == ROOT and named["stderr"] == "STDOUT"


def test_missing_renode_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder / "none"))
    with pytest.raises(MissingTool, match=r"https://renode\.io"):
        renode.RenodeStream(folder)


def test_renode_that_ends_is_said_with_its_log(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(folder, "echo no such platform >&2; exit 3")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(DeviceGone, match=r"exit status 3, see .*renode\.log"):
        renode.RenodeStream(folder)
    assert "no such platform" in (folder / "renode.log").read_text()


def test_renode_that_opens_no_line_is_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(folder, "echo $$ > pid; exec sleep 60")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(DeviceSilent, match=r"no line within 0\.5 s"):
        renode.RenodeStream(folder, start_s=0.5)
    with pytest.raises(ProcessLookupError):
        os.kill(int((folder / "pid").read_text()), 0)


def test_boards_without_a_machine_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match=f"choose one of .*{BOARD}"):
        renode.require(boards.load("host"))
    assert main(["verify", "digits", "--board", f"{BOARD},host", "--emulator", "renode"]) == 2
    assert "host has no machine in Renode" in capsys.readouterr().err


def test_dry_run_prints_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["verify", "digits", "--board", BOARD, "--emulator", "renode", "--dry-run", "--out", str(tmp_path)]
    assert main(words) == 0
    line = capsys.readouterr().out
    assert line.startswith(f"cd -- {os.path.relpath(tmp_path)} && renode --disable-xwt")
    assert f"'$port={renode.PORT}; include @firmware.resc'" in line
