"""How sure a figure is when both the seed of a training and the examples of the test set were drawn by chance.

A model's scores are numbers whose mean is its figure, one for each test example (see Objective.per_example_scores), and
models that were trained from several seeds have a row of scores each. Rows and columns are drawn anew independently
(Owen: The pigeonhole bootstrap, 2007), columns in blocks of neighbors where examples depend on them. Few seeds say
little about how seeds differ: with one seed the interval is about the examples alone."""

from dataclasses import dataclass

import numpy as np

from gen.learn.stats import RESAMPLES, SEED, middle_95
from gen.model.graph import Array


@dataclass(frozen=True)
class Interval:
    """value with its 95 % interval: a figure of 0..1, or a difference of two."""

    value: float
    low_95: float
    high_95: float

    @property
    def sign(self) -> int:
        """1 and -1 where the interval leaves out 0, 0 where it does not."""
        return int(self.low_95 > 0) - int(self.high_95 < 0)


def means(scores: Array, block: int) -> Array:
    """The mean of each of RESAMPLES bootstrap samples of scores (seeds x examples, float64). The same shape draws the
    same samples."""
    seeds, examples = scores.shape
    block = max(1, min(block, examples))
    wrapped = np.concatenate([scores, scores[:, : block - 1]], axis=1).astype(np.float64)
    running = np.cumsum(np.pad(wrapped, ((0, 0), (1, 0))), axis=1)
    sums = running[:, block:] - running[:, :-block]  # of the block that begins at each example
    rng = np.random.default_rng(SEED)
    rows = rng.integers(0, seeds, (RESAMPLES, seeds))
    columns = rng.integers(0, examples, (RESAMPLES, max(1, round(examples / block))))
    by_seed = np.stack([row[columns].mean(axis=1) for row in sums], axis=1) / block
    sampled: Array = np.take_along_axis(by_seed, rows, axis=1).mean(axis=1)
    return sampled


def interval(scores: Array, block: int) -> Interval:
    """Of the mean of scores, see means()."""
    return Interval(float(scores.mean()), *middle_95(means(scores, block)))


def difference(before: Array, after: Array, block: int) -> Interval:
    """Of what `after` has more than `before`, paired by seed and example: their shapes are the same."""
    return interval(after.astype(np.float64) - before, block)
