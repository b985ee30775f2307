"""Diagnoses of devices that are wrong in a known way, played by the reference."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from gen.compiler.engines import ENGINES
from gen.compiler.target import Target
from gen.device.session import Session
from gen.model import reference, tflite
from gen.model.graph import Array, Graph
from gen.model.quantized import QuantizedModel
from gen.verify.explain import Explanation, explain
from tests import tiny
from tests.control import looping
from tests.tflm_models import stateful

Fault = Callable[[Array], Array]
WEIGHTS = np.random.default_rng(5).integers(-99, 100, (8, 24))
CONTENT = tiny.model([tiny.T((1, 4), scale=0.5)] * 2, [tiny.O("RELU", [0], [1])], [0], [1])  # whose bytes count nowhere
SAME = {"padding": 0, "strideW": 1, "strideH": 1}


class Device:
    """Runs a graph's operators one by one, with faults: after operator number fault_at, and in the inputs."""

    def __init__(self, graph: Graph, fault_at: int, fault: Fault, inputs: dict[int, Fault]) -> None:
        self.info = SimpleNamespace(ops=len(graph.ops))
        self.graph, self.fault_at, self.fault, self.inputs = graph, fault_at, fault, inputs
        self.written: dict[int, Array] = {}

    def write_input(self, index: int, array: Array) -> None:
        self.written[index] = self.inputs[index](array) if index in self.inputs else array

    def run_op(self, number: int) -> int:
        values = reference.run(self.graph, [self.written[i] for i in sorted(self.written)])
        output = values[self.graph.ops[number].outputs[0]]
        self.read = self.fault(output) if number == self.fault_at else output
        return 0

    def read_op(self, number: int, nbytes: int) -> bytes:
        return self.read.tobytes()


def told(
    graph: Graph, fault_at: int = -1, fault: Fault = lambda x: x, inputs: dict[int, Fault] | None = None
) -> Explanation:
    sources = ENGINES["tflm"](QuantizedModel(CONTENT, graph), Target("portable", 8))
    device = Device(graph, fault_at, fault, inputs or {})
    vectors = [reference.random_inputs(graph, i, 3) for i in range(2, 6)]
    found = explain(sources, cast(Session, device), vectors, range(len(vectors)))
    assert found is not None
    return found


def model(tensors: Sequence[tiny.T], ops: Sequence[tiny.O], inputs: Sequence[int], output: int) -> Graph:
    return tflite.read(tiny.model(tensors, ops, inputs, [output]), "model")


def dense(rest: Sequence[tuple[str, tiny.T]] = ()) -> Graph:
    """FULLY_CONNECTED of int8, and operators of one input after it."""
    tensors = [tiny.T((1, 24), scale=0.05), tiny.T((8, 24), scale=0.01, data=WEIGHTS), tiny.T((1, 8), scale=0.08)]
    ops = [tiny.O("FULLY_CONNECTED", [0, 1, -1], [2], {}, "FullyConnectedOptions")]
    for kind, tensor in rest:
        tensors.append(tensor)
        ops.append(tiny.O(kind, [len(tensors) - 2], [len(tensors) - 1]))
    return model(tensors, ops, [0], len(tensors) - 1)


def lower_by_one_in(share: float) -> Fault:
    """What a kernel does that rounds down."""

    def fault(x: Array) -> Array:
        draw = np.random.default_rng(int(np.abs(x.astype(np.int64)).sum()))
        return np.where((draw.random(x.shape) < share) & (x > -128), x - 1, x).astype(x.dtype)

    return fault


@pytest.mark.parametrize("share", [0.2, 0.5, 0.6, 0.8])
def test_rounding_down_at_the_output_is_no_zero_point(share: float) -> None:
    assert told(dense(), 0, lower_by_one_in(share)).kind == "rounding"


def test_one_lower_everywhere_is_the_zero_point() -> None:
    found = told(dense(), 0, lambda x: np.maximum(x.astype(np.int64) - 1, -128).astype(np.int8))
    assert found.kind == "output_scaling" and "zero point -1," in found.sentence


