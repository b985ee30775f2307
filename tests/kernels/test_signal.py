"""Kernels of the stages of an audio front-end: TFLM, the reference and the kernel on every target. Those with state or
two outputs are in tests/unit/test_front_ends.py, in whole front-ends."""

import numpy as np
import pytest

from tests import front_end
from tests.effort import cases
from tests.front_end import LOWEST, samples, unsigned
from tests.kernels.harness import assert_exact

SEEDS = range(cases(2, 6))


@pytest.mark.parametrize("seed", SEEDS)
def test_window(seed: int) -> None:
    rng = np.random.default_rng(seed)
    content = front_end.window(rng.integers(LOWEST, 2**15, 13), 26, (12, 0, 31, 7, 1, 15)[seed])
    assert_exact(content, [samples(rng, (1, 26))], in_place=True)


@pytest.mark.parametrize("points", [4, 8, 64, 128, 512])
def test_rfft(points: int) -> None:
    rng = np.random.default_rng(points)
    shape = (2, points - points // 5)
    content = front_end.rfft(shape, points)
    assert_exact(content, [samples(rng, shape)])
    assert_exact(content, [rng.choice([LOWEST, 2**15 - 1], shape).astype(np.int16)])


@pytest.mark.parametrize("points", [4, 8, 64, 128])
def test_irfft(points: int) -> None:
    rng = np.random.default_rng(points)
    shape, content = (2, points + 2), front_end.irfft((2,), points)
    assert_exact(content, [samples(rng, shape)])
    assert_exact(content, [rng.choice([LOWEST, 2**15 - 1], shape).astype(np.int16)])


def test_energy() -> None:
    rng = np.random.default_rng(4)
    assert_exact(front_end.energy(21, 0, 21), [rng.choice([LOWEST, -7, 9, 2**15 - 1], 42).astype(np.int16)])


@pytest.mark.parametrize("seed", SEEDS)
def test_filter_bank(seed: int) -> None:
    rng = np.random.default_rng(seed)
    content = front_end.filter_bank(front_end.bands(rng, 1 + seed, 30), 30)
    assert_exact(content, [unsigned(rng, 32, 30)])


@pytest.mark.parametrize("shift", [0, 5, 31])
def test_square_root(shift: int) -> None:
    rims = np.array([0, 1, 2, 3, 2**32 - 1, 2**32 - 2**16, 2**32, 2**63, 2**64 - 1, 2**64 - 2**32], np.uint64)
    x = np.concatenate([rims, unsigned(np.random.default_rng(shift), 64, 50)])
    assert_exact(front_end.square_root(60), [x, np.array(shift, np.int32)])


@pytest.mark.parametrize("seed", SEEDS)
def test_pcan(seed: int) -> None:
    rng = np.random.default_rng(seed)
    content = front_end.pcan(front_end.gains(rng), 60, (6, 0, 32, 12, 20, 1)[seed])
    noise = np.concatenate([np.arange(20, dtype=np.uint32), unsigned(rng, 32, 40)])
    assert_exact(content, [unsigned(rng, 32, 60), noise], in_place=True)


@pytest.mark.parametrize(("correction", "scale"), [(3, 64), (0, 2**31 - 1), (31, 700)])
def test_log(correction: int, scale: int) -> None:
    x = np.concatenate([np.arange(20, dtype=np.uint32), unsigned(np.random.default_rng(scale), 32, 60)])
    assert_exact(front_end.log(80, correction, scale), [x])
