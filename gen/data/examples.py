"""Examples of a task, and disjoint sets of them."""

from dataclasses import dataclass

import numpy as np

from gen.model.graph import Array


@dataclass(frozen=True, eq=False)
class Examples:
    x: Array  # float32 NHWC, in natural units
    y: Array  # int64, a class for each example; 1 for an anomaly where the task is to find anomalies

    def __post_init__(self) -> None:
        if self.x.ndim != 4 or self.x.dtype != np.float32 or self.y.shape != self.x.shape[:1]:
            raise ValueError(f"x {self.x.dtype} {self.x.shape} is not float32 NHWC with a label in y {self.y.shape}")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Every example there is."""

    source: str  # what a person needs to find the data again
    classes: tuple[str, ...]
    examples: Examples  # without test and validation
    test: Examples | None = None  # where the data come with a test set, or are split in time
    validation: Examples | None = None  # the same of a validation set
    meaning: str = ""  # what an example's values are, in their order, with units and rate, for whoever feeds a device
    mean: tuple[float, ...] = ()  # what was subtracted from the values of each channel; () where they are as measured
    deviation: tuple[float, ...] = ()  # what they were divided by after that


@dataclass(frozen=True, eq=False)
class Splits:
    """Disjoint."""

    train: Examples  # for weights and quantization ranges
    validation: Examples  # for every choice
    test: Examples  # for the card's metrics only


def stratify(y: Array, shares: tuple[float, ...], seed: int) -> list[Array]:
    """Indices into y, shuffled: what is left first, then a part for each share, with the classes in proportion."""
    rng = np.random.default_rng(seed)
    parts: list[list[Array]] = [[] for _ in range(len(shares) + 1)]
    for label in np.unique(y):
        indices = rng.permutation(np.flatnonzero(y == label))
        ends = np.cumsum([round(len(indices) * share) for share in shares])
        pieces = np.split(indices, ends)
        for part, piece in zip(parts, [pieces[-1], *pieces[:-1]], strict=True):
            part.append(piece)
    return [rng.permutation(np.concatenate(part)) for part in parts]
