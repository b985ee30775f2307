"""Graph -> TflmPlan: where activations live, and the exact arena of the interpreter in firmware/tflm.

The interpreter plans on the device, from the model alone; this computes the same numbers from the same rules
(firmware/tflm/planner.cc, and the allocations of its prepare functions), so that the arena can be exact."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from gen.compiler.arena import aligned
from gen.model.graph import Graph
from gen.model.ops import KERNELS, OPS, lower
from gen.model.ops.operator import Call, CStruct, numbers, pointers

ALIGNMENT = 16

# The interpreter's own structs, as in firmware/tflm/operator.h and tensorflow/lite/c/common.h.
NODE = CStruct("tflm::Node", pointers("void", "invoke op x y"))
PLACEMENT = CStruct("tflm::Placement", numbers("int32_t", "bytes offset") + numbers("uint16_t", "first last"))
JUMP = CStruct("tflm::Jump", pointers("void", "flow") + numbers("int32_t", "to"))
VARIABLE = CStruct("tflm::Variable", pointers("void", "data first") + numbers("int32_t", "bytes fill"))
TENSOR = CStruct(
    "TfLiteTensor",
    pointers("void", "data dims bytes")  # bytes is a size_t
    + numbers("float", "scale")
    + numbers("int32_t", "zero_point")
    + numbers("uint8_t", "type"),  # an enum, whatever its size is: nothing follows
)


@dataclass(frozen=True)
class TflmPlan:
    """Byte offsets of activations in one block, all multiples of ALIGNMENT."""

    # Of every activation, by tensor index.
    offsets: Mapping[int, int]
    # Aligned bytes of those that own memory.
    sizes: Mapping[int, int]
    # First and last operator that uses them, inclusive; a graph output lives until operator number len(ops).
    lifetimes: Mapping[int, tuple[int, int]]
    # The others, outputs of RESHAPE -> the tensor whose memory they have.
    shares: Mapping[int, int]
    # Bytes of the block.
    total: int

    def __post_init__(self) -> None:
        ends = [self.offsets[i] + size for i, size in self.sizes.items()]
        assert max(ends, default=0) == self.total
        assert all(offset % ALIGNMENT == 0 for offset in self.offsets.values())
        assert all(self.offsets[i] == self.offsets[owner] for i, owner in self.shares.items())
        for a, b in combinations(self.sizes, 2):
            apart = not (self._meet(self.lifetimes[a], self.lifetimes[b]))
            apart = apart or self.offsets[a] + self.sizes[a] <= self.offsets[b]
            assert apart or self.offsets[b] + self.sizes[b] <= self.offsets[a], f"tensors {a} and {b} overlap"

    @staticmethod
    def _meet(a: tuple[int, int], b: tuple[int, int]) -> bool:
        return a[0] <= b[1] and b[0] <= a[1]

    def peak(self) -> tuple[int, int]:
        """(operator, bytes) where most activation memory is alive."""
        steps = range(1 + max((last for _, last in self.lifetimes.values()), default=0))
        alive = [sum(self.sizes[i] for i, life in self.lifetimes.items() if self._meet(life, (s, s))) for s in steps]
        return alive.index(max(alive)), max(alive)


def plan(graph: Graph) -> TflmPlan:
    """First fit: the largest tensors first, or the earliest where that ends lower. A RESHAPE's output is its input's
    memory."""
    lifetimes, shares = _lifetimes(graph)
    sizes = {i: aligned(graph.tensors[i].size_bytes, ALIGNMENT) for i in lifetimes}
    by_size = sorted(sizes, key=lambda i: (-sizes[i], i))
    by_time = sorted(sizes, key=lambda i: (lifetimes[i][0], -sizes[i], i))
    plans = [_first_fit(order, sizes, lifetimes) for order in (by_size, by_time)]
    total, offsets = min(((max(o[i] + sizes[i] for i in sizes), o) for o in plans), key=lambda p: p[0])
    return TflmPlan(offsets | {i: offsets[owner] for i, owner in shares.items()}, sizes, lifetimes, shares, total)


def _first_fit(
    order: Iterable[int], sizes: Mapping[int, int], lifetimes: Mapping[int, tuple[int, int]]
) -> dict[int, int]:
    """Each at the lowest offset that is free during its life."""
    offsets: dict[int, int] = {}
    for i in order:
        first, last = lifetimes[i]
        alive = sorted((offsets[j], sizes[j]) for j in offsets if lifetimes[j][0] <= last and first <= lifetimes[j][1])
        offset = 0
        for start, size in alive:
            if start >= offset + sizes[i]:
                break
            offset = max(offset, start + size)
        offsets[i] = offset
    return offsets


def _lifetimes(graph: Graph) -> tuple[dict[int, tuple[int, int]], dict[int, int]]:
    lifetimes = dict.fromkeys(graph.inputs, (0, 0))
    # From one inference to the next.
    lifetimes |= {variable.index: (0, len(graph.ops)) for variable in graph.variables}
    shares: dict[int, int] = {}

    def read(index: int, step: int) -> None:
        if index >= 0 and graph.tensors[index].data is None:
            owner = shares.get(index, index)
            lifetimes[owner] = (lifetimes[owner][0], max(step, lifetimes[owner][1]))

    for step, op in enumerate(graph.ops):
        for index in op.inputs:
            read(index, step)
        owner = shares.get(op.inputs[0], op.inputs[0]) if OPS[op.kind].is_view else -1
        kept = any(graph.tensors[i].is_variable or graph.tensors[i].data is not None for i in (owner, *op.outputs))
        if OPS[op.kind].is_view and not kept:
            shares[op.outputs[0]] = owner
        else:
            for index in op.outputs:
                if not graph.tensors[index].is_variable:
                    lifetimes[index] = (lifetimes.get(index, (step,))[0], step)
    for index in graph.outputs:
        read(index, len(graph.ops))
    return lifetimes, shares


def tflm_arena_bytes(graph: Graph, pointer_bytes: int) -> int:
    """The smallest arena with which firmware/tflm runs the graph: a multiple of ALIGNMENT.

    Raises what lower() raises on an operator that is not supported."""
    table = aligned(len(graph.tensors) * PLACEMENT.layout(pointer_bytes)[1], ALIGNMENT)
    persistent = sum(aligned(size, pointer_bytes) for size in _persistent(graph, pointer_bytes))
    return max(table, plan(graph).total) + aligned(persistent, ALIGNMENT)


def _persistent(graph: Graph, pointer_bytes: int) -> Iterator[int]:
    """Sizes of the allocations that live as long as the interpreter."""
    yield len(graph.ops) * NODE.layout(pointer_bytes)[1]
    yield (len(graph.inputs) + len(graph.outputs)) * TENSOR.layout(pointer_bytes)[1]
    yield len(graph.variables) * VARIABLE.layout(pointer_bytes)[1]
    for op in graph.ops:
        call = lower(graph, op)
        if call.is_control:
            yield JUMP.layout(pointer_bytes)[1]
        elif call.kernel in OPS[op.kind].own_kernels:
            yield KERNELS[call.kernel].struct.layout(pointer_bytes)[1]
            yield KERNELS[call.kernel].interpreter_bytes(call, pointer_bytes)
        else:
            yield from prepared_bytes(call, pointer_bytes)


def prepared_bytes(call: Call, pointer_bytes: int) -> Iterator[int]:
    """As firmware/tflm/prepared.cc allocates: the struct where it has addresses, and those of several tensors."""
    kernel = KERNELS[call.kernel]
    if kernel.outputs != 1 or kernel.state:
        yield (len(call.inputs) + len(call.outputs) + len(call.state)) * pointer_bytes
    elif kernel.arity != 1:
        yield len(call.inputs) * pointer_bytes
    if any(field.pointer and call.params[field.name] is not None for field in kernel.struct.fields):
        yield kernel.struct.layout(pointer_bytes)[1]
