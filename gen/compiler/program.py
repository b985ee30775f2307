"""Graph -> Program: the kernel calls of an ahead-of-time engine, in order, and where their tensors live."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gen.compiler.arena import ALIGNMENT, Block, Placement, aligned, lower_bound, place
from gen.compiler.bands import Fused, fusions
from gen.compiler.kernels.select import LEVELS, GoOn, Step, select_all, select_apart
from gen.model.graph import DTYPES, Graph
from gen.model.ops import KERNELS, lower
from gen.model.ops.operator import Call


@dataclass(frozen=True, eq=False)
class Program:
    """The kernel calls of a graph, in order."""

    graph: Graph
    # One for each operator that computes something, or for two of them (gen/compiler/bands.py).
    steps: tuple[Step, ...]
    # Tensor -> the tensor in whose memory it lies, at which byte: the output of a RESHAPE lies in its input, the inputs
    # of some CONCATENATIONs in the output.
    shares: Mapping[int, tuple[int, int]]

    def owner(self, tensor: int) -> int:
        return self.shares.get(tensor, (tensor, 0))[0]


@dataclass(frozen=True, eq=False)
class ArenaPlan:
    """Byte offsets into one arena."""

    # Of every activation, by tensor index.
    tensors: Mapping[int, int]
    # Of scratch memory, by step, if it has any.
    scratch: Mapping[int, int]
    placement: Placement
    # Why the arena is as large as it is.
    peak_reason: str


def compile_graph(graph: Graph, isa: str, level: str) -> Program:
    """Choose a kernel for every operator. Raises UnsupportedOp, NotQuantized, ModelError."""
    calls = [_simplest(lower(graph, op)) for op in graph.ops]
    shares: dict[int, tuple[int, int]] = {}
    computed = []
    for number, call in enumerate(calls):
        places = _view(call)
        if places is not None and _may_share(graph, calls, number, shares):
            owner, offset = shares.get(call.inputs[0], (call.inputs[0], 0))
            shares |= {y: (owner, offset + at) for y, at in zip(call.outputs, places, strict=True)}
        elif places is not None and _is_assigned_alone(graph, calls, number, shares):
            shares[call.inputs[0]] = (call.output, 0)
        elif _by_placement(graph, calls, call, shares):
            offset = 0
            for index in call.inputs:
                shares[index] = (call.output, offset)
                offset += graph.tensors[index].size_bytes
        else:
            computed.append(call)

    def program(calls: Sequence[Call]) -> Program:
        selected = iter(select_all([c for c in calls if not c.is_control], isa, level, own_constants(graph)))
        return Program(graph, tuple(GoOn(call) if call.is_control else next(selected) for call in calls), shares)

    plain = program(computed)
    fused = fuse(plain, isa)
    fused_bytes, unfused_bytes = (plan(each).placement.total for each in (fused, plain))
    arena_budget = min(int(fused_bytes * LEVELS[level].arena), unfused_bytes)
    with_scratch = program(_with_scratch_budgets(plain, arena_budget))
    if any(a.variant is not b.variant for a, b in zip(plain.steps, with_scratch.steps, strict=True)):
        with_scratch = fuse(with_scratch, isa)
        fused = with_scratch if plan(with_scratch).placement.total <= arena_budget else fused
    return _apart(fused, isa)


def _simplest(call: Call) -> Call:
    return call if call.is_control else KERNELS[call.kernel].simpler(call) or call


def _apart(program: Program, isa: str) -> Program:
    """In place only where that makes the arena smaller, if an output of its own takes fewer instructions."""
    for number, step in enumerate(program.steps):
        other = None if isinstance(step, Fused | GoOn) else select_apart(step, isa)
        if other is None:
            continue
        candidate = replace(program, steps=(*program.steps[:number], other, *program.steps[number + 1 :]))
        if plan(candidate).placement.total <= plan(program).placement.total:
            program = candidate
    return program


def _with_scratch_budgets(program: Program, arena_bytes: int) -> list[Call]:
    """The program's calls, each with how much of an arena of this size is free while it runs."""
    first, last = _lives(program)
    sizes = {tensor: aligned(program.graph.tensors[tensor].size_bytes) for tensor in first}
    calls = []
    for number, step in enumerate(program.steps):
        if step.call.is_control:
            calls.append(step.call)
            continue
        alive = sum(size for tensor, size in sizes.items() if first[tensor] <= number <= last[tensor])
        free = max(arena_bytes - alive, 0)
        x, y = program.owner(step.call.inputs[0]), program.owner(step.call.output)
        in_place = free + min(sizes[x], sizes[y]) if _may_overwrite(program, number, first, last) else 0
        calls.append(replace(step.call, scratch_budget=free, scratch_budget_in_place=in_place))
    return calls


