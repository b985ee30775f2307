"""Compiling and linking: what is kept, what is said when it fails, and that builds do not disturb each other."""

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gen.device import board, build
from gen.errors import BuildError, DoesNotFit, MissingTool
from gen.paths import ROOT
from tests import dummy

HOST = board.load("host")
SMALL = board.load("stm32vldiscovery")

# No way to any registry: a connection that is tried is refused.
OFFLINE = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}

BUILD_ONE = """\
import sys
from pathlib import Path
from gen.device import board, build
from tests import dummy
print(build.build(dummy.sources(sys.argv[1]), board.load("stm32vldiscovery"), Path(sys.argv[2])).elf)
"""


def compiled(folder: Path) -> list[str]:
    """Names of the objects that the last build in folder made."""
    log = (folder / "build.log").read_text(encoding="utf-8")
    return [Path(line).name for line in log.splitlines() if line.startswith("Compiling ")]


def table(name: str, size: int) -> str:
    """A C file with size bytes of data that the linker can't drop: `static` but volatile, filled by a constructor."""
    return (
        f"static volatile char {name}[{size}];\n"
        f"__attribute__((constructor)) static void fill_{name}(void) {{\n    {name}[0] = 1;\n}}\n"
    )


def constants(size: int) -> str:
    """The same for constants in flash."""
    return (
        f"static const char constants[{size}] = {{1}};\n"
        "__attribute__((constructor)) static void touch(void) {\n"
        "    (void)*(const volatile char *)constants;\n}\n"
    )


def test_a_process_is_built_and_ends_with_its_input(tmp_path: Path) -> None:
    firmware = build.build(dummy.sources(), HOST, tmp_path)
    assert firmware.elf == tmp_path / "firmware.elf"
    assert subprocess.run([firmware.elf], stdin=subprocess.DEVNULL, timeout=10, check=False).returncode == 0
    assert {"model", "main", "port"} <= set(firmware.parts)


def test_sizes_agree_with_the_image(tmp_path: Path) -> None:
    plain = build.build(dummy.sources(), SMALL, tmp_path)
    image = tmp_path / "firmware.bin"
    assert plain.flash_bytes == image.stat().st_size
    # The gaps between the pieces belong to nobody.
    assert 0 <= plain.flash_bytes - sum(plain.parts.values()) < 64
    assert SMALL.stack_bytes < plain.ram_bytes < SMALL.ram_bytes
    larger = build.build(dummy.sources(files={"table.c": table("table", 400)}), SMALL, tmp_path)
    assert larger.ram_bytes - plain.ram_bytes == 400
    assert larger.flash_bytes == image.stat().st_size > plain.flash_bytes
    assert (tmp_path / "firmware.hex").read_text(encoding="ascii").startswith(":")


def test_what_has_not_changed_is_not_built_again(tmp_path: Path) -> None:
    files = {"other.c": "int engine_other(void);\nint engine_other(void) {\n    return 1;\n}\n"}
    build.build(dummy.sources(files=files), HOST, tmp_path)
    source, elf = tmp_path / "src" / "engine.c", tmp_path / "firmware.elf"
    before = source.stat().st_mtime_ns, elf.stat().st_mtime_ns
    build.build(dummy.sources(files=files), HOST, tmp_path)
    assert (source.stat().st_mtime_ns, elf.stat().st_mtime_ns) == before
    assert compiled(tmp_path) == []
    changed = {"other.c": files["other.c"].replace("1", "2")}
    build.build(dummy.sources(files=changed), HOST, tmp_path)
    assert compiled(tmp_path) == ["other.c.o"]
    assert source.stat().st_mtime_ns == before[0]


def test_another_model_shares_the_objects_of_the_firmware(tmp_path: Path) -> None:
    build.build(dummy.sources("one"), SMALL, tmp_path / "one")
    build.build(dummy.sources("two"), SMALL, tmp_path / "two")
    assert compiled(tmp_path / "two") == ["engine.c.o"]
    assert b"two\0" in (tmp_path / "two" / "firmware.bin").read_bytes()


def test_a_file_of_an_earlier_generation_is_not_linked(tmp_path: Path) -> None:
    first = build.build(dummy.sources(files={"old.c": table("old", 100)}), HOST, tmp_path)
    assert (tmp_path / "src" / "old.c").is_file()
    assert b"fill_old" in first.elf.read_bytes()
    second = build.build(dummy.sources(), HOST, tmp_path)
    assert not (tmp_path / "src" / "old.c").exists()
    assert b"fill_old" not in second.elf.read_bytes()


def test_a_compile_error_names_the_log_and_the_line_and_leaves_no_firmware(tmp_path: Path) -> None:
    build.build(dummy.sources(), HOST, tmp_path)
    with pytest.raises(BuildError, match=r"build\.log: .*bad\.c:1:\d+: error: .*nonsense") as caught:
        build.build(dummy.sources(files={"bad.c": "#error nonsense\n"}), HOST, tmp_path)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("firmware.*"))
    assert "nonsense" in (tmp_path / "build.log").read_text(encoding="utf-8")


def test_an_undefined_function_is_named(tmp_path: Path) -> None:
    missing = "int nowhere(void);\nint engine_other(void);\nint engine_other(void) {\n    return nowhere();\n}\n"
    caller = "int engine_other(void);\n__attribute__((constructor)) static void call(void) {\n    engine_other();\n}\n"
    with pytest.raises(BuildError, match=r"undefined reference to `nowhere'"):
        build.build(dummy.sources(files={"missing.c": missing, "caller.c": caller}), HOST, tmp_path)


