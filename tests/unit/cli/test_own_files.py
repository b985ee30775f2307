"""Boards and tasks of one's own, by --board-file and --task-file: as those of boards/ and models/, or one sentence."""

import json
from argparse import Namespace
from pathlib import Path

import pytest

from gen.cli import options
from gen.cli.main import main, parser
from gen.device import board as boards
from gen.device import build, renode
from gen.errors import UsageError
from gen.learn import task
from gen.model import tflite
from gen.model.quantized import QuantizedModel
from gen.paths import BOARDS, MODELS
from tests import dummy


def board_file(folder: Path, name: str = "mine", *changes: tuple[str, str]) -> Path:
    text = (BOARDS / "qemu_mps2_an386.ini").read_text("utf-8").replace("env:qemu_mps2_an386", f"env:{name}")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / f"{name}.ini"
    path.write_text(text, "utf-8")
    return path


def task_file(folder: Path, name: str = "tiny") -> Path:
    """As digits, with its student."""
    text = (MODELS / "digits.py").read_text("utf-8").replace('name="digits"', f'name="{name}"')
    (folder / f"{name}.py").write_text(text, "utf-8")
    (folder / f"{name}.tflite").write_bytes((MODELS / "digits.tflite").read_bytes())
    return folder / f"{name}.py"


def refused(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> str:
    assert main([*words, "--json"]) == code
    found = json.loads(capsys.readouterr().out)
    assert "\n" not in found["message"]
    return str(found["message"])


def test_both_alone_are_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = ["--board-file", str(board_file(tmp_path)), "--task-file", str(task_file(tmp_path))]
    out = tmp_path / "out"
    assert main(["verify", *own, "--engine", "aot", "--vectors", "2", "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["board"], found["model"]) == ("exact", "mine", "tiny")
    assert found["vectors_source"].endswith("test examples of tiny")
    assert "mine" not in boards.known() and "tiny" not in task.list_tasks()


def taken(line: str, own: list[str]) -> Namespace:
    args = parser().parse_args([*line.split(), *own])
    with options.own_files(args):
        return args


def test_what_the_command_line_names_is_kept(tmp_path: Path) -> None:
    own = ["--board-file", str(board_file(tmp_path)), "--task-file", str(task_file(tmp_path))]
    named = taken("verify digits --board host,mine", own)
    assert (named.model, named.board) == ("digits", "host,mine")
    assert taken("verify --model digits", own).model == "digits"
    assert taken("bench", own).boards == ["mine"] and taken("bench kws --boards host", own).boards == ["host"]
    assert taken("compress", own).tasks == ["tiny"] and taken("compress --all", own).tasks == []
    search = taken("search", own)
    assert (search.task, search.board) == ("tiny", "mine")
    assert taken("export --format c", own).board == taken("stress", own).board == "mine"
    assert taken("train", own[2:]).task == "tiny" and taken("monitor", own[:2]).board == "mine"


def test_what_is_missing_is_said_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    message = refused(capsys, 2, "search")
    assert message == "the following arguments are required: TASK, --board; see `python -m gen search --help`."


def test_a_trained_student_goes_beside_its_task(tmp_path: Path) -> None:
    with task.own(task_file(tmp_path)):
        assert task.output_folder("tiny") == tmp_path and task.card_path("tiny") == tmp_path / "tiny.json"
        assert task.options("tiny") == f"--task-file {tmp_path}/tiny.py"
    assert task.options("digits") == "digits"


def test_a_build_is_of_the_files_content(tmp_path: Path) -> None:
    digests = set()
    for clock in ("25000000", "20000000"):
        with boards.own(board_file(tmp_path, "mine", ("25000000", clock))):
            digests.add(build.digest(dummy.sources(), boards.load("mine")))
    assert len(digests) == 2


def test_a_robot_file_names_it(tmp_path: Path) -> None:
    path = board_file(tmp_path, "mine", ("custom_emulated", "custom_renode = a.repl sysbus.uart\ncustom_emulated"))
    content, graph = tflite.read_file(MODELS / "digits.tflite")
    with boards.own(path):
        assert boards.options("mine") == f"--board-file {path}"
        renode.save(boards.load("mine"), tmp_path, QuantizedModel(content, graph, None), {})
    assert f"    ...                --board-file    {path}\n" in (tmp_path / "firmware.robot").read_text()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([("[env:mine]", "[env:other]")], "no section [env:mine]"),
        ([("[env:mine]", "env:mine]")], "can't be read"),
        ([("custom_port", "custom_prt")], "lacks the key custom_port"),
        ([("extends = cortex_m4", "extends = cortex_m9")], "mine.ini"),
        ([("mps2.c", "mps9.c")], "'mps9.c', which is not in firmware/port"),
        ([("4096K", "much")], "custom_flash is"),
        ([("{elf}", "{elf")], "custom_transport"),
        ([("custom_port", "custom_isa = arm\ncustom_port")], "custom_isa is 'arm', not one of mve"),
        ([("custom_port", "custom_toolchain = arm-\ncustom_port")], "custom_toolchain is 'arm-'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_board_file(
    changes: list[tuple[str, str]], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused(capsys, 2, "build", "digits", "--board-file", str(board_file(tmp_path, "mine", *changes)))
    assert says in message and "mine.ini" in message


def test_names_that_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, says in (("host", "there is a board 'host' in boards/"), ("a,b", "rename it")):
        assert says in refused(capsys, 2, "build", "digits", "--board-file", str(board_file(tmp_path, name)))
    for name, says in (("digits", "there is a task 'digits' in models/"), ("a b", "rename it")):
        assert says in refused(capsys, 2, "train", "--task-file", str(task_file(tmp_path, name)))


def test_files_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ini, py, folder = tmp_path / "no.ini", tmp_path / "no.py", tmp_path / "folder.ini"
    folder.mkdir()
    assert f"{ini} can't be read: no such file" in refused(capsys, 2, "build", "digits", "--board-file", str(ini))
    assert f"{py} can't be read: no such file" in refused(capsys, 2, "train", "--task-file", str(py))
    assert "is a directory" in refused(capsys, 2, "build", "digits", "--board-file", str(folder))


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("", 2, "does not define TASK = Task(name='mine'"),
        ("\n1 / 0\n", 2, "can't be run: ZeroDivisionError in line 2: division by zero"),
        ("def f(:\n", 2, "can't be run: SyntaxError"),
        ("import sys\nsys.exit(3)\n", 2, "can't be run: SystemExit in line 2: 3"),
        ("import not_there\n", 3, "needs the Python package not_there"),
    ],
)
def test_a_bad_task_file(text: str, code: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text, "utf-8")
    for words in (["train"], ["build", "--board", "host"]):
        message = refused(capsys, code, *words, "--task-file", str(path))
        assert says in message and str(path) in message


def test_they_end_with_the_block(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="stop"), boards.own(board_file(tmp_path)):
        assert "mine" in boards.known() and boards.load("mine").id == "mine"
        raise UsageError("stop")
    assert boards.own_file("mine") is None