def fuse(program: Program, isa: str) -> Program:
    """Convolutions computed in bands, the one first that makes the arena smallest, until no other makes it smaller."""
    placement = plan(program).placement
    while True:
        busiest, _ = lower_bound(placement.blocks)
        found = [
            replace(program, steps=steps)
            for steps in fusions(program.graph, program.steps, program.shares, isa, busiest)
        ]
        placements = [plan(candidate).placement for candidate in found]
        best = min(placements, key=lambda p: p.total, default=placement)
        if best.total >= placement.total:
            return program
        placement, program = best, found[placements.index(best)]


def own_constants(graph: Graph) -> int:
    """Bytes of the model's own constants: the data of every constant tensor, and a float32 for each of their scales."""
    constants = ((t, t.data) for t in graph.tensors if t.data is not None)
    return sum(data.nbytes + 4 * len(t.quant.scale if t.quant else ()) for t, data in constants)


def _view(call: Call) -> Sequence[int] | None:
    """At which bytes of its input the outputs can lie without being computed: of RESHAPE, of a PAD of nothing, a
    QUANTIZE to the same parameters, slices that are a stretch each."""
    places = None if call.is_control else KERNELS[call.kernel].view(call.params)
    return places if places is not None and not any(at % ALIGNMENT for at in places) else None


def _may_share(graph: Graph, calls: Sequence[Call], number: int, shares: Mapping[int, tuple[int, int]]) -> bool:
    """Whether a view's outputs may lie in its input: constants are no memory, what changes has its own, and what is
    read of it may not be read after it has changed."""
    call = calls[number]
    owner = shares.get(call.inputs[0], (call.inputs[0], 0))[0]
    if graph.tensors[owner].data is not None or any(graph.tensors[y].changes for y in call.outputs):
        return False
    if not graph.tensors[owner].changes:
        return True
    changes = [at for at, later in enumerate(calls) if at > number and owner in (*later.outputs, *later.state)]
    return not changes or _last_use(graph, calls, call.outputs) < changes[0]


def _is_assigned_alone(graph: Graph, calls: Sequence[Call], number: int, shares: Mapping[int, tuple[int, int]]) -> bool:
    """Whether what is assigned to a variable can be computed there at once: nothing else changes the variable, and what
    it held before is read no more when the value is computed."""
    value, variable = calls[number].inputs[0], calls[number].outputs[0]
    made = [at for at, call in enumerate(calls) if call.outputs == (value,)]
    changes = [call for call in calls if variable in (*call.outputs, *call.state)]
    if not graph.tensors[variable].is_variable or len(changes) != 1 or not made or _view(calls[made[0]]) is not None:
        return False
    if any(call.is_control for call in calls[made[0] : number]):
        return False
    if value in shares or any(owner == value for owner, _ in shares.values()):
        return False
    readers = [variable, *(tensor for tensor, (owner, _) in shares.items() if owner == variable)]
    return variable not in graph.outputs and _last_use(graph, calls, readers) < made[0]


def _last_use(graph: Graph, calls: Sequence[Call], tensors: Sequence[int]) -> int:
    """The number of the last call that reads one of the tensors, or a view of it."""
    seen, last = {*tensors}, -1
    for number, call in enumerate(calls):
        if not seen.isdisjoint(call.inputs):
            last = number
            if _view(call) is not None:
                seen |= {y for y in call.outputs if not graph.tensors[y].changes}
    return len(calls) if not seen.isdisjoint(graph.outputs) else last


