"""Generated text: the Jinja environment with its filters for C; and files that are whole or as they were before,
whatever interrupts."""

import os
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gen.errors import UsageError

TEMPLATES = Path(__file__).resolve().parent / "templates"
BYTES_A_LINE = 24


def hex_lines(data: bytes) -> list[str]:
    """Rows of a C initialiser, "0x1a,0x00,...": each but the last with BYTES_A_LINE bytes."""
    words = [f"0x{byte:02x}," for byte in range(256)]
    rows = (data[at : at + BYTES_A_LINE] for at in range(0, len(data), BYTES_A_LINE))
    return ["".join(words[byte] for byte in row) for row in rows]


def c_string(text: str) -> str:
    """A C string literal of ASCII text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    if not escaped.isascii() or not escaped.isprintable():
        raise ValueError(f"{text!r} has characters that no C string literal of ours holds")
    return f'"{escaped}"'


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["hex_lines"] = hex_lines
    environment.filters["c_string"] = c_string
    return environment


def render(template: str, **values: Any) -> str:
    """The text of gen/templates/<template>.j2 with these values; a missing one is an error."""
    return _environment().get_template(f"{template}.j2").render(**values)


def write_if_changed(path: Path, text: str) -> bool:
    """Write UTF-8 text, whole or not at all. False, and the file keeps its mtime, where it says so already.

    Raises UsageError where it can't be written."""
    content = text.encode()
    try:
        if path.is_file() and path.read_bytes() == content:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        raise UsageError(f"{path} can't be written: {(error.strerror or str(error)).lower()}.") from error
    return True


def write_whole(path: Path, content: bytes) -> None:
    """Raises OSError."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_together(folder: Path, files: Mapping[str, bytes]) -> None:
    """All of them, by name, put in place in this order once every one is written. Raises OSError."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".partial-") as scratch:
        for name, content in files.items():
            (Path(scratch) / name).write_bytes(content)
        for name in files:
            (Path(scratch) / name).replace(folder / name)
