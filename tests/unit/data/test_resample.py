"""Examples in another resolution: means over areas."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.data.resample import resample, weights


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.integers(1, 40), st.data())
def test_every_source_pixel_counts_alike(source: int, data: st.DataObject) -> None:
    target = data.draw(st.integers(1, source))
    shares = weights(source, target)
    assert shares.shape == (target, source)
    assert shares.sum(axis=1) == pytest.approx(np.ones(target), abs=1e-5)
    assert shares.sum(axis=0) == pytest.approx(np.full(source, target / source), abs=1e-5)


def test_halves_are_means_of_blocks_and_three_quarters_share_the_pixels_between() -> None:
    x = np.random.default_rng(1).random((3, 8, 4, 2), dtype=np.float32)
    blocks = x.reshape(3, 4, 2, 2, 2, 2).mean(axis=(2, 4))
    assert resample(x, (4, 2)) == pytest.approx(blocks, abs=1e-6)
    line = np.array([[[[3.0], [6.0], [9.0], [12.0]]]], np.float32)
    assert resample(line, (1, 3)).ravel() == pytest.approx([(3 + 6 / 3) / (4 / 3), 7.5, (9 / 3 + 12) / (4 / 3)])


def test_the_same_size_stays_as_it_is() -> None:
    x = np.ones((1, 5, 7, 1), np.float32)
    assert resample(x, (5, 7)) is x
