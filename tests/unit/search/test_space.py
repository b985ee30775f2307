"""The students that a search chooses from, and the words of its command line."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import UsageError
from gen.learn import task, tensorflow
from gen.learn.architectures import Shape
from gen.search import space
from gen.search.trainer import in_front

SHAPES = ((8, 8, 1), (25, 25, 1), (5, 9, 3), (1, 100, 6), (1, 20, 12))


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from(SHAPES))
def test_a_candidate_survives_json_and_keeps_to_the_space(seed: int, shape: Shape) -> None:
    found = space.suggest(space.Draw(np.random.default_rng(seed)), task.load_task("digits"), shape)
    assert space.from_json(json.loads(json.dumps(found.as_json()))) == found
    assert found.architecture is not None
    assert found.architecture.width % space.MULTIPLE == 0
    height, width, channels = found.input_shape(shape)
    assert (channels, height == 1) == (shape[2], shape[0] == 1)
    assert width >= min(space.SMALLEST, shape[1])
    assert (found.alpha > 0) == ("distill" in found.recipe)


@pytest.mark.parametrize("seed", range(8))
def test_every_candidate_is_a_network_whose_taps_can_all_see_something(seed: int) -> None:
    tensorflow.start_tensorflow()
    from keras import layers

    shape = SHAPES[seed % len(SHAPES)]
    architecture = space.suggest_architecture(space.Draw(np.random.default_rng(seed)), shape)
    model = space.student(architecture, shape, 7)
    assert model.output_shape == (None, 7)
    for layer in model.layers:
        if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
            sizes = zip(layer.kernel_size, layer.input.shape[1:3], strict=True)
            assert all(kernel <= 2 * size - 1 for kernel, size in sizes)


def test_a_student_in_a_lower_resolution_sees_the_task_s_input_through_means() -> None:
    tensorflow.start_tensorflow()
    from gen.data.resample import resample

    architecture = space.Architecture(0.5, "full", 3, 4, 1.0, 1, 1, 0, "pool", "mean")
    model = space.student(architecture, (8, 8, 1), 3)
    x = np.random.default_rng(1).random((5, 8, 8, 1), dtype=np.float32)
    whole = in_front(model, (8, 8, 1))
    assert np.asarray(whole(x)) == pytest.approx(np.asarray(model(resample(x, (4, 4)))), abs=1e-5)
    assert in_front(model, (4, 4, 1)) is model


def test_settled_activations_have_the_variance_of_normalized_ones() -> None:
    tensorflow.start_tensorflow()
    architecture = space.Architecture(1.0, "separable", 3, 8, 1.0, 1, 4, 1, "pool", "mean")
    model = space.student(architecture, (8, 8, 1), 3)
    x = np.random.default_rng(1).random((50, 8, 8, 1), dtype=np.float32)
    before = float(np.std(np.asarray(model(x))))
    momenta = [layer.momentum for layer in model.layers if hasattr(layer, "momentum")]
    space.settle(model, x)
    assert [layer.momentum for layer in model.layers if hasattr(layer, "momentum")] == momenta
    assert float(np.std(np.asarray(model(x)))) > 2 * before


def test_the_first_candidate_is_the_task_s_student_and_anomalies_keep_to_it() -> None:
    digits = task.load_task("digits")
    first = space.own(digits)
    assert first.architecture is None
    assert (first.temperature, first.alpha) == (digits.distillation.temperature, digits.distillation.alpha)
    from gen.learn.objective import RECONSTRUCT

    other = dataclasses.replace(digits, objective=RECONSTRUCT)
    drawn = [space.suggest(space.Draw(np.random.default_rng(n)), other, (1, 32, 2)) for n in range(20)]
    assert {found.architecture for found in drawn} == {None}
    assert len({found.narrow for found in drawn}) > 3


@pytest.mark.parametrize(
    ("word", "binary", "value"),
    [("64k", True, 65536), ("64K", True, 65536), ("1.5M", True, 1572864), ("8192", True, 8192), ("2M", False, 2000000)],
)
def test_quantities(word: str, binary: bool, value: int) -> None:
    assert space.quantity(word, "--flash", binary=binary) == value


@pytest.mark.parametrize("word", ["", "k", "64kB", "-3k", "0", "inf", "nan", "64 x", "1e9999"])
def test_what_is_no_quantity_is_named_with_the_form(word: str) -> None:
    with pytest.raises(UsageError, match=r"--flash .*: give bytes as a number .*such as 64k"):
        space.quantity(word, "--flash", binary=True)
