"""Augmentation: images and series move as far as the limits say, and nothing else happens."""

import numpy as np
import pytest

from gen.data.augment import ImageAugmentation, SeriesAugmentation, augment


def test_augmentation_without_limits_changes_nothing() -> None:
    x = np.random.default_rng(0).random((5, 8, 6, 2), np.float32)
    assert np.allclose(augment(x, ImageAugmentation(), np.random.default_rng(1)), x, atol=1e-6)


def test_augmentation_shifts_by_up_to_its_limit_and_loses_what_leaves() -> None:
    x = np.zeros((400, 9, 9, 1), np.float32)
    x[:, 4, 4] = 1.0
    moved = augment(x, ImageAugmentation(shift_pixels=1.5), np.random.default_rng(0))[..., 0]
    assert np.allclose(moved.sum((1, 2)), 1.0, atol=1e-5)
    for axis, weights in ((1, moved.sum(2)), (2, moved.sum(1))):
        centers = weights @ np.arange(9) - 4
        assert 1.3 < np.abs(centers).max() <= 1.5, axis
        assert abs(centers.mean()) < 0.2, axis
    gone = augment(x[:, 4:5, 4:5], ImageAugmentation(shift_pixels=1.5), np.random.default_rng(0))
    assert gone.min() >= 0.0
    assert np.any(gone == 0.0)


def test_augmentation_turns_by_the_angle() -> None:
    """A point 3 pixels right of the center stays at that distance, within the limit of the angle."""
    x = np.zeros((200, 9, 9, 1), np.float32)
    x[:, 4, 7] = 1.0
    turned = augment(x, ImageAugmentation(rotation_degrees=30.0), np.random.default_rng(0))[..., 0]
    total = turned.sum((1, 2))
    down = turned.sum(2) @ (np.arange(9) - 4) / total
    right = turned.sum(1) @ (np.arange(9) - 4) / total
    assert np.allclose(np.hypot(down, right), 3.0, atol=0.35)
    angle = np.degrees(np.arctan2(down, right))
    assert 25.0 < angle.max() < 35.0
    assert -35.0 < angle.min() < -25.0


def test_series_without_limits_stay() -> None:
    x = np.random.default_rng(0).normal(size=(5, 1, 20, 3)).astype(np.float32)
    assert np.array_equal(augment(x, SeriesAugmentation(), np.random.default_rng(1)), x)


def test_series_shift_by_up_to_the_limit_and_go_on_at_the_ends() -> None:
    x = np.tile(np.arange(30, dtype=np.float32)[:, None], (300, 1, 1, 2))
    moved = augment(x, SeriesAugmentation(shift_steps=4.0), np.random.default_rng(0))
    by = moved[:, 0, 15, 0] - 15
    assert 3.9 < np.abs(by).max() <= 4.0
    assert abs(by.mean()) < 0.5
    assert np.allclose(moved, np.clip(x + by[:, None, None, None], 0, 29), atol=1e-5)


def test_series_stretch_about_the_middle() -> None:
    x = np.tile(np.arange(31, dtype=np.float32)[:, None], (300, 1, 1, 1))
    stretched = augment(x, SeriesAugmentation(stretch=0.2), np.random.default_rng(0))[:, 0, :, 0]
    assert np.allclose(stretched[:, 15], 15.0, atol=1e-5)
    slopes = stretched[:, 16] - stretched[:, 15]
    assert np.allclose(stretched[:, 20] - 15.0, 5 * slopes, atol=1e-4)
    assert 0.8 <= slopes.min() < 0.82
    assert 1.18 < slopes.max() <= 1.2


def test_series_scale_as_a_whole_and_jitter_value_by_value() -> None:
    x = np.ones((400, 1, 10, 2), np.float32)
    scaled = augment(x, SeriesAugmentation(scale=0.3), np.random.default_rng(0))
    assert np.all(np.ptp(scaled, axis=(1, 2, 3)) < 1e-6)
    assert 0.7 <= scaled.min() < 0.72
    assert 1.28 < scaled.max() <= 1.3
    noise = augment(x, SeriesAugmentation(jitter=0.05), np.random.default_rng(0)) - 1.0
    assert noise.std() == pytest.approx(0.05, rel=0.05)
    assert abs(noise.mean()) < 0.005


def test_a_series_has_one_row() -> None:
    with pytest.raises(ValueError, match="1 x steps x channels"):
        augment(np.zeros((2, 3, 4, 1), np.float32), SeriesAugmentation(), np.random.default_rng(0))
