"""Models that go on in float32 behind their last DEQUANTIZE: what is built of them, what is said, what is refused."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from gen.compiler.engines.tflm import device_model
from gen.device import board as boards
from gen.device.build import Firmware
from gen.errors import NotQuantized
from gen.importer.load import load_model
from gen.model import reference, tflite, upstream
from gen.model.graph import Graph
from gen.model.ops import lower
from gen.model.quantized import QuantizedModel
from gen.model.rewrites import tail
from gen.model.support import require_supported
from gen.verify import report
from gen.verify.built import Built, generate
from tests.tiny import O, T, edited, handle, model, tflm

SHAPE = (1, 6)
SOFTMAX = {"beta": 1.0}


def x(scale: float = 0.05, zero_point: int = 3, dtype: str = "int8") -> T:
    return T(SHAPE, dtype, scale, zero_point)


FLOAT = T(SHAPE, "float32")
HALVES = T((6,), "float32", data=np.arange(6) / 2)
# 0 input, 1 to 3 integers, 4 to 9 float32, 10 a constant, 11 int32 for an ARG_MAX, 12 its axis
TENSORS = [x(), x(0.1), x(0.07, -9), x(0.06, 0), *[FLOAT] * 6, HALVES, T((1,), "int32"), T((), "int32", data=1)]


def add(a: int, b: int, y: int) -> O:
    return O("ADD", (a, b), (y,), {}, "AddOptions")


def softmax(a: int, y: int) -> O:
    return O("SOFTMAX", (a,), (y,), SOFTMAX, "SoftmaxOptions")


def dequantize(a: int, y: int) -> O:
    return O("DEQUANTIZE", (a,), (y,))


def read(content: bytes) -> Graph:
    graph = tflite.read(content, "m")
    require_supported(graph, "m")
    return graph


def values(graph: Graph, index: int, got: np.ndarray) -> np.ndarray:
    """The real values of an output, in float32 as DEQUANTIZE computes them."""
    tensor = graph.tensors[index]
    return (np.float32(tensor.scale) * (got.astype(np.int32) - tensor.zero_point)).astype(np.float32)


def assert_cut(ops: Sequence[O], outputs: Sequence[int], expected: Sequence[int], kept: Sequence[int]) -> Graph:
    """The graph ends at the tensors expected, has the operators kept, and upstream TFLM computes the same of the file
    that the interpreter gets, whose outputs are its outputs too."""
    content = model(TENSORS, ops, (0,), outputs)
    graph = read(content)
    assert graph.outputs == tuple(expected)
    assert [op.index for op in graph.ops] == list(kept)
    assert graph.cut_off is not None
    assert all(tensor.data is None for tensor in graph.tensors)  # those of the tail are no weights
    inputs = [reference.random_inputs(graph, number, 4) for number in range(3)]
    ours = [reference.outputs(graph, one) for one in inputs]
    for one, mine in zip(inputs, ours, strict=True):
        device = device_model(content, graph.tensors, [lower(graph, op) for op in graph.ops], 4)
        for theirs in (tflm(tail.whole(content).content, one), tflm(device, one)):
            assert [a.tobytes() for a in theirs] == [a.tobytes() for a in mine]
    assert len({b"".join(a.tobytes() for a in one) for one in ours}) == 3
    assert upstream.confirm(graph, content, inputs, ours).startswith(f"{upstream.OWN}, confirmed by")
    return graph


def test_what_is_left_to_do_gives_what_the_whole_file_gives() -> None:
    """Upstream TFLM's float SOFTMAX of the whole file, computed from what the device gives."""
    ops = [add(0, 0, 1), dequantize(1, 4), add(4, 10, 5), softmax(5, 6)]
    content = model(TENSORS, ops, (0,), (6,))
    graph = assert_cut(ops, (6,), (1,), (0,))
    (given,) = reference.outputs(graph, inputs := reference.random_inputs(graph, 2, 4))
    logits = values(graph, 1, given) + np.float32(HALVES.data)
    expected = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    np.testing.assert_allclose(tflm(content, inputs)[0], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("ops", "outputs", "expected", "kept"),
    [
        ([add(0, 0, 1), dequantize(1, 4), softmax(4, 5), add(0, 1, 2)], (5, 2), (1, 2), (0, 3)),
        ([add(0, 0, 1), dequantize(1, 4), softmax(4, 5), add(0, 1, 2)], (2, 5), (2, 1), (0, 3)),
        ([add(0, 0, 1), dequantize(1, 4), softmax(4, 5), add(4, 10, 6)], (5, 6), (1,), (0,)),
        ([add(0, 0, 1), dequantize(1, 4), softmax(4, 5)], (5, 1), (1,), (0,)),
        ([add(0, 0, 1), dequantize(1, 4), softmax(4, 5)], (5, 4), (1, 4), (0, 1)),
        (
            [add(0, 0, 1), add(0, 1, 2), dequantize(1, 4), dequantize(2, 5), add(5, 4, 6), softmax(4, 7)],
            (7, 6),
            (1, 2),
            (0, 1),
        ),
        (
            [add(0, 0, 1), add(0, 1, 2), dequantize(1, 4), dequantize(2, 5), add(5, 4, 6), softmax(4, 7)],
            (6, 7),
            (2, 1),
            (0, 1),
        ),
        ([add(0, 0, 1), dequantize(1, 4), O("RESHAPE", (4,), (5,)), softmax(5, 6)], (6,), (1,), (0,)),
        ([add(0, 0, 1), dequantize(1, 4), O("RESHAPE", (4,), (5,)), softmax(5, 6)], (6, 5), (1, 5), (0, 1, 2)),
        ([add(0, 0, 1), dequantize(1, 4), O("SQRT", (10,), (5,)), add(4, 5, 6)], (6,), (1,), (0,)),
        ([add(0, 0, 1), dequantize(1, 4), softmax(4, 5), O("ROUND", (4,), (6,))], (5,), (1,), (0,)),
        ([add(0, 0, 1), dequantize(1, 4), O("ATAN2", (4, 4), (5,))], (5,), (1,), (0,)),
    ],
    ids=[
        "float, then int8",
        "int8, then float",
        "two of one tensor",
        "of a tensor that is an output itself",
        "the dequantized tensor is an output too",
        "one of two tensors, the first named before",
        "one of two tensors in their order",
        "behind a RESHAPE",
        "the RESHAPE is an output too",
        "a constant that is computed",
        "a branch that nobody reads",
        "no operator of TFLM",
    ],
)
def test_the_tail_is_cut_off(
    ops: Sequence[O], outputs: Sequence[int], expected: Sequence[int], kept: list[int]
) -> None:
    assert_cut(ops, outputs, expected, kept)


