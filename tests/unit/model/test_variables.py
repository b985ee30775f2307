"""Models with resource variables: what TFLM keeps from one inference to the next, and what is refused."""

from collections.abc import Sequence

import numpy as np
import pytest

from gen.compiler import passes
from gen.errors import ModelError, UnsupportedOp
from gen.model import reference, tflite
from gen.model.graph import Graph
from gen.model.support import require_supported
from tests.tflm_models import stateful
from tests.tiny import CALL_ONCE, O, T, edited, handle, model, tflm_sequence

SHAPE = (1, 6)
FIRST = T(SHAPE, scale=0.1, zero_point=3, data=[[-128, 127, 0, 5, -6, 70]])


def activation() -> T:
    return T(SHAPE, scale=0.1, zero_point=3)


def resource() -> T:
    return T((), "resource")


def read(content: bytes) -> Graph:
    graph = tflite.read(content, "m")
    require_supported(graph, "m")
    return graph


def assert_as_tflm(content: bytes, steps: int = 5) -> Graph:
    graph = read(content)
    vectors = [reference.random_inputs(graph, number + 2, 4) for number in range(steps)]
    theirs = tflm_sequence(content, vectors)
    for ours in (reference.sequence(graph, vectors), reference.sequence(passes.optimize(graph), vectors)):
        for step, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            for x, y in zip(a, b, strict=True):
                np.testing.assert_array_equal(x, y, f"step {step}")
    assert len({outputs[0].tobytes() for outputs in theirs}) > 1
    return graph


def summing(ops: Sequence[O], outputs: Sequence[int], first: T | None = FIRST) -> bytes:
    """Tensors: 0 input, 1 and 2 resources, 3 to 7 activations. Whatever the operators are, they may name "a"."""
    tensors = [activation(), resource(), resource(), *(activation() for _ in range(5))]
    named = None if first is None else {"a": first}
    return model(tensors, ops if first is None else [CALL_ONCE, *ops], [0], outputs, named)


def add(a: int, b: int, y: int) -> O:
    return O("ADD", [a, b], [y], {}, "AddOptions")


def load_of(resource: int, y: int) -> O:
    return O("READ_VARIABLE", [resource], [y])


def store(resource: int, x: int) -> O:
    return O("ASSIGN_VARIABLE", [resource, x], [])


A, B = handle(1, "a"), handle(2, "b")


@pytest.mark.parametrize("first", [FIRST, None], ids=["from a constant", "from zeros"])
def test_a_sum_over_steps(first: T | None) -> None:
    graph = assert_as_tflm(summing([A, load_of(1, 3), add(0, 3, 4), store(1, 4)], [4], first))
    (variable,) = graph.variables
    assert variable.initial is not None and variable.shape == SHAPE
    assert (variable.initial == (3 if first is None else FIRST.data)).all()
    assert graph.others == ()  # the subgraph that gives first values is none of its own


def test_operators_keep_their_numbers() -> None:
    content = summing([A, load_of(1, 3), add(0, 3, 4), store(1, 4)], [4])
    assert [(op.index, op.kind) for op in tflite.read(content, "m").ops] == [
        (2, "read_variable"),
        (3, "add"),
        (4, "assign_variable"),
    ]


@pytest.mark.parametrize(
    ("ops", "outputs"),
    [
        ([A, load_of(1, 3), store(1, 0), add(0, 3, 4)], [4]),
        ([A, store(1, 0), load_of(1, 3), add(0, 3, 4)], [4]),
        ([A, load_of(1, 3), add(0, 3, 4), store(1, 4), load_of(1, 5), add(5, 3, 6)], [6, 3]),
        ([A, load_of(1, 3), add(0, 3, 4), store(1, 4), add(3, 3, 5), store(1, 5), load_of(1, 6)], [4, 6]),
        ([A, handle(2, "a"), load_of(2, 3), add(0, 3, 4), store(1, 4)], [4]),
        ([A, B, load_of(1, 3), load_of(2, 4), store(1, 4), store(2, 0), add(3, 4, 5)], [5]),
    ],
    ids=[
        "read, then assigned",
        "assigned, then read",
        "both read and new value used",
        "assigned twice",
        "two handles of one variable",
        "two variables that change places",
    ],
)
def test_orders_of_reading_and_assigning(ops: Sequence[O], outputs: Sequence[int]) -> None:
    assert_as_tflm(summing(ops, outputs))


def test_the_model_of_other_tests_is_tflms() -> None:
    assert_as_tflm(stateful())


def test_a_first_value_that_is_computed_is_refused() -> None:
    def edit(unpacked: object) -> None:
        initializer = unpacked.subgraphs[1]  # type: ignore[attr-defined]
        initializer.tensors[1].buffer = 0

    content = edited(summing([A, load_of(1, 3), add(0, 3, 4), store(1, 4)], [4]), edit)
    with pytest.raises(UnsupportedOp, match=r"computes first values of variables.*initialize.*with constants"):
        tflite.read(content, "m")


def test_a_variable_without_a_handle_is_refused() -> None:
    with pytest.raises(ModelError, match=r"operator 1 \(READ_VARIABLE\) takes no variable that a VAR_HANDLE names"):
        tflite.read(summing([load_of(1, 3), add(0, 3, 4), store(1, 4)], [4]), "m")


def test_a_resource_is_no_value() -> None:
    with pytest.raises(UnsupportedOp, match=r"operator 2 \(ADD\) takes a variable itself"):
        tflite.read(summing([A, add(0, 1, 4)], [4]), "m")


def test_a_value_of_another_size_is_refused() -> None:
    tensors = [activation(), resource(), T((1, 3), scale=0.1, zero_point=3), activation()]
    ops = [handle(1, "a"), load_of(1, 2), store(1, 0), add(0, 0, 3)]
    with pytest.raises(ModelError, match=r"READ_VARIABLE.*same data everywhere"):
        read(model(tensors, ops, [0], [2, 3]))
