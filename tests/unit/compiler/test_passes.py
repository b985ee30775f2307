"""Every pass keeps the outputs, byte for byte, for every input that is tried; and does what it is there for."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compiler import intervals, passes
from gen.compiler.program import compile_graph, plan
from gen.model import reference, tflite
from gen.model.graph import Array, Graph
from gen.model.ops import lower
from tests import shared
from tests.tflm_models import load
from tests.tiny import O, T, model


def network(draw: st.DrawFn, rng: np.random.Generator) -> tuple[bytes, int]:
    """Convolutions with channels that are dead in many ways: weights of zero, large biases, narrow activations."""
    h, w, channels = draw(st.integers(2, 6)), draw(st.integers(2, 6)), draw(st.integers(1, 4))
    tensors = [T((1, h, w, channels), scale=0.05, zero_point=draw(st.sampled_from([-128, 0, 17])))]
    ops: list[O] = []
    for _ in range(draw(st.integers(1, 4))):
        x, depthwise = len(tensors) - 1, draw(st.booleans())
        k, out = draw(st.sampled_from([1, 3])), channels if depthwise else draw(st.integers(1, 9))
        padding = 0 if k == 3 and min(h, w) < 3 else draw(st.sampled_from([0, 1]))
        if padding == 1:
            h, w = h - k + 1, w - k + 1
        shape = (1, k, k, out) if depthwise else (out, k, k, channels)
        weights = rng.integers(-127, 128, shape)
        axis = 3 if depthwise else 0
        dead = rng.random(out) < 0.3
        np.moveaxis(weights, axis, 0)[dead] = 0
        if not depthwise:
            weights[..., rng.random(channels) < 0.2] = 0
        bias = rng.choice([-200_000, 0, 900, 200_000], out)
        scales = [float(s) for s in rng.uniform(0.001, 0.02, out)]
        tensors.append(T(shape, scale=scales, axis=axis, data=weights))
        tensors.append(T((out,), "int32", scale=[0.05 * s for s in scales], data=bias))
        zero_point = draw(st.sampled_from([-128, -5, 40]))
        tensors.append(T((1, h, w, out), scale=0.05, zero_point=zero_point))
        options = {
            "padding": padding,
            "strideW": 1,
            "strideH": 1,
            "fusedActivationFunction": draw(st.sampled_from([0, 1, 3])),
        }
        if depthwise:
            options["depthMultiplier"] = 1
        name = "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions"
        kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        ops.append(O(kind, [x, x + 1, x + 2], [x + 3], options, name))
        channels = out
    return model(tensors, ops, [0], [len(tensors) - 1]), h * w


def hard_inputs(graph: Graph, rng: np.random.Generator) -> list[Array]:
    """Inputs that look for a counterexample: extremes everywhere, at single places, and random."""
    tensor = graph.tensors[graph.inputs[0]]
    inputs = [reference.random_inputs(graph, i, 3)[0] for i in range(4)]
    inputs += [rng.choice(np.array([-128, 127], np.int8), tensor.shape) for _ in range(12)]
    zero = np.full(tensor.shape, tensor.zero_point, np.int8)
    for value in (-128, 127):
        one = zero.copy()
        one.flat[rng.integers(one.size)] = value
        inputs.append(one)
    return [*inputs, zero]


@settings(derandomize=True, deadline=None, max_examples=80)
@given(st.data(), st.integers(0, 2**32 - 1))
def test_folded_channels_really_are_constant(data: st.DataObject, seed: int) -> None:
    """No input makes an intermediate leave its proved interval, and the folded graph gives the same outputs."""
    rng = np.random.default_rng(seed)
    content, _ = data.draw(st.composite(network)(rng))
    graph = tflite.read(content, "net")
    folded = passes.optimize(graph)
    proved = intervals.analyze(graph)
    for x in hard_inputs(graph, rng):
        values = reference.run(graph, [x])
        for index, interval in proved.items():
            if index in values:
                assert (values[index] >= interval.low).all() and (values[index] <= interval.high).all()
        assert reference.outputs(folded, [x])[0].tobytes() == values[graph.outputs[0]].tobytes()


def test_folding_finds_dead_channels() -> None:
    """Seven of eight channels are constant: ReLU cuts six off at zero, and one is always at its highest, which the next
    bias takes up. Four channels stay, since kernels like them in fours."""
    weights, following = np.ones((8, 1, 1, 2)), np.arange(1, 9).reshape(1, 1, 1, 8)
    bias = [-100_000] * 6 + [0, 100_000]
    tensors = [T((1, 4, 4, 2), scale=1.0), T((8, 1, 1, 2), scale=0.01, data=weights),
               T((8,), "int32", scale=0.01, data=bias), T((1, 4, 4, 8), scale=1.0, zero_point=-128),
               T((1, 1, 1, 8), scale=0.01, data=following), T((1,), "int32", scale=0.01, data=[5]),
               T((1, 4, 4, 1), scale=1.0)]  # fmt: skip
    relu, plain = ({"padding": 1, "strideW": 1, "strideH": 1, "fusedActivationFunction": a} for a in (1, 0))
    content = model(
        tensors,
        [O("CONV_2D", [0, 1, 2], [3], relu, "Conv2DOptions"), O("CONV_2D", [3, 4, 5], [6], plain, "Conv2DOptions")],
        [0], [6],
    )  # fmt: skip
    graph = tflite.read(content, "net")
    folded = passes.optimize(graph)
    assert_same(graph, folded)
    assert folded.output(folded.ops[0]).shape == (1, 4, 4, 4)
    assert sum(lower(folded, op).macs for op in folded.ops) == 16 * (4 * 2 + 4)
    data = folded.tensors[5].data
    assert data is not None and data[0] == 5 + 8 * 255


@shared.needed
def test_half_of_the_published_vww_is_dead() -> None:
    _, graph, _ = load("vww_96_int8")
    folded = passes.optimize(graph)
    macs, left = (sum(lower(g, op).macs for op in g.ops) for g in (graph, folded))
    weights, kept = (
        sum(t.data.nbytes for t in g.tensors if t.data is not None and t.dtype == "int8") for g in (graph, folded)
    )
    assert left <= 0.51 * macs
    assert kept <= 0.16 * weights
    rng = np.random.default_rng(1)
    proved = intervals.analyze(graph)
    for x in hard_inputs(graph, rng)[:8]:
        values = reference.run(graph, [x])
        assert reference.outputs(folded, [x])[0].tobytes() == values[graph.outputs[0]].tobytes()
        for index in proved.keys() & values.keys():
            assert (values[index] >= proved[index].low).all() and (values[index] <= proved[index].high).all()


def assert_same(graph: Graph, other: Graph) -> None:
    rng = np.random.default_rng(2)
    for x in hard_inputs(graph, rng):
        for a, b in zip(reference.outputs(graph, [x]), reference.outputs(other, [x]), strict=True):
            assert a.tobytes() == b.tobytes()


VALID = {"padding": 1, "strideW": 2, "strideH": 1, "fusedActivationFunction": 0}


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.tuples(*[st.integers(0, 3)] * 4), st.sampled_from([-128, 0, 7]), st.booleans(), st.booleans())
def test_pads_merge_into_convolutions(widths: tuple[int, ...], zero: int, depthwise: bool, relu: bool) -> None:
    """PAD, convolution, RELU: one operator, where each window of the convolution has an element of the input."""
    rng = np.random.default_rng(4)
    top, bottom, left, right = widths
    h, w = 4 + top + bottom - 2, (5 + left + right - 3 + 2) // 2
    kernel = (1, 3, 3, 2) if depthwise else (2, 3, 3, 2)
    tensors = [
        T((1, 4, 5, 2), scale=0.1, zero_point=zero),
        T((4, 2), "int32", data=[[0, 0], [top, bottom], [left, right], [0, 0]]),
        T((1, 4 + top + bottom, 5 + left + right, 2), scale=0.1, zero_point=zero),
        T(kernel, scale=0.01, data=rng.integers(-127, 128, kernel)), T((2,), "int32", scale=0.001, data=[300, -4000]),
        T((1, h, w, 2), scale=0.05, zero_point=-3), T((1, h, w, 2), scale=0.05, zero_point=-3),
    ]  # fmt: skip
    name = "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions"
    options = VALID | ({"depthMultiplier": 1} if depthwise else {})
    ops = [O("PAD", [0, 1], [2]), O("DEPTHWISE_CONV_2D" if depthwise else "CONV_2D", [2, 3, 4], [5], options, name)]
    ops += [O("RELU", [5], [6])] if relu else []
    graph = tflite.read(model(tensors, ops, [0], [6 if relu else 5]), "net")
    merged = passes.optimize(graph)
    assert_same(graph, merged)
    kinds = [op.kind for op in merged.ops]
    assert "relu" not in kinds
    assert ("pad" in kinds) == (max(widths) > 2)


def test_pads_and_activations_merge_into_convolutions_of_int16() -> None:
    """PAD, CONV_2D, RELU, DEPTHWISE_CONV_2D, RELU6 of int16: two operators, of the same outputs."""
    rng = np.random.default_rng(5)
    whole = T((1, 6, 7, 4), "int16", 0.001)
    tensors = [
        T((1, 4, 5, 4), "int16", 0.001),
        T((4, 2), "int32", data=[[0, 0], [1, 1], [1, 1], [0, 0]]),
        whole,
        T((4, 3, 3, 4), scale=0.01, data=rng.integers(-127, 128, (4, 3, 3, 4))),
        T((4,), "int64", scale=0.00001, data=[90_000, -(2**21), 5, -7]),
        *(T((1, 4, 3, 4), "int16", 0.01) for _ in range(2)),
        T((1, 3, 3, 4), scale=0.01, data=rng.integers(-127, 128, (1, 3, 3, 4))),
        *(T((1, 2, 1, 4), "int16", 0.001) for _ in range(2)),
    ]
    ops = [
        O("PAD", [0, 1], [2]),
        O("CONV_2D", [2, 3, 4], [5], VALID, "Conv2DOptions"),
        O("RELU", [5], [6]),
        O("DEPTHWISE_CONV_2D", [6, 7], [8], VALID | {"depthMultiplier": 1}, "DepthwiseConv2DOptions"),
        O("RELU6", [8], [9]),
    ]
    graph = tflite.read(model(tensors, ops, [0], [9]), "net")
    merged = passes.optimize(graph)
    assert [op.kind for op in merged.ops] == ["conv_2d", "depthwise_conv_2d"]
    for vector in range(8):
        x = reference.random_inputs(graph, vector, seed=6)
        assert reference.outputs(graph, x)[0].tobytes() == reference.outputs(merged, x)[0].tobytes()


def test_a_pad_with_another_reader_stays() -> None:
    tensors = [T((1, 2, 2, 1), scale=0.1), T((4, 2), "int32", data=[[0, 0], [1, 1], [1, 1], [0, 0]]),
               T((1, 4, 4, 1), scale=0.1), T((1, 2, 2, 1), scale=0.01, data=np.ones((1, 2, 2, 1))),
               T((1, 3, 2, 1), scale=0.1)]  # fmt: skip
    ops = [O("PAD", [0, 1], [2]), O("CONV_2D", [2, 3, -1], [4], VALID, "Conv2DOptions")]
    graph = tflite.read(model(tensors, ops, [0], [4, 2]), "net")
    assert passes.merge_pads(graph) is graph


def test_an_activation_that_rescales_stays() -> None:
    tensors = [T((1, 2, 2, 1), scale=0.1), T((1, 1, 1, 1), scale=0.01, data=[[[[9]]]]),
               T((1, 2, 1, 1), scale=0.1), T((1, 2, 1, 1), scale=0.2)]  # fmt: skip
    ops = [O("CONV_2D", [0, 1, -1], [2], VALID, "Conv2DOptions"), O("RELU", [2], [3])]
    graph = tflite.read(model(tensors, ops, [0], [3]), "net")
    assert passes.merge_activations(graph) is graph


def test_concatenation_by_placement() -> None:
    """Along the first axis with more than one index the inputs lie in the output at once: no copy, no step."""
    tensors = [T((1, 2, 4, 4), scale=0.1), T((1, 2, 4, 4), scale=0.1), T((1, 2, 4, 4), scale=0.1),
               T((1, 4, 4, 4), scale=0.1), T((1, 4, 4, 4), scale=0.1)]  # fmt: skip
    ops = [O("RELU", [0], [1]), O("RELU6", [0], [2]),
           O("CONCATENATION", [1, 2], [3], {"axis": 1}, "ConcatenationOptions"),
           O("RELU", [3], [4])]  # fmt: skip
    program = compile_graph(tflite.read(model(tensors, ops, [0], [4]), "net"), "portable", "balanced")
    assert [step.call.kernel for step in program.steps] == ["requantize"] * 3
    memory = plan(program)
    assert memory.tensors[1] == memory.tensors[3] and memory.tensors[2] == memory.tensors[3] + 32
    assert memory.placement.total == 64 + 32  # RELU works in place
