"""Where a Program's tensors and scratch live: blocks of bytes over time, placed in as little memory as can be found.

Source of the problem and its greedy answers: Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net
Inference" (2020). Graphs here are small, so the orders in which blocks are placed are searched besides.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

ALIGNMENT = 16
TRIALS = 400


@dataclass(frozen=True)
class Block:
    """Memory that is in use for a while."""

    name: str
    # Aligned.
    bytes: int
    # Steps, both inclusive.
    first: int
    last: int
    # Number of the block that this one may lie on, exactly at its start, during this block's first step: the input that
    # an operator overwrites as it goes. -1: none.
    over: int = -1


@dataclass(frozen=True)
class Placement:
    """The byte offset of each block and the size of the whole. Checks itself: no two blocks meet in time and space."""

    blocks: Sequence[Block]
    offsets: Sequence[int]
    total: int = field(init=False)

    def __post_init__(self) -> None:
        ends = (offset + block.bytes for offset, block in zip(self.offsets, self.blocks, strict=True))
        object.__setattr__(self, "total", max(ends, default=0))
        for i, j in conflicts(self.blocks):
            a, b = self.offsets[i], self.offsets[j]
            if a == b and _overwrites(self.blocks, i, j):
                continue
            apart = a + self.blocks[i].bytes <= b or b + self.blocks[j].bytes <= a
            assert apart, f"{self.blocks[i].name} and {self.blocks[j].name} overlap"


def aligned(size: int, alignment: int = ALIGNMENT) -> int:
    return -(-size // alignment) * alignment


def conflicts(blocks: Sequence[Block]) -> list[tuple[int, int]]:
    """Pairs of blocks, lower number first, that are in use at the same step."""
    return [
        (i, j)
        for j, b in enumerate(blocks)
        for i, a in enumerate(blocks[:j])
        if a.first <= b.last and b.first <= a.last and a.bytes and b.bytes
    ]


def _overwrites(blocks: Sequence[Block], i: int, j: int) -> bool:
    """Whether one of the two may lie on the other at equal offsets."""
    a, b = blocks[i], blocks[j]
    return (b.over == i and a.last == b.first) or (a.over == j and b.last == a.first)


def lower_bound(blocks: Sequence[Block]) -> tuple[int, int]:
    """(step, bytes) of the busiest step: no placement can be smaller than what is in use there."""
    busiest = (0, 0)
    for step in sorted({block.first for block in blocks}):
        alive = [i for i, b in enumerate(blocks) if b.first <= step <= b.last]
        total = sum(blocks[i].bytes for i in alive)
        for i in alive:
            over = blocks[i].over
            if over in alive and _overwrites(blocks, over, i):
                total -= min(blocks[i].bytes, blocks[over].bytes)
        if total > busiest[1]:
            busiest = (step, total)
    return busiest


def place(blocks: Sequence[Block]) -> Placement:
    """The smallest placement found: first fit in the order of size, of size times life, of the first step, and then in
    random changes of the best order, with a fixed seed; it stops at the lower bound."""
    return _placed(tuple(blocks))


@lru_cache(maxsize=1024)  # bands are tried one after the other, and levels differ in few
def _placed(blocks: tuple[Block, ...]) -> Placement:
    meets: list[list[int]] = [[] for _ in blocks]
    for i, j in conflicts(blocks):
        meets[i].append(j)
        meets[j].append(i)
    on = [{j for j in meets[i] if _overwrites(blocks, i, j)} for i in range(len(blocks))]
    sizes = [block.bytes for block in blocks]

    def tried(order: Sequence[int]) -> tuple[int, list[int]]:
        offsets = _first_fit(sizes, meets, on, order)
        return max((offset + size for offset, size in zip(offsets, sizes, strict=True)), default=0), offsets

    numbers = range(len(blocks))
    orders = [
        sorted(numbers, key=lambda i: (-blocks[i].bytes, i)),
        sorted(numbers, key=lambda i: (-blocks[i].bytes * (blocks[i].last - blocks[i].first + 1), i)),
        sorted(numbers, key=lambda i: (blocks[i].first, -blocks[i].bytes)),
    ]
    bound = lower_bound(blocks)[1]
    found = [tried(order) for order in orders]
    total, best = min(found, key=lambda totaled: totaled[0])
    best_order = orders[[each for each, _ in found].index(total)]
    chance = random.Random(0)
    for _ in range(TRIALS):
        if total == bound or len(blocks) < 2:
            break
        order = list(best_order)
        i, j = chance.sample(numbers, 2)
        order.insert(j, order.pop(i))
        size, offsets = tried(order)
        if size <= total:
            total, best, best_order = size, offsets, order
    return Placement(blocks, tuple(best))


def _first_fit(
    sizes: Sequence[int], meets: Sequence[Sequence[int]], on: Sequence[set[int]], order: Iterable[int]
) -> list[int]:
    """Each block at the lowest offset that is free during its life, on top of the block that it overwrites if free.
    sizes: the blocks' bytes. meets: of each block those in use at the same time; on: those it may lie on, or under."""
    offsets = [-1] * len(sizes)
    for i in order:
        near = [(offsets[j], offsets[j] + sizes[j], j in on[i]) for j in meets[i] if offsets[j] >= 0]
        candidates = {0, *(start for start, _, may in near if may), *(end for _, end, _ in near)}
        offsets[i] = next(offset for offset in sorted(candidates) if _free(near, offset, offset + sizes[i]))
    return offsets


def _free(near: Iterable[tuple[int, int, bool]], first: int, last: int) -> bool:
    """Whether no block of near has of the bytes from first to before last, but those exactly at first that may."""
    for start, end, may in near:  # noqa: SIM110 (a loop, since this is most of what planning takes)
        if first < end and start < last and not (may and start == first):
            return False
    return True
