"""Which LSTMs the kernels of ISAs take: what they compute is held in tests/unit/test_networks.py."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gen.compiler.kernels.select import select
from gen.model import tflite
from gen.model.graph import Array
from gen.model.ops import lower
from gen.model.ops.operator import Call
from tests import recurrent


def call() -> Call:
    graph = tflite.read(recurrent.lstm(np.random.default_rng((0, 2))), "m")
    return lower(graph, graph.ops[0])


def with_first(value: int) -> Callable[[Array], Array]:
    return lambda values: np.concatenate([np.array([value], values.dtype), values.ravel()[1:]]).reshape(values.shape)


@pytest.mark.parametrize(
    ("name", "change", "dsp"),
    [
        ("h_i", with_first(-128), True),
        ("h_f", with_first(-128), False),  # in the upper byte
        ("bias_c", with_first(1 << 24), True),
        ("bias_c", with_first(1 << 30), False),
        ("bias_o", with_first(1 << 22), True),
        ("bias_o", with_first(-1 << 23), False),
        ("remember_shift", lambda shift: -13, False),
        ("remember_shift", lambda shift: -14, True),
        ("remember_shift", lambda shift: -29, True),
        ("remember_shift", lambda shift: -30, False),
        ("remember_multiplier", lambda multiplier: multiplier + 1, False),
    ],
)
def test_what_cortex_m4_takes(name: str, change: Callable[[Any], Any], dsp: bool) -> None:
    """Where its ranges hold; MVE has none."""
    own = call()
    changed = replace(own, params={**own.params, name: change(own.params[name])})
    assert select(changed, "dsp").variant.isa == ("dsp" if dsp else "portable")
    assert select(changed, "mve").variant.isa == "mve"


@pytest.mark.parametrize("isa", ["dsp", "mve"])
def test_shifts_to_the_left_are_left_to_portable_c(isa: str) -> None:
    own = call()
    assert select(own, isa).variant.isa == isa
    changed = replace(own, params={**own.params, "shift": (0, *own.params["shift"][1:])})
    assert select(changed, isa).variant.isa == "portable"
