"""Run a Graph in NumPy: the one truth that devices are compared with."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from gen.errors import ModelError, UsageError
from gen.model.graph import DTYPES, MOST_ROUNDS, Array, Graph, Op, Role, Tensor, targets
from gen.model.ops import KERNELS, OPS, lower
from gen.model.ops.operator import Call

COUNTED = 20  # by a loop, at most, where an input may say how far
State = Mapping[int, Array]


def reset(graph: Graph) -> State:
    """Every variable by index, as a reset leaves it."""
    return {t.index: t.initial for t in graph.variables if t.initial is not None}


def run(graph: Graph, inputs: Sequence[Array], state: State | None = None) -> dict[int, Array]:
    """Every tensor that is computed or fed, by index, each with its tensor's shape and dtype, as walk() leaves it;
    variables as they are afterwards, so that the next inference's state can be this result.

    inputs: one array per graph input (any shape with the right number of elements, cast-free dtype). state: every
    variable, None for those of a reset. Raises UsageError on inputs that don't fit, UnsupportedOp, NotQuantized;
    ModelError where loops don't end."""
    values: dict[int, Array] = {}
    for _ in walk(graph, inputs, values, state):
        pass
    return values


def walk(graph: Graph, inputs: Sequence[Array], values: dict[int, Array], state: State | None = None) -> Iterator[Op]:
    """Each operator that computes something, as often as it does, when it has; values becomes what run() returns."""
    if len(inputs) != len(graph.inputs):
        raise UsageError(f"{graph.name} has {len(graph.inputs)} inputs and got {len(inputs)}.")
    values |= {index: array for index, array in (state or reset(graph)).items() if graph.tensors[index].is_variable}
    for index, array in zip(graph.inputs, inputs, strict=True):
        tensor = graph.tensors[index]
        if array.size != tensor.elements or array.dtype != DTYPES[tensor.dtype]:
            raise UsageError(
                f"input {tensor.name!r} of {graph.name} takes {tensor.dtype} {tensor.shape}, "
                f"not {array.dtype} {array.shape}."
            )
        values[index] = array.reshape(tensor.shape)
    calls, go_on_at = _calls(graph)
    at, rounds = 0, 0
    while at < len(calls):
        call = calls[at]
        read = (*call.inputs, *call.state)
        if call.is_control:
            at = go_on_at[at] if not _is_true(graph, call, values) else at + 1
            rounds += call.op.role is Role.REPEAT
            if rounds > MOST_ROUNDS:
                raise ModelError(f"{call.op} goes on for more than {MOST_ROUNDS:,} rounds: see what ends it.")
            continue
        arrays = [t.data if (t := graph.tensors[i]).data is not None else values[i] for i in read]
        for index, result in zip((*call.outputs, *call.state), results(call, arrays), strict=True):
            values[index] = typed(result, graph.tensors[index])
        yield call.op
        at += 1


def _is_true(graph: Graph, call: Call, values: Mapping[int, Array]) -> bool:
    """Whether an operator is one that goes on with the next one where its input is true, and that is."""
    if call.op.role not in (Role.BRANCH, Role.TEST):
        return False
    condition = graph.tensors[call.inputs[0]].data
    return bool((values[call.inputs[0]] if condition is None else condition).any())


@lru_cache(maxsize=4)
def _calls(graph: Graph) -> tuple[tuple[Call, ...], Mapping[int, int]]:
    """Kept, since a model's vectors come one after the other; and where control flow leads."""
    return tuple(lower(graph, op) for op in graph.ops), targets(op.role for op in graph.ops)


def typed(result: Array, tensor: Tensor) -> Array:
    """What a kernel's reference gave for a tensor, in its type and shape; a kernel of no type gives bytes."""
    dtype = DTYPES[tensor.dtype]
    given: Array = result.view(dtype) if result.size != tensor.elements else result.astype(dtype, copy=False)
    return given.reshape(tensor.shape)


def results(call: Call, inputs: Sequence[Array]) -> Sequence[Array]:
    """What a kernel's reference makes of its run-time inputs and state: an array for each output and variable."""
    kernel = KERNELS[call.kernel]
    made = kernel.reference(call.params, inputs)
    return (made,) if isinstance(made, np.ndarray) else made


def outputs(graph: Graph, inputs: Sequence[Array]) -> list[Array]:
    """The graph's outputs after a reset, in order. Raises as run() does."""
    return next(sequence(graph, [inputs]))


def sequence(graph: Graph, steps: Iterable[Sequence[Array]]) -> Iterator[list[Array]]:
    """The graph's outputs at each of the steps after a reset. Raises as run() does."""
    state: State = reset(graph)
    for inputs in steps:
        values = run(graph, inputs, state)
        yield [values[i] if (t := graph.tensors[i]).data is None else t.data for i in graph.outputs]
        state = values


def batched(graph: Graph, count: int) -> Graph | None:
    """The graph for `count` examples at once, which run() then computes as it computes each alone; None where a tensor
    that is computed or fed has no first dimension of 1 to put them in, one example leaves something for the next, or
    decides what is computed."""
    if graph.variables or any(op.is_control for op in graph.ops):
        return None
    activations = {tensor.index for tensor in graph.activations}
    if any(graph.tensors[index].shape[:1] != (1,) for index in activations):
        return None
    tensors = (replace(t, shape=(count, *t.shape[1:])) if t.index in activations else t for t in graph.tensors)
    return replace(graph, tensors=tuple(tensors))


def random_inputs(graph: Graph, vector: int, seed: int) -> list[Array]:
    """Reproducible inputs for test vector number `vector`, of input_range(): 0 and 1 are all lowest and all highest, of
    the others the even ones uniform over all of it and the odd ones over a part, since noise over all of it is much
    the same to most models."""
    rng = np.random.default_rng((seed, vector))
    arrays = []
    for index in graph.inputs:
        tensor = graph.tensors[index]
        low, high = input_range(graph, index)
        if vector > 2 and vector % 2:
            low, high = sorted(rng.uniform(low, high, 2))
        if tensor.dtype == "float32":
            array = rng.uniform(low, high, tensor.shape).astype(np.float32)
        else:
            array = rng.integers(int(low), int(high), tensor.shape, endpoint=True).astype(DTYPES[tensor.dtype])
        if vector < 2:
            array[...] = (low, high)[vector]
        arrays.append(array)
    return arrays


def input_range(graph: Graph, index: int) -> tuple[float, float]:
    """The lowest and the highest value of a graph input that can make a difference: of a float32 one what the QUANTIZE
    that reads it, itself or through RESHAPE, can represent, and +-4 where none does. A number that loops may count to
    is a small one."""
    tensor = graph.tensors[index]
    if tensor.dtype == "int32" and tensor.elements == 1 and any(op.role is Role.REPEAT for op in graph.ops):
        return 0, COUNTED
    if tensor.dtype != "float32":
        limits = np.iinfo(DTYPES[tensor.dtype])
        return int(limits.min), int(limits.max)
    seen = {index}
    for op in graph.ops:
        if seen.isdisjoint(op.inputs[:1]):
            continue
        if OPS[op.kind].is_view:
            seen.add(op.outputs[0])
        elif OPS[op.kind].is_rim:
            y = graph.output(op)
            stored = np.iinfo(DTYPES[y.dtype])
            return y.scale * (int(stored.min) - y.zero_point), y.scale * (int(stored.max) - y.zero_point)
    return -4.0, 4.0


SEED = 2026
