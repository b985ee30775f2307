"""Intervals over seeds and examples, of known cases."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compress import bootstrap
from gen.compress.bootstrap import Interval
from gen.model.graph import Array

ROWS = st.integers(1, 4), st.integers(2, 60), st.integers(0, 2**32 - 1)


def credits(seeds: int, examples: int, seed: int, right: float = 0.8) -> Array:
    found: Array = (np.random.default_rng(seed).random((seeds, examples)) < right).astype(np.float64)
    return found


@settings(derandomize=True, deadline=None, max_examples=30)
@given(*ROWS, st.integers(1, 40))
def test_the_same_models_differ_by_nothing(seeds: int, examples: int, seed: int, block: int) -> None:
    rows = credits(seeds, examples, seed)
    assert bootstrap.difference(rows, rows, block) == Interval(0.0, 0.0, 0.0)
    assert bootstrap.difference(rows, rows, block).sign == 0


@settings(derandomize=True, deadline=None, max_examples=30)
@given(*ROWS, st.integers(1, 8))
def test_differences_turn_with_their_sides_and_shift_with_their_values(
    seeds: int, examples: int, seed: int, block: int
) -> None:
    before, after = credits(seeds, examples, seed), credits(seeds, examples, seed + 1, 0.6)
    there, back = bootstrap.difference(before, after, block), bootstrap.difference(after, before, block)
    assert (there.value, there.low_95, there.high_95) == pytest.approx((-back.value, -back.high_95, -back.low_95))
    assert there.low_95 <= there.value + 1e-9 and there.value <= there.high_95 + 1e-9
    moved = bootstrap.difference(before, after + 5.0, block)
    assert moved.value - there.value == pytest.approx(5.0) and moved.sign == 1
    assert bootstrap.difference(after + 5.0, before, block).sign == -1


def test_a_clear_difference_is_told_from_one_that_a_seed_or_an_example_makes() -> None:
    before = np.tile(np.arange(100) % 5 > 0, (3, 1)).astype(np.float64)  # 80 of 100 right
    clear, one_example, one_seed = before.copy(), before.copy(), before.copy()
    clear[:, :50] = 1.0
    one_example[:, 0] = 1.0
    one_seed[0, :15] = 1.0
    assert bootstrap.difference(before, clear, 1).sign == 1
    assert bootstrap.difference(before, clear, 1).value == pytest.approx(0.1)
    assert bootstrap.difference(before, one_example, 1).sign == 0
    assert bootstrap.difference(before, one_seed, 1).sign == 0


def test_of_one_seed_the_interval_is_the_binomial_one() -> None:
    rows = (np.arange(2000) % 10 > 0).astype(np.float64)[None]
    found = bootstrap.interval(rows, 1)
    half = 1.96 * math.sqrt(0.9 * 0.1 / 2000)
    assert (found.low_95, found.high_95) == pytest.approx((0.9 - half, 0.9 + half), abs=0.002)


def test_seeds_that_differ_and_neighbors_that_agree_widen_it() -> None:
    def width(rows: Array, block: int) -> float:
        found = bootstrap.interval(rows, block)
        return found.high_95 - found.low_95

    alike = np.tile(credits(1, 400, 1), (3, 1))
    apart = alike * np.array([[0.7], [0.85], [1.0]])
    assert width(apart, 1) > 2 * width(alike, 1)
    runs = np.repeat(np.tile(credits(1, 20, 1), (3, 1)), 20, axis=1)
    assert width(runs, 20) > 2 * width(runs, 1)
