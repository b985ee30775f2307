"""Blocks over time, placed: nothing overlaps, and no simple order of first fit does better."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compiler.arena import ALIGNMENT, Block, Placement, aligned, conflicts, lower_bound, place


@st.composite
def chains(draw: st.DrawFn) -> list[Block]:
    """Blocks as a graph makes them: each step's output, some over their input, and scratch memory."""
    blocks: list[Block] = []
    for step in range(draw(st.integers(1, 12))):
        size = aligned(draw(st.integers(1, 5000)))
        last = step + draw(st.integers(0, 4))
        inputs = [i for i, b in enumerate(blocks) if b.last == step and b.over != -2]
        over = draw(st.sampled_from([-1, *inputs]))
        blocks.append(Block(f"t{step}", size, step, last, over))
        if draw(st.booleans()):
            blocks.append(Block(f"s{step}", aligned(draw(st.integers(1, 900))), step, step))
    return blocks


def overlapping(blocks: list[Block], placement: Placement) -> bool:
    """Whether any byte is two blocks' at one step, unless one overwrites the other; said byte by byte."""
    for step in range(1 + max(b.last for b in blocks)):
        taken: dict[int, int] = {}
        for i, b in enumerate(blocks):
            if not b.first <= step <= b.last:
                continue
            for unit in range(placement.offsets[i] // ALIGNMENT, (placement.offsets[i] + b.bytes) // ALIGNMENT):
                other = taken.setdefault(unit, i)
                if other != i and not (b.over == other and step == b.first == blocks[other].last):
                    return True
    return False


@settings(derandomize=True, deadline=None, max_examples=150)
@given(chains())
def test_nothing_overlaps_and_nothing_is_below_the_bound(blocks: list[Block]) -> None:
    placement = place(blocks)
    assert not overlapping(blocks, placement)
    assert placement.total >= lower_bound(blocks)[1]
    assert all(offset % ALIGNMENT == 0 for offset in placement.offsets)


def first_fit(blocks: list[Block], order: list[int]) -> int:
    """Total of first fit without any sharing, written anew: for comparison."""
    placed: list[tuple[int, Block]] = []
    for i in order:
        b = blocks[i]
        near = sorted((o, o + p.bytes) for o, p in placed if p.first <= b.last and b.first <= p.last)
        offset = 0
        for start, end in near:
            if start >= offset + b.bytes:
                break
            offset = max(offset, end)
        placed.append((offset, b))
    return max(o + b.bytes for o, b in placed)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(chains())
def test_never_above_the_simple_heuristics(blocks: list[Block]) -> None:
    numbers = range(len(blocks))
    orders = [
        list(numbers),
        sorted(numbers, key=lambda i: (-blocks[i].bytes, i)),
        sorted(numbers, key=lambda i: (-blocks[i].bytes * (blocks[i].last - blocks[i].first + 1), i)),
    ]
    assert place(blocks).total <= min(first_fit(blocks, order) for order in orders)
    assert place(blocks).total <= sum(b.bytes for b in blocks)


def test_search_beats_greedy() -> None:
    """First fit by size leaves a gap here that another order does not."""
    blocks = [
        Block("a", 64, 0, 1),
        Block("b", 48, 1, 2),
        Block("c", 32, 0, 3),
        Block("d", 64, 3, 4),
        Block("e", 48, 2, 3),
    ]
    assert place(blocks).total == lower_bound(blocks)[1]


def test_an_overlap_is_an_error() -> None:
    blocks = [Block("a", 32, 0, 1), Block("b", 32, 1, 2)]
    assert conflicts(blocks) == [(0, 1)]
    with pytest.raises(AssertionError, match="a and b overlap"):
        Placement(blocks, [0, 16])
    assert Placement([blocks[0], Block("b", 32, 1, 2, over=0)], [0, 0]).total == 32