def test_an_overfull_ram_says_by_how_many_bytes(tmp_path: Path) -> None:
    message = r"dummy needs (\d+) bytes of RAM and stm32vldiscovery has 8192: does not fit by (\d+) bytes"
    with pytest.raises(DoesNotFit, match=message) as caught:
        build.build(dummy.sources(files={"table.c": table("table", 8192)}), SMALL, tmp_path)
    need, over = (int(number) for number in re.findall(message, str(caught.value))[0])
    assert need == 8192 + over
    assert not (tmp_path / "firmware.elf").exists()
    # Within the few bytes that alignment takes.
    full = build.build(dummy.sources(files={"table.c": table("table", 8192 - over - 16)}), SMALL, tmp_path)
    assert 8192 - 32 <= full.ram_bytes <= 8192
    with pytest.raises(DoesNotFit, match=r"does not fit by (16|32) bytes"):
        build.build(dummy.sources(files={"table.c": table("table", 8192 - over + 16)}), SMALL, tmp_path)


def test_an_overfull_flash_says_by_how_many_bytes(tmp_path: Path) -> None:
    with pytest.raises(DoesNotFit, match=r"bytes of flash and stm32vldiscovery has 131072: does not fit by \d+ bytes"):
        build.build(dummy.sources(files={"constants.c": constants(131072)}), SMALL, tmp_path)


@pytest.mark.parametrize("over", [0, 1, 10000])
def test_too_large_an_arena_is_said_before_compiling(over: int) -> None:
    need, stack = SMALL.ram_bytes + over, SMALL.stack_bytes
    sources = dummy.sources(arena_bytes=need - stack)
    if over == 0:
        build.check_fits(SMALL, sources)
        return
    message = (
        rf"dummy needs at least {need} bytes of RAM \(arena {need - stack} \+ stack {stack}\) and stm32vldiscovery has "
        rf"8192: does not fit by {over} bytes, because operator 3 is large; try "
    )
    with pytest.raises(DoesNotFit, match=message):
        build.check_fits(SMALL, sources)


def test_too_many_constants_are_said_before_compiling() -> None:
    build.check_fits(SMALL, dummy.sources(const_bytes=131072))
    with pytest.raises(DoesNotFit, match=r"at least 131073 bytes of flash .* by 1 bytes, because .*; try "):
        build.check_fits(SMALL, dummy.sources(const_bytes=131073))


def test_the_host_has_room_for_everything() -> None:
    build.check_fits(HOST, dummy.sources(arena_bytes=1 << 30, const_bytes=1 << 30))


def test_a_missing_compiler_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingTool, match=r"arm-none-eabi-gcc is not on PATH; `apt-get install gcc-arm-none-eabi"):
        build.build(dummy.sources(), SMALL, tmp_path)
    with pytest.raises(MissingTool, match=r"gcc is not on PATH; `apt-get install gcc g\+\+`"):
        build.build(dummy.sources(), HOST, tmp_path)


def test_builds_of_one_board_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    names = ("first", "second", "third")

    def one(name: str) -> Path:
        command = [sys.executable, "-c", BUILD_ONE, name, str(tmp_path / name)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return tmp_path / name / "firmware.bin"

    with ThreadPoolExecutor(len(names)) as pool:
        images = list(pool.map(one, names))
    for name, image in zip(names, images, strict=True):
        found = image.read_bytes()
        assert [other for other in names if f"{other}\0".encode() in found] == [name]


def checkout(folder: Path) -> Path:
    """What a clone has of what a build needs."""
    for name in ("boards", "firmware", "gen", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "platformio.ini", folder)
    return folder


def run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A Python command in the checkout root, without a network."""
    environment = {**os.environ, **OFFLINE, "PYTHONPATH": str(root)}
    return subprocess.run(
        [sys.executable, *command], cwd=root, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_copied_checkout_builds_its_own_firmware_without_a_network(tmp_path: Path) -> None:
    root = checkout(tmp_path / "a checkout")
    build.prepare()
    shutil.copytree(build.CORE, root / ".pio" / "core")  # its link is to this checkout
    marked = root / "firmware" / "main.c"
    marked.write_text(f"{marked.read_text(encoding='utf-8')}#error file of the copy\n", encoding="utf-8")
    done = run(root, "-c", BUILD_ONE, "copy", str(tmp_path / "out"))
    assert "file of the copy" in done.stderr
    shutil.copy(ROOT / "firmware" / "main.c", marked)
    done = run(root, "-c", BUILD_ONE, "copy", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "Compiling .pio/build/stm32vldiscovery/firmware/main.c.o" in (tmp_path / "out" / "build.log").read_text(
        encoding="utf-8"
    )
    link = json.loads((root / ".pio" / "core" / "platforms" / "pio.pio-link").read_text(encoding="utf-8"))
    assert link["cwd"] == str(root)


def test_pio_run_by_hand_builds_what_was_generated_last(tmp_path: Path) -> None:
    root = checkout(tmp_path / "checkout")
    run(root, "-c", "from gen.device.build import prepare; prepare()")
    done = run(root, "-m", "platformio", "run", "-e", "stm32vldiscovery")
    assert done.returncode != 0
    assert "run `python -m gen build MODEL --board stm32vldiscovery` first" in done.stdout + done.stderr
    done = run(root, "-c", BUILD_ONE, "copy", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    (tmp_path / "out" / "firmware.elf").unlink()
    done = run(root, "-m", "platformio", "run", "-e", "stm32vldiscovery")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "out" / "firmware.elf").is_file()
