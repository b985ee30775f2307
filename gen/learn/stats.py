"""Intervals and tests of figures: shares, areas under ROC curves, and means of what is dependent in time."""

import math

import numpy as np

from gen.model.graph import Array

Z_95 = 1.959964
RESAMPLES = 2000
SEED = 2026


def wilson(right: float, total: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson, 1927). Of a mean of values in 0..1, whose sum is `right`, it is
    conservative: with the same mean none vary more than those that are 0 or 1."""
    share, z2 = right / total, Z_95**2
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z_95 / (1 + z2 / total) * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    # At the ends the formula gives 0 and 1, but for rounding.
    return 0.0 if right == 0 else middle - half, 1.0 if right == total else middle + half


def mcnemar(gained: int, lost: int) -> float:
    """The exact two-sided p value that gains and losses are equally likely (McNemar's test as a binomial one)."""
    total = gained + lost
    tail = sum(math.comb(total, k) for k in range(min(gained, lost) + 1))
    return min(1.0, 2.0 * tail / 2.0**total)


def placements(scores: Array, positive: Array) -> Array:
    """For each negative, in order, the share of positives that score higher, an equal one counting half (float64 of
    0..1). Their mean is the area under the ROC curve (Mann and Whitney; DeLong, DeLong, Clarke-Pearson, 1988).

    scores: N floats; positive: N bools, of which some are and some are not."""
    above = np.sort(scores[positive])
    rest = scores[~positive]
    low, high = np.searchsorted(above, rest, "left"), np.searchsorted(above, rest, "right")
    shares: Array = 1.0 - (low + high) / (2.0 * len(above))
    return shares


def block_means(values: Array, block: int) -> Array:
    """Means of RESAMPLES bootstrap samples of values, which lie in time and depend on their neighbors: blocks of
    `block` neighbors, on a circle, are drawn in place of single values (the circular block bootstrap of Politis and
    Romano, 1992). The same values give the same means."""
    block = max(1, min(block, len(values)))
    wrapped = np.concatenate([values, values[: block - 1]]).astype(np.float64)
    sums = np.convolve(wrapped, np.ones(block), "valid")
    drawn = np.random.default_rng(SEED).integers(0, len(values), (RESAMPLES, max(1, round(len(values) / block))))
    means: Array = sums[drawn].mean(axis=1) / block
    return means


def middle_95(means: Array) -> tuple[float, float]:
    """The interval that leaves out 2.5 % at each end."""
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
