"""Where a Program's tensors and scratch live: blocks of bytes over time, placed in as little memory as can be found.

Source of the problem and its greedy answers: Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net
Inference" (2020). Graphs here are small, so the orders in which blocks are placed are searched besides.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

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
    meets: list[list[int]] = [[] for _ in blocks]
    for i, j in conflicts(blocks):
        meets[i].append(j)
        meets[j].append(i)
    numbers = range(len(blocks))
    orders = [
        sorted(numbers, key=lambda i: (-blocks[i].bytes, i)),
        sorted(numbers, key=lambda i: (-blocks[i].bytes * (blocks[i].last - blocks[i].first + 1), i)),
        sorted(numbers, key=lambda i: (blocks[i].first, -blocks[i].bytes)),
    ]
    bound = lower_bound(blocks)[1]
    best = min((_first_fit(blocks, meets, order) for order in orders), key=lambda p: p.total)
    best_order = next(order for order in orders if _first_fit(blocks, meets, order).total == best.total)
    chance = random.Random(0)
    for _ in range(TRIALS):
        if best.total == bound or len(blocks) < 2:
            break
        order = list(best_order)
        i, j = chance.sample(numbers, 2)
        order.insert(j, order.pop(i))
        candidate = _first_fit(blocks, meets, order)
        if candidate.total <= best.total:
            best, best_order = candidate, order
    return best


def _first_fit(blocks: Sequence[Block], meets: Sequence[Sequence[int]], order: Iterable[int]) -> Placement:
    """Each block at the lowest offset that is free during its life, on top of the block that it overwrites if free."""
    offsets: dict[int, int] = {}
    for i in order:
        near = [j for j in meets[i] if j in offsets]
        candidates = sorted({0, *(offsets[j] for j in near if _overwrites(blocks, i, j)),
                             *(offsets[j] + blocks[j].bytes for j in near)})  # fmt: skip
        offsets[i] = next(o for o in candidates if _free(blocks, offsets, near, i, o))
    return Placement(blocks, [offsets[i] for i in range(len(blocks))])


def _free(blocks: Sequence[Block], offsets: dict[int, int], near: Iterable[int], i: int, offset: int) -> bool:
    for j in near:
        if offset == offsets[j] and _overwrites(blocks, i, j):
            continue
        if offset < offsets[j] + blocks[j].bytes and offsets[j] < offset + blocks[i].bytes:
            return False
    return True
