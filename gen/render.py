"""Generated text: the Jinja environment with its filters for C; and files that are whole or as they were before,
whatever interrupts."""

import re
import textwrap
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).resolve().parent / "templates"
BYTES_A_LINE = 24


def hex_lines(data: bytes) -> list[str]:
    """Rows of a C initializer, "0x1a,0x00,...": each but the last with BYTES_A_LINE bytes."""
    words = [f"0x{byte:02x}," for byte in range(256)]
    rows = (data[at : at + BYTES_A_LINE] for at in range(0, len(data), BYTES_A_LINE))
    return ["".join(words[byte] for byte in row) for row in rows]


def c_string(text: str) -> str:
    """A C string literal of ASCII text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    if not escaped.isascii() or not escaped.isprintable():
        raise ValueError(f"{text!r} has characters that no C string literal of ours holds")
    return f'"{escaped}"'


def c_text(text: str) -> str:
    """A C string literal of text as UTF-8 bytes."""
    octets = (chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in text.encode())
    return f'"{"".join(octets)}"'


def c_float(value: float) -> str:
    """A literal of C and C++11 that is exactly this float32."""
    text = f"{np.float32(value):.9g}"
    return f"{text}f" if re.search(r"[.e]", text) else f"{text}.0f"


def in_comment(text: str) -> str:
    """text in one line, without what would end a C comment, or begin another or a trigraph."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return re.sub(r"(?<=[*/?])(?=[*/?])", " ", line)


def wrapped(text: str, indent: str) -> str:
    """text in lines of a C comment."""
    return textwrap.fill(text, 116, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


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
    environment.filters["wrapped"] = wrapped
    return environment


def render(template: str, **values: Any) -> str:
    """The text of gen/templates/<template>.j2 with these values; a missing one is an error."""
    return _environment().get_template(f"{template}.j2").render(**values)