def _by_placement(graph: Graph, calls: Sequence[Call], call: Call, shares: Mapping[int, tuple[int, int]]) -> bool:
    """Whether a CONCATENATION can be left out: its inputs are whole stretches of the output, and lie there at once."""
    joins = not call.is_control and KERNELS[call.kernel].joins and call.params["outer"] == 1
    if not joins or len(set(call.inputs)) < len(call.inputs):
        return False
    computed = {index for other in calls if _view(other) is None for index in other.outputs}
    owners = {owner for owner, _ in shares.values()}
    free = all(i in computed and i not in shares and i not in owners for i in call.inputs)
    if any(graph.tensors[i].changes for i in call.inputs):
        return False
    return free and all(graph.tensors[i].size_bytes % ALIGNMENT == 0 for i in call.inputs[:-1])


def plan(program: Program) -> ArenaPlan:
    """Place every activation and every scratch memory; a kernel that can work in place does where its input is dead."""
    graph = program.graph
    first, last = _lives(program)
    numbers = {tensor: number for number, tensor in enumerate(first)}
    blocks = [Block(graph.tensors[i].name, aligned(graph.tensors[i].size_bytes), first[i], last[i]) for i in first]
    for number, step in enumerate(program.steps):
        if step.in_place and _may_overwrite(program, number, first, last):
            y = numbers[step.call.output]
            blocks[y] = replace(blocks[y], over=numbers[program.owner(step.call.inputs[0])])
    scratch: dict[int, int] = {}
    for number, step in enumerate(program.steps):
        if step.scratch_bytes:
            scratch[number] = len(blocks)
            blocks.append(Block(f"scratch of {step.call.op}", aligned(step.scratch_bytes), number, number))
    placement = place(blocks)
    shared = {i: placement.offsets[numbers[owner]] + offset for i, (owner, offset) in program.shares.items()}
    return ArenaPlan(
        {tensor: placement.offsets[number] for tensor, number in numbers.items()} | shared,
        {step: placement.offsets[number] for step, number in scratch.items()},
        placement,
        _peak_reason(program, placement),
    )


def _lives(program: Program) -> tuple[dict[int, int], dict[int, int]]:
    """The first and the last step in which each tensor with memory of its own is in use."""
    graph = program.graph
    first = {program.owner(i): 0 for i in graph.inputs}
    last = dict(first)
    for variable in graph.variables:
        first[variable.index], last[variable.index] = 0, len(program.steps)
    for number, step in enumerate(program.steps):
        for index in step.call.inputs:
            if graph.tensors[index].data is None:
                last[program.owner(index)] = max(number, last[program.owner(index)])
        for y in map(program.owner, step.call.outputs):
            first.setdefault(y, number)
            last[y] = max(number, last.get(y, number))
    for index in graph.outputs:
        if graph.tensors[index].data is None:
            last[program.owner(index)] = len(program.steps)
    return first, last


def _may_overwrite(program: Program, number: int, first: Mapping[int, int], last: Mapping[int, int]) -> bool:
    """Whether the step's output may lie on its first input, as far as the memory plan goes. Not where bytes would be
    read again that are overwritten: of an operand that is broadcast, or of one that lies in the first, or of elements
    that become wider."""
    call, tensors = program.steps[number].call, program.graph.tensors
    x, x_offset = program.shares.get(call.inputs[0], (call.inputs[0], 0))
    y, size = call.outputs[0], tensors[call.inputs[0]].size_bytes
    beside = [tensors[i].size_bytes for i in call.inputs[1:] if program.owner(i) == x]
    if len(call.outputs) > 1 or DTYPES[tensors[y].dtype].itemsize != DTYPES[tensors[call.inputs[0]].dtype].itemsize:
        return False
    if len(call.inputs) > 1 and any(each != size for each in (tensors[y].size_bytes, *beside)):
        return False
    return y not in program.shares and first[y] == number and x_offset == 0 and last.get(x) == number


def _peak_reason(program: Program, placement: Placement) -> str:
    """Why the arena is as large as it is: the step at which the block that ends highest begins."""
    number, size = lower_bound(placement.blocks)
    if number >= len(program.steps):
        return f"{size} bytes of outputs are held at the end"
    op = program.steps[number].call.op
    shape = f", whose output has shape {program.graph.output(op).shape}" if op.outputs else ""
    return f"{size} bytes of activations are alive during {op}{shape}"
