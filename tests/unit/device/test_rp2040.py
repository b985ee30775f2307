"""What the RP2040's boot ROM wants, against values from elsewhere; for a firmware see tests/device/test_pico.py."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.device import rp2040


def elf(address: int, content: bytes, before: int = 1) -> bytes:
    """An ELF file of segments at other addresses and then one at address: no more of it than seal() reads."""
    headers, start = 52, 52 + 32 * (before + 1)
    entries = [struct.pack("<8I", 1, start, 0, 0x20000000 + number, 0, 0, 0, 4) for number in range(before)]
    entries.append(struct.pack("<8I", 1, start, address, address, len(content), len(content), 5, 4))
    head = b"\x7fELF".ljust(28, b"\0") + struct.pack("<I", headers) + bytes(10) + struct.pack("<2H", 32, before + 1)
    return head.ljust(headers, b"\0") + b"".join(entries) + content


def test_the_catalogues_check_value() -> None:
    assert rp2040.crc32(b"123456789") == 0x0376E6E7  # CRC-32/MPEG-2
    assert rp2040.crc32(b"") == 0xFFFFFFFF


@pytest.mark.parametrize("before", [0, 1, 3])
def test_only_the_checksum_changes(before: int) -> None:
    content = bytes(range(256)) + b"the rest"
    file = elf(rp2040.FLASH_ORIGIN, content, before)
    sealed = rp2040.seal(file)
    start = len(file) - len(content)
    assert sealed[: start + 252] == file[: start + 252] and sealed[start + 256 :] == b"the rest"
    assert sealed[start + 252 : start + 256] == struct.pack("<I", rp2040.crc32(content[:252]))
    assert rp2040.seal(sealed) == sealed


@pytest.mark.parametrize(("address", "size"), [(0x10000100, 300), (0x20000000, 300), (rp2040.FLASH_ORIGIN, 255)])
def test_a_file_without_a_second_stage_is_refused(address: int, size: int) -> None:
    with pytest.raises(ValueError, match="no segment of 256 bytes at 0x10000000"):
        rp2040.seal(elf(address, bytes(size)))


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.binary(max_size=2000), st.integers(0, 0xFFF000))
def test_blocks_hold_the_image(image: bytes, place: int) -> None:
    content = rp2040.uf2(image, rp2040.FLASH_ORIGIN + place)
    assert len(content) == -(-len(image) // 256) * 512
    held = b"".join(content[at + 32 : at + 288] for at in range(0, len(content), 512))
    assert held[: len(image)] == image and not any(held[len(image) :])
    for number in range(len(content) // 512):
        block = struct.unpack_from("<8I", content, 512 * number)
        assert block[3:7] == (rp2040.FLASH_ORIGIN + place + 256 * number, 256, number, len(content) // 512)
        assert not any(content[512 * number + 288 : 512 * number + 508])