@pytest.mark.parametrize("value", [-128, 0, 127])
def test_a_kernel_that_gives_always_the_same_is_wrong_itself(value: int) -> None:
    found = told(dense(), 0, lambda x: np.full_like(x, value))
    assert found.kind == "wrong_operator"


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("swapped", [False, True])
def test_either_input_of_two_may_be_scaled_wrongly(index: int, swapped: bool) -> None:
    tensors = [tiny.T((1, 24), scale=0.05), tiny.T((1, 24), scale=0.07, zero_point=3), tiny.T((1, 24), scale=0.2)]
    graph = model(tensors, [tiny.O("ADD", [1, 0] if swapped else [0, 1], [2], {}, "AddOptions")], [0, 1], 2)
    found = told(graph, inputs={index: lambda x: (x.view(np.uint8) ^ 0x80).view(np.int8)})
    assert found.kind == "input_scaling" and f"takes input {index} as uint8" in found.sentence


def test_an_input_behind_reshapes_and_a_constant_first_operand() -> None:
    tensors = [
        tiny.T((1, 24), scale=0.05),
        tiny.T((2,), "int32", data=[4, 6]),
        tiny.T((4, 6), scale=0.05),
        tiny.T((6,), scale=0.03, data=np.arange(6)),
        tiny.T((4, 6), scale=0.1),
    ]
    ops = [tiny.O("RESHAPE", [0, 1], [2]), tiny.O("ADD", [3, 2], [4], {}, "AddOptions")]
    graph = model(tensors, ops, [0], 4)
    other = [tiny.T((1, 24), scale=0.1), tensors[1], tiny.T((4, 6), scale=0.1), *tensors[3:]]
    taken = model(other, ops, [0], 4)
    device: Any = Device(taken, -1, lambda x: x, {})
    vectors = [reference.random_inputs(graph, i, 3) for i in range(2, 6)]
    found = explain(
        ENGINES["tflm"](QuantizedModel(CONTENT, graph), Target("portable", 8)), device, vectors, range(len(vectors))
    )
    assert found is not None and found.kind == "input_scaling" and "with scale 0.1," in found.sentence


def test_an_operator_that_takes_one_scale_only() -> None:
    """MAX_POOL_2D refuses an output of another scale: no reason to refuse an explanation."""
    tensors = [tiny.T((1, 4, 6, 2), scale=0.05), tiny.T((1, 2, 3, 2), scale=0.05)]
    pool = {"padding": 0, "strideW": 2, "strideH": 2, "filterWidth": 2, "filterHeight": 2}
    graph = model(tensors, [tiny.O("MAX_POOL_2D", [0], [1], pool, "Pool2DOptions")], [0], 1)
    assert told(graph, 0, lambda x: np.roll(x, 1)).kind == "wrong_operator"


def test_float_ends() -> None:
    """QUANTIZE reads float32, DEQUANTIZE gives it: the last bit is rounding, another scale is not."""
    quantized = model([tiny.T((1, 24), "float32"), tiny.T((1, 24), scale=0.05)], [tiny.O("QUANTIZE", [0], [1])], [0], 1)
    assert told(quantized, 0, lower_by_one_in(0.3)).kind == "rounding"
    floats = dense([("DEQUANTIZE", tiny.T((1, 8), "float32"))])
    assert told(floats, 1, lambda x: np.nextafter(x, np.float32(9))).kind == "rounding"
    assert told(floats, 1, lambda x: x * np.float32(2)).kind == "wrong_operator"
    lost = told(floats, 1, lambda x: np.full_like(x, np.nan))
    assert lost.kind == "wrong_operator" and lost.op is not None and lost.op.wrong_elements == 8


class DeviceWithState(Device):
    """One that goes through steps, and that has run some before it is asked. resets: whether reset() does what it
    says; forgets: whether each step begins with a reset; the fault is there from step `since` after reset() on."""

    def __init__(self, graph: Graph, fault_at: int, fault: Fault, *, resets: bool, forgets: bool, since: int) -> None:
        super().__init__(graph, fault_at, fault, {})
        self.resets, self.forgets, self.since = resets, forgets, since
        self.state, self.step = reference.reset(graph), 0
        for number in range(3):
            self.write_input(0, reference.random_inputs(graph, number, 8)[0])
            self.run()

    def reset(self) -> None:
        if self.resets:
            self.state = reference.reset(self.graph)
        self.step = 0

    def run(self) -> int:
        for number in range(self.info.ops):
            self.run_op(number)
        return 0

    def run_op(self, number: int) -> int:
        """Wrong bytes are read and, of an operator that changes a variable, kept."""
        if number == 0 and self.forgets:
            self.state = reference.reset(self.graph)
        values = reference.run(self.graph, [self.written[0]], self.state)
        op = self.graph.ops[number]
        wrong = number == self.fault_at and self.step >= self.since
        self.read = self.fault(values[op.outputs[0]]) if wrong else values[op.outputs[0]]
        if number == self.info.ops - 1:
            self.state, self.step = values, self.step + 1
        return 0