def test_the_file_of_a_model_without_tail_stays() -> None:
    for ops, outputs in (
        ([add(0, 0, 1)], (1,)),
        ([add(0, 0, 1), dequantize(1, 4)], (4,)),
        ([add(0, 0, 1), dequantize(1, 4), O("RESHAPE", (4,), (5,))], (5, 4)),
    ):
        content = model(TENSORS, ops, (0,), outputs)
        assert tail.whole(content) == tail.Cut(content, tuple(range(len(ops))), None)
        assert read(content).cut_off is None


def test_the_sentence() -> None:
    ops = [add(0, 0, 1), dequantize(1, 4), add(4, 10, 5), softmax(5, 6)]
    assert read(model(TENSORS, ops, (0,), (6,))).cut_off == (
        "behind operator 1 (DEQUANTIZE) the model goes on in float32, with ADD and SOFTMAX, and is cut off there: the "
        "device gives tensor 't1' as output 0 (int8, of real value 0.1 * (element - 3)), and the rest is to be "
        "computed from that."
    )
    ops = [add(0, 0, 2), dequantize(2, 4), softmax(4, 6), add(0, 2, 3), dequantize(3, 5), add(4, 5, 7)]
    assert read(model(TENSORS, ops, (0,), (7, 6))).cut_off == (
        "behind operators 1 and 4 (DEQUANTIZE) the model goes on in float32, with SOFTMAX and ADD, and is cut off "
        "there: the device gives tensor 't2' as output 0 (int8, of real value 0.07 * (element + 9)) and tensor 't3' as "
        "output 1 (int8, of real value 0.06 * element), and the rest is to be computed from that."
    )


def test_who_builds_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(model(TENSORS, [add(0, 0, 1), dequantize(1, 4), softmax(4, 5)], (0,), (5,)))
    assert load_model(str(path)).graph.cut_off is not None
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{path}: behind operator 1 (DEQUANTIZE) the model goes on in float32, with SOFTMAX, and is")


