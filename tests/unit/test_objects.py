"""What is compiled once is compiled anew where anything of it differs."""

from pathlib import Path

import pytest

from tests import objects


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(objects, "KEPT", tmp_path / "kept")
    return tmp_path / "kept"


def made(folder: Path, header: str, *flags: str) -> bytes:
    folder.mkdir(exist_ok=True)
    (folder / "a.h").write_text(header)
    (folder / "a.c").write_text('#include "a.h"\nint a(void) { return A; }\n')
    objects.compiled(["gcc", "-O1", *flags, f"-I{folder}"], folder / "a.c", folder / "a.o", folder)
    return (folder / "a.o").read_bytes()


def test_the_same_in_another_folder_is_not_compiled_again(tmp_path: Path, kept: Path) -> None:
    first = made(tmp_path / "one", "#define A 1\n")
    (found,) = kept.iterdir()
    found.write_bytes(b"kept")
    assert first.startswith(b"\x7fELF") and made(tmp_path / "two", "#define A 1\n") == b"kept"


def test_what_differs_is_compiled_and_an_error_each_time(tmp_path: Path, kept: Path) -> None:
    folder = tmp_path / "one"
    one, two, three = made(folder, "#define A 1\n"), made(folder, "#define A 2\n"), made(folder, "#define A 1\n", "-g")
    assert len({one, two, three}) == len(list(kept.iterdir())) == 3
    for _ in range(2):
        with pytest.raises(AssertionError, match="defined but not used"):
            made(folder, "#define A 1\nstatic int unused;\n", "-Wall", "-Werror")
    assert len(list(kept.iterdir())) == 3
