"""Bytes with repetitions written shorter, as LINK_WRITE_RUNS takes them: as PackBits of Apple, with longer runs."""

MAX_LITERALS = 128  # code c below 128: c + 1 bytes follow as they are
MIN_RUN, MAX_RUN = 3, 130  # code c from 128 on: the next byte, c - 125 times


def pack(data: bytes | memoryview, limit: int) -> tuple[bytes, int]:
    """(at most limit bytes that stand for the beginning of data, how many bytes they stand for)."""
    packed, at = bytearray(), 0
    while at < len(data):
        run = _run(data, at)
        if run >= MIN_RUN:
            if len(packed) + 2 > limit:
                break
            packed += bytes((run + 125, data[at]))
            at += run
            continue
        end = at + 1
        while end < len(data) and end - at < MAX_LITERALS and _run(data, end, MIN_RUN) < MIN_RUN:
            end += 1
        count = min(end - at, limit - len(packed) - 1)
        if count < 1:
            break
        packed += bytes((count - 1,)) + data[at : at + count]
        at += count
    return bytes(packed), at


def _run(data: bytes | memoryview, at: int, most: int = MAX_RUN) -> int:
    """How many equal bytes stand at `at`, at most so many."""
    end, last = at + 1, min(at + most, len(data))
    while end < last and data[end] == data[at]:
        end += 1
    return end - at
