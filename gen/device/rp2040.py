"""What the RP2040's boot ROM wants of a firmware (RP2040 Datasheet 2.8): a checksum in its second-stage boot, and UF2.

Needs nothing but the standard library: the builder of firmware/pio imports it, in whatever Python PlatformIO runs.
"""

import struct

FLASH_ORIGIN = 0x10000000
BOOT2_BYTES = 256

# UF2 (https://github.com/microsoft/uf2): blocks of 512 bytes, each with 256 bytes for the flash.
UF2_BLOCK = struct.Struct("<8I476sI")
UF2_MAGIC = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
UF2_HAS_FAMILY = 0x2000
UF2_FAMILY = 0xE48BFF56
UF2_PAYLOAD = 256

_PROGRAM_HEADER = struct.Struct("<8I")
_LOADABLE = 1


def crc32(data: bytes) -> int:
    """CRC-32 as the boot ROM computes it, most significant bit first: polynomial 0x04C11DB7, initially all ones."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


def seal(elf: bytes) -> bytes:
    """A 32-bit little-endian ELF file with the checksum of its second-stage boot, the first 256 bytes of the flash.

    Raises ValueError where nothing of the file is loaded there."""
    headers, size, count = *struct.unpack_from("<I", elf, 28), *struct.unpack_from("<2H", elf, 42)
    for number in range(count):
        kind, offset, _, address, file_bytes, *_ = _PROGRAM_HEADER.unpack_from(elf, headers + number * size)
        if kind == _LOADABLE and address == FLASH_ORIGIN and file_bytes >= BOOT2_BYTES:
            end = offset + BOOT2_BYTES
            return elf[: end - 4] + struct.pack("<I", crc32(elf[offset : end - 4])) + elf[end:]
    raise ValueError(f"no segment of {BOOT2_BYTES} bytes at {FLASH_ORIGIN:#x}")


def uf2(image: bytes, origin: int = FLASH_ORIGIN) -> bytes:
    """image, which belongs at origin, as a UF2 file: what the Pico's USB drive takes. Its end is filled with zeros."""
    pieces = [image[start : start + UF2_PAYLOAD] for start in range(0, len(image), UF2_PAYLOAD)]
    blocks = []
    for number, piece in enumerate(pieces):
        place = (origin + number * UF2_PAYLOAD, UF2_PAYLOAD, number, len(pieces))
        blocks.append(UF2_BLOCK.pack(*UF2_MAGIC[:2], UF2_HAS_FAMILY, *place, UF2_FAMILY, piece, UF2_MAGIC[2]))
    return b"".join(blocks)
