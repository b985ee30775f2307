"""What the names of a library begin with."""

import re

from gen.errors import UsageError

# A header, a CMake target, an Arduino library and C functions are called as the prefix.
_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,30}")
_LANGUAGE = """alignas alignof and asm assert auto bitand bitor bool break case catch char class compl const constexpr
continue decltype default delete do double else enum explicit export extern false float for friend goto if inline int
long main mutable namespace new noexcept not nullptr operator or private protected public register restrict return short
signed sizeof static struct switch template this throw true try typedef typeid typename union unsigned using virtual
void volatile while xor"""
_HEADERS = """arduino atomic complex ctype errno fenv inttypes iso646 limits locale math memory setjmp signal stdalign
stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string strings tgmath threads time uchar unistd wchar
wctype"""
_CMAKE_TARGETS = "all clean help install package test"
_RESERVED = frozenset(f"{_LANGUAGE} {_HEADERS} {_CMAKE_TARGETS}".split())
# Names of a library called a begin with a_engine_ and so on: one called a_engine would meet them.
_COLLIDING = ("_", "_engine", "_nn", "_quantize", "_dequantize")


def check_prefix(prefix: str) -> str:
    """The prefix. Raises UsageError where C, a build system or a standard header has other plans with the name."""
    if not _PREFIX.fullmatch(prefix):
        raise UsageError(
            f"--name {prefix!r} can't begin C names: take at most 31 lower-case letters, digits and _, a letter first."
        )
    if not _is_free(prefix):
        raise UsageError(f"--name {prefix!r} would meet names of C, C++, CMake or another library: add a word to it.")
    return prefix


def default_prefix(model: str) -> str:
    """A prefix that is made of a model's name, such as my_net of My_Net."""
    name = re.sub(r"_+", "_", model.lower()).strip("_")
    name = (name if re.match(r"[a-z]", name) else f"model_{name}").strip("_")[:31].rstrip("_")
    return name if _is_free(name) else f"{name[:25]}_model"


def _is_free(prefix: str) -> bool:
    return prefix not in _RESERVED and not prefix.endswith(_COLLIDING)
