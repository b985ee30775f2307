"""What an objective makes of a model's outputs, against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.data.examples import Examples
from gen.learn import objective, stats
from gen.learn.objective import CLASSIFY, RECONSTRUCT
from gen.model.graph import Array


def of_errors(wanted: Array, y: Array) -> tuple[Array, Examples]:
    """Outputs whose mean squared errors are wanted, of examples of two elements."""
    examples = Examples(np.zeros((len(y), 1, 2, 1), np.float32), y)
    return np.sqrt(wanted)[:, None].repeat(2, axis=1).astype(np.float32), examples


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=80))
def test_roc_auc_is_scikit_learns_ties_included(drawn: list[tuple[int, bool]]) -> None:
    from sklearn.metrics import roc_auc_score

    wanted, y = np.array([error for error, _ in drawn], np.float64), np.array([flag for _, flag in drawn], np.int64)
    outputs, examples = of_errors(wanted, y)
    figure = RECONSTRUCT.measure(outputs, examples)
    assert figure.counts == {"anomalous": y.sum(), "of": len(y)}
    assert 0.0 <= figure.low_95 <= figure.high_95 <= 1.0
    if 0 < y.sum() < len(y):
        assert figure.key == "roc_auc"
        assert figure.value == pytest.approx(roc_auc_score(y, objective.errors(outputs, examples)), abs=1e-12)
        assert figure.low_95 < figure.high_95
        assert figure.low_95 - 1e-9 <= figure.value <= figure.high_95 + 1e-9
        assert np.mean(RECONSTRUCT.per_example_scores(outputs, examples)) == pytest.approx(figure.value)
    else:
        assert figure.key == "variance_explained"


def test_of_normal_windows_alone_the_figure_is_the_share_of_their_variance() -> None:
    x = np.random.default_rng(3).normal(size=(50, 1, 4, 1)).astype(np.float32)
    examples = Examples(x, np.zeros(50, np.int64))
    assert RECONSTRUCT.score(x.reshape(50, 4), examples) == 1.0
    assert RECONSTRUCT.score(np.full((50, 4), x.mean()), examples) == pytest.approx(0.0, abs=1e-6)
    assert RECONSTRUCT.score(x.reshape(50, 4) + 100.0, examples) == 0.0
    half = RECONSTRUCT.measure(0.5 * (x - x.mean()).reshape(50, 4) + x.mean(), examples)
    assert half.value == pytest.approx(0.75, abs=1e-6)
    assert half.low_95 < half.value < half.high_95


def test_one_roc_auc_better_than_another_is_told_from_noise() -> None:
    rng = np.random.default_rng(5)
    y = np.zeros(800, np.int64)
    y[400:420] = 1
    noise = rng.uniform(0.0, 1.0, 800)
    clear, (blind, examples) = of_errors(noise + 2.0 * y, y)[0], of_errors(noise, y)
    better = RECONSTRUCT.compare(blind, clear, examples)
    gain = RECONSTRUCT.score(clear, examples) - RECONSTRUCT.score(blind, examples)
    assert better["difference"] == pytest.approx(gain)
    assert 0.0 < better["low_95"] < better["difference"] < better["high_95"] and better["p_value"] < 0.05
    worse = RECONSTRUCT.compare(clear, blind, examples)
    assert (worse["difference"], worse["p_value"]) == (-better["difference"], better["p_value"])
    same = RECONSTRUCT.compare(blind, blind, examples)
    assert (same["difference"], same["p_value"]) == (0.0, 1.0)
    assert "paired bootstrap" in RECONSTRUCT.verdict(better, 800)


def test_the_bootstrap_of_blocks_knows_that_neighbors_are_alike() -> None:
    """The deviation of a mean of 100 independent values, each repeated 16 times, is that of 100, not of 1,600."""
    values = np.random.default_rng(7).normal(size=100).repeat(16)
    alone, blocks = (np.std(stats.block_means(values, block)) for block in (1, 64))
    assert alone == pytest.approx(1.0 / 40, rel=0.15)
    assert blocks == pytest.approx(1.0 / 10, rel=0.25)
    assert np.array_equal(stats.block_means(values, 64), stats.block_means(values, 64))


def test_accuracy_is_of_the_highest_output_with_wilsons_interval() -> None:
    outputs = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    examples = Examples(np.zeros((4, 1, 1, 1), np.float32), np.array([0, 1, 2, 2]))
    low, high = stats.wilson(3, 4)
    found = CLASSIFY.measure(outputs, examples).as_json()
    assert found == {"accuracy": 0.75, "low_95": low, "high_95": high, "right": 3, "of": 4}
    assert CLASSIFY.compare(outputs, np.roll(outputs, 1, axis=1), examples) == {"gained": 0, "lost": 3, "p_value": 0.25}


def test_a_cards_figures_name_their_objective() -> None:
    assert objective.of({"accuracy": 1.0}) is CLASSIFY
    assert objective.of({"roc_auc": 1.0, "low_95": 0.5}) is RECONSTRUCT
