"""The Arduino variant of the port, on a stand-in of Arduino's API; its cores are in PlatformIO's registry only."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gen.compiler.engines import ENGINES, Sources
from gen.compiler.target import Target
from gen.device import board as boards
from gen.device.build import build
from gen.device.session import Session
from gen.device.transport import open_stream
from gen.errors import MissingTool
from gen.importer import load
from gen.paths import ROOT
from gen.verify import compare
from gen.verify.vectors import random_vectors

FIRMWARE = ROOT / "firmware"
STAND_IN = Path(__file__).with_name("arduino")
VENDORS = [board.id for board in boards.load_all() if board.vendor]
FLAGS = ["-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g"]


def compile_sketch(sources: Sources, folder: Path) -> Path:
    """Compiles and links what firmware/pio/arduino.py hands to the vendor's builder, with its language standards."""
    for name, text in sources.files.items():
        (folder / name).write_text(text)
    generated = [folder / name for name in sources.files if name.endswith((".c", ".cc"))]
    files = [*generated, *(FIRMWARE / name for name in ("link.c", *sources.firmware, "port/arduino.cpp"))]
    includes = [f"-I{path}" for path in (folder, *(FIRMWARE / d for d in sources.include_dirs), STAND_IN)]
    objects = []
    for number, file in enumerate((*files, STAND_IN / "core.cpp")):
        compiler = ["gcc", "-std=gnu11"] if file.suffix == ".c" else ["g++", "-std=gnu++11", "-fno-exceptions"]
        objects.append(folder / f"{number}.o")
        subprocess.run([*compiler, *FLAGS, *includes, "-c", file, "-o", objects[-1]], check=True)
    subprocess.run(["g++", *FLAGS, *objects, "-o", folder / "sketch"], check=True)
    return folder / "sketch"


@pytest.mark.parametrize("engine", ENGINES)
def test_the_port_speaks_the_protocol(engine: str, tmp_path: Path) -> None:
    found = load.load_model("digits")
    sources = ENGINES[engine](found, Target("portable", 8))
    vectors = random_vectors(found.graph, 4)
    expected = compare.expect(found, vectors, lambda *_: None)
    with open_stream(f"exec:{compile_sketch(sources, tmp_path)}") as stream:
        session = Session(stream)
        assert (session.hello().tick_kind, session.hello().tick_hz) == ("timer", 1_000_000)
        verdict = compare.compare(found, sources, session, vectors, expected, emulated=False, progress=lambda *_: None)
    assert verdict.exact and verdict.instructions is None


class Environment:
    """What the script asks of SCons' environment, written down."""

    def __init__(self, root: Path, port: str) -> None:
        self.calls: dict[str, Any] = {}
        self._values = {"$PROJECT_DIR": str(root), "$PIOENV": "some_board"}
        self._port = port

    def subst(self, text: str) -> str:
        return self._values[text]

    def GetProjectOption(self, name: str) -> str:
        return {"custom_port": self._port}[name]

    def Replace(self, **values: Any) -> None:
        self.calls |= values

    def Append(self, **values: Any) -> None:
        self.calls |= values

    def BuildSources(self, *values: str) -> None:
        self.calls["BuildSources"] = values

    def AddPostAction(self, file: str, action: Any) -> None:
        self.calls["AddPostAction"] = (file, action)

    def Exit(self, message: str) -> None:
        raise SystemExit(message)


def script(environment: Environment) -> None:
    text = (FIRMWARE / "pio" / "arduino.py").read_text()
    exec(compile(text, "arduino.py", "exec"), {"env": environment, "Import": lambda name: None})


def test_the_script_hands_everything_to_the_vendors_builder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = {"firmware": ["kernels/a.c"], "include_dirs": [".", "kernels"], "generation": "engine_of_1"}
    (tmp_path / "build.json").write_text(json.dumps(plan))
    (tmp_path / "linked.elf").write_bytes(b"\x7fELF")
    monkeypatch.setenv("GEN_FOLDER", str(tmp_path))
    environment = Environment(ROOT, "arduino.cpp")
    script(environment)
    calls = environment.calls
    assert calls["SRC_FILTER"] == ["-<*>", "+<link.c>", "+<kernels/a.c>", "+<port/arduino.cpp>"]
    assert calls["CPPPATH"] == [str(tmp_path / "src"), str(FIRMWARE), str(FIRMWARE / "kernels")]
    assert calls["LINKFLAGS"] == [f"-Wl,-Map={tmp_path}/firmware.map", "-Wl,--defsym=engine_of_1=1"]
    assert calls["BuildSources"] == ("$BUILD_DIR/model", str(tmp_path / "src"))
    file, publish = calls["AddPostAction"]
    assert file == "$BUILD_DIR/${PROGNAME}.elf"
    publish([tmp_path / "linked.elf"], None, None)
    assert (tmp_path / "firmware.elf").read_bytes() == b"\x7fELF"


def test_the_script_wants_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEN_FOLDER", str(tmp_path))
    with pytest.raises(SystemExit, match="nothing is generated for some_board"):
        script(Environment(ROOT, "arduino.cpp"))


@pytest.mark.parametrize("board", VENDORS)
def test_no_way_to_the_registry(board: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PlatformIO's own words for it, without the minute that it tries for."""
    target = boards.load(board)
    said = (1, "Platform Manager: Installing some\nHTTPClientError: \n")
    monkeypatch.setattr("gen.child.run", lambda *args, **more: said)
    monkeypatch.setattr("gen.device.build.prepare", lambda: None)
    found = load.load_model("digits")
    sources = ENGINES["aot"](found, target.target)
    with pytest.raises(MissingTool, match="needs its vendor's platform from PlatformIO's registry"):
        build(sources, target, tmp_path)
    assert not (tmp_path / "firmware.elf").exists()