STEPS = 6
ADD, MEAN = 9, 7  # operators of stateful(), as the file numbers them


def told_of_steps(
    resets: bool = True, forgets: bool = False, fault_at: int = -1, fault: Fault = lambda x: x, since: int = 0
) -> Explanation:
    """Of the vectors, the last is the one that is known to be wrong: what was wrong before may show late."""
    graph = tflite.read(stateful(), "model")
    sources = ENGINES["tflm"](QuantizedModel(stateful(), graph), Target("portable", 8))
    number = next((number for number, op in enumerate(graph.ops) if op.index == fault_at), -1)
    device: Any = DeviceWithState(graph, number, fault, resets=resets, forgets=forgets, since=since)
    vectors = [reference.random_inputs(graph, i, 3) for i in range(2, 2 + STEPS)]
    found = explain(sources, device, vectors, [STEPS - 1])
    assert found is not None
    return found


def where(found: Explanation) -> tuple[int | None, int, str]:
    assert found.op is not None
    return found.op.step, found.op.op, found.op.kind


def test_a_device_with_state_that_is_right() -> None:
    assert told_of_steps().kind == "operators_agree"


def test_a_device_that_never_resets_is_wrong_where_it_first_reads_its_state() -> None:
    found = told_of_steps(resets=False)
    assert found.kind == "wrong_operator" and where(found) == (0, 3, "read_variable")
    assert "first wrong is at step 0 operator 3 (READ_VARIABLE" in found.sentence


def test_a_device_that_forgets_at_each_step_is_right_in_the_first_one() -> None:
    found = told_of_steps(forgets=True)
    assert found.kind == "wrong_operator" and where(found) == (1, 3, "read_variable")


@pytest.mark.parametrize(("index", "kind"), [(MEAN, "mean"), (ADD, "add")])
@pytest.mark.parametrize("since", [0, 2, 5])
def test_an_operator_that_is_wrong_from_a_step_on(since: int, index: int, kind: str) -> None:
    found = told_of_steps(fault_at=index, fault=lambda x: np.roll(x ^ 1, 3), since=since)
    assert found.kind == "wrong_operator" and where(found) == (since, index, kind)
    assert f"first wrong is at step {since} operator {index} ({kind.upper()}" in found.sentence


def test_one_that_is_off_by_one_from_the_third_step_on_rounds() -> None:
    found = told_of_steps(fault_at=MEAN, fault=lower_by_one_in(0.5), since=2)
    assert found.kind == "rounding" and where(found) == (2, MEAN, "mean")


class DeviceInLoops(Device):
    """Must be told to run what is next, one after the other; wrong from the third run of number fault_at on."""

    def write_input(self, index: int, array: Array) -> None:
        super().write_input(index, array)
        self.values: dict[int, Array] = {}
        self.runs = 0
        if len(self.written) == len(self.graph.inputs):
            self.following = reference.walk(self.graph, [self.written[i] for i in sorted(self.written)], self.values)

    def run_op(self, number: int) -> int:
        op = next(self.following)
        assert op is self.graph.ops[number]
        self.runs += number == self.fault_at
        output = self.values[op.outputs[0]]
        self.read = self.fault(output) if number == self.fault_at and self.runs > 2 else output
        return 0


@pytest.mark.parametrize("faulty", [True, False])
def test_an_operator_in_a_loop_is_named_with_its_subgraph(faulty: bool) -> None:
    content = looping()
    graph = tflite.read(content, "m")
    number = next(n for n, op in enumerate(graph.ops) if op.kind == "add" and op.number == 1)
    sources = ENGINES["tflm"](QuantizedModel(content, graph), Target("portable", 8))
    device: Any = DeviceInLoops(graph, number if faulty else -1, lambda x: np.roll(x ^ 5, 3), {})
    row = np.arange(6, dtype=np.int8).reshape(1, 6)
    found = explain(sources, device, [[row, np.array([n], np.int32)] for n in (1, 4, 2, 5)], [1, 2, 3])
    assert found is not None
    if not faulty:
        assert found.kind == "operators_agree"
        return
    assert "operator 1 (ADD, nn_add_portable) of subgraph 'doubled', when it ran for the 3. time" in found.sentence
    assert found.op is not None and (found.op.op, found.op.subgraph, found.op.run) == (1, "doubled", 3)
