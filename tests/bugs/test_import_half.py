"""Models of 16-bit floats were refused as if Conv2D were to blame."""

from pathlib import Path

import numpy as np
import pytest

from gen.errors import ModelError
from gen.learn import tensorflow
from gen.model.graph import Array
from tests.imports import keras, kinds, quantized, save, worst_steps

SHAPE = (8, 8, 3)


def _examples(path: Path) -> Array:
    x = np.random.default_rng(1).uniform(0, 1, (16, *SHAPE)).astype(np.float32)
    np.savez(path, x)
    return x


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16"])
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_keras_models_become_float32(policy: str, suffix: str, tmp_path: Path) -> None:
    k, x = keras(), _examples(tmp_path / "x.npz")
    k.config.set_dtype_policy(policy)
    try:
        inner = k.Sequential([k.Input(SHAPE), k.layers.Conv2D(4, 3, activation="relu"), k.layers.BatchNormalization()])
        model = k.Sequential([k.Input(SHAPE), inner, k.layers.Flatten(), k.layers.Dense(3)])
    finally:
        k.config.set_dtype_policy("float32")
    made = quantized(save(model, tmp_path / f"m{suffix}"), tmp_path / "x.npz")
    with tensorflow.quiet():
        wanted = np.asarray(model(x)).astype(np.float32)
    assert "conv_2d" in kinds(made.content) and worst_steps(made.content, x, wanted) <= 6
    assert "its 16-bit floats became float32, from which it is quantized" in made.notes


def test_a_saved_model_is_told_the_true_reason(tmp_path: Path) -> None:
    k = keras()
    _examples(tmp_path / "x.npz")
    half = k.layers.Conv2D(4, 3, dtype="mixed_float16", name="thin")
    model = k.Sequential([k.Input(SHAPE), half, k.layers.Flatten(dtype="float32"), k.layers.Dense(3)])
    with pytest.raises(ModelError, match=r"computes in 16-bit floats in .*thin.*: save the model with float32"):
        quantized(save(model, tmp_path / "m"), tmp_path / "x.npz")
