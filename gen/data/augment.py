"""Random changes of training examples that leave their classes as they are."""

from dataclasses import dataclass

import numpy as np

from gen.model.graph import Array


@dataclass(frozen=True)
class ImageAugmentation:
    """Random affine maps, each drawn uniformly from -limit to +limit."""

    shift_pixels: float = 0.0  # along each axis
    rotation_degrees: float = 0.0
    zoom: float = 0.0  # share of the size
    shear: float = 0.0  # pixels sideways per pixel down


@dataclass(frozen=True)
class SeriesAugmentation:
    """Random changes of a series, 1 x steps x channels; all but jitter are drawn uniformly from -limit to +limit for
    each series."""

    shift_steps: float = 0.0  # in time
    stretch: float = 0.0  # of time about the middle, a share
    scale: float = 0.0  # of the values, a share
    jitter: float = 0.0  # standard deviation of normal noise on the values


Augmentation = ImageAugmentation | SeriesAugmentation


def augment(x: Array, limits: Augmentation, rng: np.random.Generator) -> Array:
    """x, NHWC in float32, each example under its own random changes."""
    if isinstance(limits, SeriesAugmentation):
        return _augment_series(x, limits, rng)
    return _augment_images(x, limits, rng)


def _augment_series(x: Array, limits: SeriesAugmentation, rng: np.random.Generator) -> Array:
    """Linear interpolation; before the start and after the end the outermost values go on."""
    count, height, steps, _ = x.shape
    if height != 1:
        raise ValueError(f"series are N x 1 x steps x channels, not {x.shape}")

    def draw(limit: float) -> Array:
        return rng.uniform(-limit, limit, size=(count, 1))

    middle = (steps - 1) / 2
    place = (np.arange(steps) - middle) * (1.0 + draw(limits.stretch)) + middle + draw(limits.shift_steps)
    place = np.clip(place, 0, steps - 1)
    left = np.minimum(place.astype(np.int64), max(steps - 2, 0))
    right = np.minimum(left + 1, steps - 1)
    part = (place - left)[..., None]
    each = np.arange(count)[:, None]
    moved = (1.0 - part) * x[each, 0, left] + part * x[each, 0, right]
    changed: Array = moved * (1.0 + draw(limits.scale))[..., None] + rng.normal(0.0, limits.jitter, moved.shape)
    return changed[:, None].astype(np.float32)


def _augment_images(x: Array, limits: ImageAugmentation, rng: np.random.Generator) -> Array:
    """An affine map about the center; bilinear, 0 outside."""
    count, height, width, channels = x.shape

    def draw(limit: float) -> Array:
        return rng.uniform(-limit, limit, size=(count,))

    angle, shear = np.deg2rad(draw(limits.rotation_degrees)), draw(limits.shear)
    zoom_y, zoom_x = 1.0 + draw(limits.zoom), 1.0 + draw(limits.zoom)
    cos, sin = np.cos(angle), np.sin(angle)
    # From a pixel of the result to the place in x where its value comes from: rotation * shear * zoom, then shift.
    matrix = np.array([[cos * zoom_y, (shear * cos - sin) * zoom_x], [sin * zoom_y, (shear * sin + cos) * zoom_x]])
    shift = np.array([draw(limits.shift_pixels), draw(limits.shift_pixels)])
    center = np.array([[(height - 1) / 2], [(width - 1) / 2]])
    grid = np.indices((height, width)).reshape(2, -1) - center
    place = np.einsum("abn,bp->nap", matrix, grid) + shift.T[:, :, None] + center  # N, (y, x), pixel

    corner = np.floor(place).astype(np.int64)
    part = place - corner
    image = np.arange(count)[:, None]
    result = np.zeros((count, height * width, channels))
    for dy in (0, 1):
        for dx in (0, 1):
            row, column = corner[:, 0] + dy, corner[:, 1] + dx
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            weight = np.abs(1 - dy - part[:, 0]) * np.abs(1 - dx - part[:, 1]) * inside
            result += weight[..., None] * x[image, np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    return result.reshape(x.shape).astype(np.float32)
