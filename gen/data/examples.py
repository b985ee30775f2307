"""Examples of a task, and disjoint sets of them."""

from dataclasses import dataclass

import numpy as np

from gen.model.graph import Array


@dataclass(frozen=True, eq=False)
class Examples:
    """x: float32 NHWC in natural units; y: int64, one for each example: its class, which is 1 for an anomaly."""

    x: Array
    y: Array

    def __post_init__(self) -> None:
        if self.x.ndim != 4 or self.x.dtype != np.float32 or self.y.shape != self.x.shape[:1]:
            raise ValueError(f"x {self.x.dtype} {self.x.shape} is not float32 NHWC with a label in y {self.y.shape}")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Every example there is. source: what a person needs to find the data again. test, validation: these sets, when
    the data come with one or are split in time; examples then are without. meaning: what an example's values are, in
    their order, with units and rate, for whoever feeds a device. mean, deviation: what values were less, and then
    divided by, of each channel; () where they are as they were measured."""

    source: str
    classes: tuple[str, ...]
    examples: Examples
    test: Examples | None = None
    validation: Examples | None = None
    meaning: str = ""
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Splits:
    """Disjoint. train: weights and quantization ranges; validation: every choice; test: the card's figures only."""

    train: Examples
    validation: Examples
    test: Examples


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
