"""Keras models whose inputs and outputs are dictionaries or nested lists ended in a ValueError's traceback."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.model import tflite
from tests.imports import keras, outputs, quantized, save


def _build(structure: str) -> Any:
    """zeta - 3 alpha, so that swapped inputs are seen."""
    k = keras()
    zeta, alpha = k.Input((8,), name="zeta"), k.Input((8,), name="alpha")
    dense = k.layers.Dense(4)
    y = dense(k.layers.Concatenate()([zeta, alpha]))
    dense.set_weights([np.concatenate([np.tile(np.eye(4), (2, 1)), -3 * np.tile(np.eye(4), (2, 1))]), np.zeros(4)])
    inputs = {"dict": {"zeta": zeta, "alpha": alpha}, "nested": [{"zeta": zeta}, [alpha]]}[structure]
    return k.Model(inputs, {"z": y, "a": k.layers.ReLU()(y)})


@pytest.mark.parametrize("structure", ["dict", "nested"])
def test_inputs_in_a_dictionary_keep_the_models_order(structure: str, tmp_path: Path) -> None:
    model = _build(structure)
    save(model, tmp_path / "m.keras")
    rng = np.random.default_rng(1)
    x: dict[str, Any] = {"alpha": rng.uniform(-1, 1, (20, 8)), "zeta": rng.uniform(0, 5, (20, 8))}
    np.savez(tmp_path / "x.npz", **x)
    made = quantized(tmp_path / "m.keras", tmp_path / "x.npz")
    order = [tensor.name for tensor in model.inputs]
    assert [note.split("'")[1] for note in made.notes[:2]] == order
    graph = tflite.read(made.content, "m")
    wanted = x["zeta"].reshape(20, 2, 4).sum(1) - 3 * x["alpha"].reshape(20, 2, 4).sum(1)
    for number in range(20):
        found = outputs(made.content, *(x[name][number][None] for name in order))
        for index, y, real in zip(graph.outputs, found, (np.maximum(wanted, 0), wanted), strict=True):  # a, then z
            assert np.abs(y[0] - real[number]).max() <= 4 * graph.tensors[index].scale
