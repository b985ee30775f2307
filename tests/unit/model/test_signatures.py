"""Files with several signatures: which one is built, and that it is TFLM's first subgraph then."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from gen.errors import NotTflite, UsageError
from gen.importer.load import load_model
from gen.model import reference
from gen.model.graph import Array
from tests.control import NUMBER, ROW, TRUTH, add, branch, less, tensor
from tests.tiny import CALL_ONCE, O, Subgraph, T, handle, models, tflm_sequence


def both(names: Mapping[str, int]) -> bytes:
    """Subgraph 0: RELU; 3: the sum of what has been put in, doubled where the second input is below 3; 1: its start."""
    plain = Subgraph([tensor(ROW), tensor(ROW)], [O("RELU", [0], [1])], [0], [1], "plain")
    first = Subgraph([T((), "resource"), tensor(ROW, np.arange(6))],
                     [handle(0, "v"), O("ASSIGN_VARIABLE", [0, 1], [])], [], [])  # fmt: skip
    twice = Subgraph([tensor(ROW), tensor(ROW)], [add(0, 0, 1)], [0], [1], "twice")
    tensors = [
        tensor(ROW),
        tensor(NUMBER),
        T((), "resource"),
        *(tensor(kind) for kind in (ROW, ROW, NUMBER, TRUTH, ROW)),
    ]
    tensors[5] = tensor(NUMBER, [3])
    ops = [CALL_ONCE, handle(2, "v"), O("READ_VARIABLE", [2], [3]), add(3, 0, 4), O("ASSIGN_VARIABLE", [2, 4], []),
           less(1, 5, 6), branch(6, [4], [7], 2, 4)]  # fmt: skip
    summing = Subgraph(tensors, ops, [0, 1], [7], "summing")
    same = Subgraph([tensor(ROW)], [], [0], [0], "same")
    return models([plain, first, twice, summing, same], names)


def written(folder: Path, names: Mapping[str, int]) -> str:
    (folder / "both.tflite").write_bytes(both(names))
    return str(folder / "both.tflite")


def test_a_signature_that_is_not_the_first_is_exact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a branch, a variable and its first value, all of which name subgraphs by number."""
    model = load_model(written(tmp_path, {"infer": 0, "sum": 3}), signature="sum")
    assert model.name == "both_sum" and "is built, not" not in capsys.readouterr().err
    rng = np.random.default_rng(3)
    steps: list[list[Array]] = [
        [rng.integers(-9, 10, (1, 6)).astype(np.int8), np.array([n], np.int32)] for n in (1, 5, 2, 7)
    ]
    theirs = tflm_sequence(model.content, steps)
    for ours, other in zip(reference.sequence(model.graph, steps), theirs, strict=True):
        np.testing.assert_array_equal(ours[0], other[0])
    assert [op.kind for op in load_model(written(tmp_path, {"infer": 0, "sum": 3}), signature="infer").graph.ops] == [
        "relu"
    ]


@pytest.mark.parametrize(
    ("names", "kinds"),
    [({}, 1), ({"only": 0}, 1), ({"a": 0, "b": 0}, 1), ({"infer": 0, "serving_default": 3}, 10)],
)
def test_what_is_taken_without_a_name(tmp_path: Path, names: Mapping[str, int], kinds: int) -> None:
    """The only one, the usual one, and the first subgraph where there are no names."""
    assert len(load_model(written(tmp_path, names)).graph.ops) == kinds


def test_names_are_told(tmp_path: Path) -> None:
    path = written(tmp_path, {"infer": 0, "sum": 3})
    with pytest.raises(
        UsageError, match=r"both\.tflite has the signatures 'infer', 'sum': choose one with --signature"
    ):
        load_model(path)
    with pytest.raises(UsageError, match=r"unknown signature 'infr': did you mean 'infer'\? .* has 'infer', 'sum'\."):
        load_model(path, signature="infr")
    with pytest.raises(UsageError, match="has no signatures: leave out --signature"):
        load_model(written(tmp_path, {}), signature="infer")
    with pytest.raises(UsageError, match=r"--signature is for \.tflite files, not digits"):
        load_model("digits", signature="infer")
    with pytest.raises(NotTflite):
        load_model(written(tmp_path, {"infer": 0, "sum": 77}), signature="sum")


def test_variables_in_common_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_model(written(tmp_path, {"sum": 3, "set": 1, "infer": 0}), signature="sum")
    assert "signature 'sum' shares variables with 'set', and is built alone: on the" in capsys.readouterr().err
