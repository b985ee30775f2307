"""Which convolutions of int16 the kernels of ISAs take: what they compute is held in tests/kernels/test_wide.py."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gen.compiler.kernels.select import interpreted, select
from gen.model import tflite
from gen.model.ops import lower
from gen.model.ops.operator import Call
from tests.tiny import O, T, model


def call(weights: int = 50, bias: int = 1000, depthwise: bool = False, bias_type: str = "int64") -> Call:
    """A convolution whose channels have 7,200 weights each, or 9, that are all the same."""
    shape = (1, 3, 3, 8) if depthwise else (8, 30, 30, 8)
    tensors = [
        T((1, 30, 30, 8), "int16", 0.001),
        T(shape, scale=0.01, data=np.full(shape, weights)),
        T((8,), bias_type, scale=0.00001, data=np.full(8, bias)),
        T((1, 30, 30, 8), "int16", 0.01),
    ]
    options: dict[str, Any] = {"strideH": 1, "strideW": 1} | ({"depthMultiplier": 1} if depthwise else {})
    kind, table = ("DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions") if depthwise else ("CONV_2D", "Conv2DOptions")
    graph = tflite.read(model(tensors, [O(kind, [0, 1, 2], [3], options, table)], [0], [3]), "m")
    return lower(graph, graph.ops[0])


@pytest.mark.parametrize("isa", ["dsp", "mve"])
@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"weights": 9}, True),  # 7200 times 9 is below 2**16
        ({"weights": 10}, False),
        ({"weights": 1, "bias": 2**30}, True),
        ({"weights": 1, "bias": 2**40}, False),
        ({"weights": 1, "bias_type": "int32"}, False),
        ({"depthwise": True}, True),
        ({"depthwise": True, "bias": 2**40}, False),
    ],
)
def test_what_is_taken(isa: str, changes: dict[str, Any], taken: bool) -> None:
    made = select(call(**changes), isa).variant
    assert (made.isa == isa and not made.own_layout) == taken


@pytest.mark.parametrize("isa", ["dsp", "mve"])
def test_channels_that_are_not_in_fours_are_left_to_portable_c(isa: str) -> None:
    own = call(depthwise=True)
    for change in ({"in_c": 6, "out_c": 6}, {"depth_multiplier": 2}):
        p = {**own.params, **change}
        assert select(replace(own, params=p), isa).variant.isa == "portable"


def test_the_interpreter_has_one_of_its_own_layout() -> None:
    own = call()
    assert interpreted(own.kernel, [own], "dsp").isa == interpreted(own.kernel, [own], "mve").isa == "dsp"
    assert interpreted(own.kernel, [own], "portable").isa == "portable"