def test_the_report_says_it() -> None:
    content = model(TENSORS, [add(0, 0, 1), dequantize(1, 4), softmax(4, 5)], (0,), (5,))
    found = QuantizedModel(content, graph := read(content))
    board = boards.load("host")
    firmware = Firmware(Path("firmware.elf"), 1, 1, {}, {})
    built = Built(found, board, generate(found, board, "aot", "balanced"), firmware, Path())
    assert report.of(built).as_json()["cut_off"] == graph.cut_off
    assert ("not built", graph.cut_off) in report.rows(report.of(built))


@pytest.mark.parametrize(
    ("ops", "outputs"),
    [
        ([add(0, 0, 1), dequantize(1, 4), softmax(4, 5), O("QUANTIZE", (5,), (2,))], (2,)),
        ([add(0, 0, 1), dequantize(1, 4), softmax(4, 5), O("QUANTIZE", (5,), (2,))], (2, 5)),
        ([add(0, 0, 1), dequantize(1, 4), softmax(4, 5), O("ARG_MAX", (5, 12), (11,), {}, "ArgMaxOptions")], (11,)),
        ([dequantize(0, 4), softmax(4, 5), add(0, 0, 1)], (5, 1)),
        ([add(0, 0, 1), dequantize(1, 4), softmax(4, 5)], (1,)),
        ([add(0, 0, 1), O("CAST", (1,), (4,)), softmax(4, 5)], (5,)),
        ([add(0, 0, 1), dequantize(1, 4), add(4, 10, 5), O("ABS", (10,), (6,))], (5, 6)),
    ],
    ids=[
        "back to int8",
        "back to int8, and an output",
        "back to int32",
        "of an input",
        "that nobody reads",
        "without DEQUANTIZE",
        "of constants alone",
    ],
)
def test_what_is_no_tail_stays_refused(ops: Sequence[O], outputs: Sequence[int]) -> None:
    content = model(TENSORS, ops, (0,), outputs)
    assert tail.whole(content).content == content
    with pytest.raises(NotQuantized):
        read(content)


def test_a_float_input_in_the_tail_stays_refused() -> None:
    content = model([*TENSORS, FLOAT], [add(0, 0, 1), dequantize(1, 4), add(4, 13, 5)], (0, 13), (5,))
    with pytest.raises(NotQuantized, match=r"behind operator 1 \(DEQUANTIZE\) the model.*: end it at tensor 't1'"):
        read(content)


def test_float_state_in_the_tail_stays_refused() -> None:
    tensors = [*TENSORS, T((), "resource")]
    ops = [
        handle(13, "sum"),
        add(0, 0, 1),
        dequantize(1, 4),
        O("READ_VARIABLE", (13,), (5,)),
        add(4, 5, 6),
        O("ASSIGN_VARIABLE", (13, 6), ()),
    ]
    content = model(tensors, ops, (0,), (6,))
    assert tail.whole(content).content == content
    with pytest.raises(NotQuantized, match="READ_VARIABLE"):
        read(content)


def test_a_tail_behind_state() -> None:
    """Operators keep the numbers of the file, though those of resources and of the tail are gone."""
    tensors = [*TENSORS, T((), "resource")]
    ops = [
        handle(13, "sum"),
        O("READ_VARIABLE", (13,), (1,)),
        dequantize(1, 4),
        softmax(4, 5),
        add(0, 1, 2),
        O("ASSIGN_VARIABLE", (13, 2), ()),
    ]
    graph = read(model(tensors, ops, (0,), (5, 2)))
    assert [(op.index, op.kind) for op in graph.ops] == [(1, "read_variable"), (4, "add"), (5, "assign_variable")]
    assert graph.outputs == (1, 2)


def test_a_custom_operator() -> None:
    ops = [add(0, 0, 1), dequantize(1, 4), O("CUSTOM", (4,), (5, 6))]

    def edit(unpacked: object) -> None:
        unpacked.operatorCodes[-1].customCode = b"TFLite_Detection_PostProcess"  # type: ignore[attr-defined]

    content = edited(model(TENSORS, ops, (0,), (5, 6)), edit)
    graph = read(content)
    assert graph.outputs == (1,)
    assert graph.cut_off is not None and "with CUSTOM TFLite_Detection_PostProcess, and is cut off" in graph.cut_off
