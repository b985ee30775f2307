"""Examples in the resolution that a model takes: the one rule for training, verification and devices."""

import numpy as np

from gen.model.graph import Array


def weights(source: int, target: int) -> Array:
    """target x source, float32: each of the target's pixels is the mean of the source over the area that it covers."""
    edges = np.linspace(0.0, source, target + 1)
    left, right = np.arange(source), np.arange(1, source + 1)
    covered = np.minimum(edges[1:, None], right) - np.maximum(edges[:-1, None], left)
    shares: Array = (np.maximum(covered, 0.0) * (target / source)).astype(np.float32)
    return shares


def resample(x: Array, size: tuple[int, int]) -> Array:
    """x, float32 NHWC, with height and width of size: means over areas; unchanged where the size is x's own."""
    if x.shape[1:3] == tuple(size):
        return x
    rows, columns = weights(x.shape[1], size[0]), weights(x.shape[2], size[1])
    resampled: Array = np.einsum("ph,qw,nhwc->npqc", rows, columns, x, optimize=True).astype(np.float32)
    return resampled
