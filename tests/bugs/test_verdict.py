"""Verdicts that said "exact" of little, or said nothing of what they could not confirm."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.compiler.engines import ENGINES
from gen.device import board as boards
from gen.device import transport
from gen.device.build import build
from gen.device.session import Session
from gen.model import reference, tflite, upstream
from gen.model.graph import Graph
from gen.model.quantized import QuantizedModel
from gen.verify import compare
from gen.verify.vectors import of_examples, random_vectors
from tests.tiny import O, T, model


def saturated() -> bytes:
    """A convolution, a fully connected layer and a SOFTMAX that always gives the same class everything."""
    rng = np.random.default_rng(1)
    image = T((1, 6, 6, 2), scale=0.05)
    tensors = [
        image,
        T((4, 3, 3, 2), scale=0.01, data=rng.integers(-99, 100, (4, 3, 3, 2))),
        T((1, 6, 6, 4), scale=0.1),
        T((3, 144), scale=0.001, data=rng.integers(-9, 10, (3, 144))),
        T((3,), "int32", scale=0.0001, data=[900_000, -900_000, -900_000]),
        T((1, 3), scale=0.5),
        T((1, 3), scale=1 / 256, zero_point=-128),
    ]
    ops = [
        O("CONV_2D", (0, 1, -1), (2,), {"padding": 0, "strideW": 1, "strideH": 1}, "Conv2DOptions"),
        O("FULLY_CONNECTED", (2, 3, 4), (5,), {}, "FullyConnectedOptions"),
        O("SOFTMAX", (5,), (6,), {"beta": 1.0}, "SoftmaxOptions"),
    ]
    return model(tensors, ops, (0,), (6,))


def with_noise(graph: Graph) -> Graph:
    """The graph with other weights in its convolution."""
    weights = graph.input(graph.ops[0], 1)
    noise = np.random.default_rng(9).integers(-99, 100, weights.shape).astype(np.int8)
    return replace(graph, tensors=tuple(replace(t, data=noise) if t is weights else t for t in graph.tensors))


def verdict(folder: Path, engine: str, *, noisy: bool) -> compare.Verdict:
    content, host = saturated(), boards.load("host")
    found = QuantizedModel(content, tflite.read(content, "saturated"), None)
    right = ENGINES[engine](QuantizedModel(content, found.graph), host.target)
    sources = right
    if noisy:
        graph = with_noise(found.graph)
        weights = found.graph.input(found.graph.ops[0], 1).data
        noise = graph.input(graph.ops[0], 1).data
        assert weights is not None and noise is not None
        wrong = content.replace(weights.tobytes(), noise.tobytes())
        assert wrong != content
        sources = replace(ENGINES[engine](QuantizedModel(wrong, graph), host.target), graph=right.graph)
    elf = build(sources, host, folder).elf
    vectors = random_vectors(found.graph, 8)
    with transport.open_stream(host.transport.format(elf=elf)) as stream:
        return compare.compare(
            found,
            sources,
            Session(stream),
            vectors,
            compare.expect(found, vectors, lambda *_: None),
            emulated=False,
            progress=lambda *_: None,
        )


@pytest.mark.parametrize("engine", list(ENGINES))
def test_noise_in_a_convolution_is_seen_behind_a_saturated_softmax(tmp_path: Path, engine: str) -> None:
    found = verdict(tmp_path, engine, noisy=True)
    assert (found.kind, found.exact, found.distinct_outputs) == ("mismatch", False, 1)
    assert (found.mismatches, found.operators_compared, found.worst_difference) == (2, 2, 0)
    assert found.explanation is not None and "operator 0 (CONV_2D" in found.explanation.sentence


@pytest.mark.parametrize("engine", list(ENGINES))
def test_few_answers_are_backed_by_every_operators(tmp_path: Path, engine: str) -> None:
    found = verdict(tmp_path, engine, noisy=False)
    assert (found.kind, found.distinct_outputs, found.operators_compared) == ("exact", 1, 2)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_float_inputs_are_of_the_range_that_the_model_takes(dtype: str) -> None:
    """They were uniform between -4 and 4 whatever the scale, often one code in int8."""
    x, y = T((1, 50), "float32"), T((1, 50), scale=17.8, zero_point=-27)
    tensors = [x, T((1, 50), "float32"), y]
    graph = tflite.read(model(tensors, [O("RESHAPE", (0,), (1,)), O("QUANTIZE", (1,), (2,))], (0,), (2,)), "m")
    codes = [reference.outputs(graph, reference.random_inputs(graph, i, 1))[0] for i in range(4)]
    assert set(codes[0].ravel()) == {-128} and set(codes[1].ravel()) == {127}
    assert len(np.unique(codes[2])) > 30
    same = T((1, 300), dtype, scale=0.1, zero_point=3)
    graph = tflite.read(model([same, T((1, 300), scale=0.1)], [O("QUANTIZE", (0,), (1,))], (0,), (1,)), "m")
    drawn = [reference.random_inputs(graph, i, 1)[0] for i in range(3)]
    limits = np.iinfo(np.dtype(dtype))
    assert (drawn[0] == limits.min).all() and (drawn[1] == limits.max).all() and len(np.unique(drawn[2])) > 100


def test_imported_models_are_compared_on_their_calibration(tmp_path: Path) -> None:
    """They were fed noise."""
    same = T((1, 30), scale=0.1)
    graph = tflite.read(model([same, same], [O("RELU", (0,), (1,))], (0,), (1,)), "m")
    rng = np.random.default_rng(1)
    examples = [rng.integers(-128, 128, (1, 30)).astype(np.int8) for _ in range(12)]
    arrays: dict[str, Any] = {f"{number}_0": array for number, array in enumerate(examples)}
    np.savez(tmp_path / "kept.npz", **arrays)
    for count, wanted, drawn in ((None, 12, 2), (5, 3, 2), (20, 12, 8), (1, 1, 0)):
        found = of_examples(graph, tmp_path / "kept.npz", count)
        assert len(found.inputs) == wanted + drawn
        assert all((a[0] == b).all() for a, b in zip(found.inputs, examples[:wanted], strict=False))
        assert found.source.startswith(f"{wanted} of the calibration's examples")
        if drawn:
            assert (found.inputs[wanted][0] == -128).all() and (found.inputs[wanted + 1][0] == 127).all()


def confirmed(content: bytes, count: int = 3) -> str:
    graph = tflite.read(content, "m")
    inputs = [reference.random_inputs(graph, i, 1) for i in range(count)]
    return upstream.confirm(graph, content, inputs, [reference.outputs(graph, x) for x in inputs])


def test_what_tflite_micro_does_to_itself_is_told_and_it_starts_again() -> None:
    """It ended the whole of verify: by SIGABRT on 1,000 equal logits, by a traceback on paddings of int64."""
    logits = T((1, 1000), scale=1e-4)
    softmax = O("SOFTMAX", (0,), (1,), {"beta": 1.0}, "SoftmaxOptions")
    crash = model([logits, T((1, 1000), scale=1 / 256, zero_point=-128)], [softmax], (0,), (1,))
    tensors = [T((1, 4), scale=0.1), T((2, 2), "int64", data=[[0, 0], [1, 1]]), T((1, 6), scale=0.1)]
    refused = model(tensors, [O("PAD", (0, 1), (2,), {}, "PadOptions")], (0,), (2,))
    good = model([T((1, 4), scale=0.1)] * 2, [O("RELU", (0,), (1,))], (0,), (1,))
    for _ in range(2):
        assert confirmed(crash).endswith(", unconfirmed, because tflite-micro was ended by SIGABRT on the model")
        assert ", unconfirmed, because tflite-micro refuses the model (" in confirmed(refused)
        assert confirmed(good).endswith(f", confirmed by tflite-micro {upstream.FOLLOWED}")


def test_the_report_names_the_tflm_that_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    good = model([T((1, 4), scale=0.1)] * 2, [O("RELU", (0,), (1,))], (0,), (1,))
    assert upstream.FOLLOWED in confirmed(good)
    monkeypatch.setattr(upstream, "available", lambda: False)
    assert confirmed(good).endswith(f"of TFLM {upstream.FOLLOWED}, unconfirmed, because tflite-micro is not installed")
