"""What firmware/port has instead of a C library and a compiler's helpers, run on the host against Python and NumPy."""

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

PORT = Path(__file__).parents[3] / "firmware" / "port"
U32, U64 = 0xFFFFFFFF, (1 << 64) - 1
INF, NAN = 0x7F800000, 0x7FC00000
EDGES = (0, 1, 2, 3, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x10001, 0x7FFFFFFF, 0x80000000, 0x80000001, U32 - 1, U32)
# Zeros, subnormals, the smallest and largest normal numbers, halves of a step, infinities and NaN, of both signs.
FLOAT_EDGES = tuple(
    bits | sign
    for bits in (0, 1, 2, 0x7FFFFF, 0x800000, 0x800001, 0x33800000, 0x34000000, 0x3F7FFFFF, 0x3F800000, 0x3F800001,
                 0x4B000001, 0x4B7FFFFF, 0x7E800000, 0x7F000000, 0x7F7FFFFF, INF, NAN)
    for sign in (0, 0x80000000)
)  # fmt: skip

Call = Callable[..., int]
words = st.sampled_from(EDGES) | st.integers(0, U32)
floats = st.sampled_from(FLOAT_EDGES) | st.integers(0, U32)
digits = st.integers(0, 0x7FFFFF)
examples = settings(derandomize=True, deadline=None, max_examples=1000)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """Both files under UBSan; the functions of string.c get the prefix ours_, for the host has its own."""
    target = tmp_path_factory.mktemp("freestanding") / "library.so"
    renamed = [f"-D{name}=ours_{name}" for name in ("memcmp", "memcpy", "memmove", "memset")]
    flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-shared", "-fPIC",
             "-fsanitize=undefined", "-fno-sanitize-recover=all", f"-I{PORT / 'freestanding'}"]  # fmt: skip
    sources = [PORT / "xtensa_arithmetic.c", PORT / "freestanding" / "string.c"]
    subprocess.run(["gcc", *flags, *renamed, *sources, "-o", target], check=True)
    return ctypes.CDLL(str(target))


def function(library: ctypes.CDLL, name: str, result: type, *arguments: type) -> Call:
    found = getattr(library, name)
    found.restype, found.argtypes = result, arguments
    return lambda *values: int(found(*values))


def signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value


@examples
@given(words, words)
def test_integers(library: ctypes.CDLL, a: int, b: int) -> None:
    u32, i32, u64 = ctypes.c_uint32, ctypes.c_int32, ctypes.c_uint64
    assert function(library, "__umulsidi3", u64, u32, u32)(a, b) == a * b
    wide = (a << 32 | b, (b ^ 0x5A5A5A5A) << 32 | a)
    assert function(library, "__muldi3", u64, u64, u64)(*wide) == wide[0] * wide[1] & U64
    if b != 0:
        assert function(library, "__udivsi3", u32, u32, u32)(a, b) == a // b
        assert function(library, "__umodsi3", u32, u32, u32)(a, b) == a % b
        x, y = signed(a), signed(b)
        if (x, y) != (-(1 << 31), -1):
            quotient = abs(x) // abs(y) * (1 if x * y >= 0 else -1)
            assert function(library, "__divsi3", i32, i32, i32)(x, y) == quotient


def test_small_numbers_by_every_small_number(library: ctypes.CDLL) -> None:
    divide = function(library, "__udivsi3", ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint32)
    assert all(divide(a, b) == a // b for a in range(200) for b in range(1, 200))


def bits(value: np.float32) -> int:
    return int(np.float32(value).view(np.uint32))


def same(computed: int, expected: int) -> bool:
    """Equal bits; any NaN equals any other."""
    nan = computed & 0x7FFFFFFF > INF and expected & 0x7FFFFFFF > INF
    return nan or computed == expected


@examples
@given(floats, floats)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_floats(library: ctypes.CDLL, a: int, b: int) -> None:
    u32 = ctypes.c_uint32
    x, y = np.array([a, b], np.uint32).view(np.float32)
    for name, expected in (("__addsf3", x + y), ("__subsf3", x - y), ("__mulsf3", x * y)):
        computed = function(library, name, u32, u32, u32)(a, b)
        assert same(computed, bits(expected)), f"{name}({a:#x}, {b:#x}) = {computed:#x}, not {bits(expected):#x}"
    assert function(library, "__floatsisf", u32, ctypes.c_int32)(signed(a)) == bits(np.float32(signed(a)))


@examples
@given(st.integers(0, 0xFE), st.integers(0, 30), st.tuples(digits, digits), st.booleans())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_floats_that_are_near_each_other(
    library: ctypes.CDLL, exponent: int, apart: int, pair: tuple[int, int], minus: bool
) -> None:
    """Sums whose digits cancel or are rounded, which random bit patterns seldom are; products around the subnormals."""
    m, n = pair
    a, b = exponent << 23 | m, (minus << 31) | max(exponent - apart, 0) << 23 | n
    x, y = np.array([a, b], np.uint32).view(np.float32)
    add = function(library, "__addsf3", ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint32)
    assert same(add(a, b), bits(x + y)) and same(add(b, a), bits(y + x))
    c = max(127 - exponent - apart + 15, 0) << 23 | n
    z = np.uint32(c).view(np.float32)
    multiply = function(library, "__mulsf3", ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint32)
    assert same(multiply(a, c), bits(x * z))


@examples
@given(st.binary(min_size=64, max_size=64), st.integers(0, 20), st.integers(0, 20), st.integers(0, 44))
def test_memory(library: ctypes.CDLL, content: bytes, to: int, start: int, count: int) -> None:
    buffer = ctypes.create_string_buffer(content, 64)
    base = ctypes.addressof(buffer)
    for name, apart in (("ours_memmove", to), ("ours_memcpy", to)):
        if name == "ours_memcpy" and abs(to - start) < count:
            continue
        expected = bytearray(content)
        expected[to : to + count] = content[start : start + count]
        buffer.raw = content
        copy = function(library, name, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
        assert copy(base + apart, base + start, count) == base + to and buffer.raw == expected
    buffer.raw = content
    fill = function(library, "ours_memset", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)
    assert fill(base + to, 0x1A5, count) == base + to
    assert buffer.raw == content[:to] + bytes([0xA5]) * count + content[to + count :]
    buffer.raw = content
    compare = function(library, "ours_memcmp", ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
    a, b = content[to : to + count], content[start : start + count]
    order = compare(base + to, base + start, count)
    assert (order > 0) - (order < 0) == (a > b) - (a < b)
