"""Models of several subgraphs for tests: IF, WHILE, and random programs of both in each other."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gen.model.graph import Array
from tests.tiny import O, Subgraph, T, handle, models

SCALE, ZERO_POINT = 0.1, 3
SHAPES = ((1, 6), (2, 3))
ROW, SQUARE, NUMBER, TRUTH = range(4)  # kinds of tensors


def tensor(kind: int, data: object = None) -> T:
    if kind == TRUTH:
        return T((1,), "bool", data=data)
    return T((1,), "int32", data=data) if kind == NUMBER else T(SHAPES[kind], "int8", SCALE, ZERO_POINT, data=data)


def add(a: int, b: int, y: int) -> O:
    return O("ADD", [a, b], [y], {}, "AddOptions")


def less(a: int, b: int, y: int) -> O:
    return O("LESS", [a, b], [y], {}, "LessOptions")


def branch(condition: int, inputs: Sequence[int], outputs: Sequence[int], then: int, otherwise: int) -> O:
    options = {"thenSubgraphIndex": then, "elseSubgraphIndex": otherwise}
    return O("IF", [condition, *inputs], outputs, options, "IfOptions")


def loop(inputs: Sequence[int], outputs: Sequence[int], condition: int, body: int) -> O:
    options = {"condSubgraphIndex": condition, "bodySubgraphIndex": body}
    return O("WHILE", inputs, outputs, options, "WhileOptions")


def branching() -> bytes:
    """Twice the first input where the second one is less than 5, else its RELU."""
    kinds = (ROW, NUMBER, NUMBER, TRUTH, ROW)
    tensors = [tensor(kind, [5] if number == 2 else None) for number, kind in enumerate(kinds)]
    main = Subgraph(tensors, [less(1, 2, 3), branch(3, [0], [4], 1, 2)], [0, 1], [4])
    then = Subgraph([tensor(ROW), tensor(ROW)], [add(0, 0, 1)], [0], [1], "doubled")
    otherwise = Subgraph([tensor(ROW), tensor(ROW)], [O("RELU", [0], [1])], [0], [1], "rectified")
    return models([main, then, otherwise])


def looping(start: int = 0, ends: bool = True) -> bytes:
    """The first input, doubled as often as the second one says, and how often; if it does not end, for
    ever, where that is above 0."""
    kinds = (ROW, NUMBER, NUMBER, NUMBER, ROW, NUMBER)
    tensors = [tensor(kind, [start] if number == 1 else None) for number, kind in enumerate(kinds)]
    main = Subgraph(tensors, [loop([1, 0, 2], [3, 4, 5], 1, 2)], [0, 2], [4, 3])
    of_test = (NUMBER, ROW, NUMBER, TRUTH)
    condition = Subgraph([tensor(kind) for kind in of_test], [less(0, 2, 3)], [0, 1, 2], [3], "less")
    inner = [tensor(kind, [1] if number == 3 else None) for number, kind in enumerate((2, 0, 2, 2, 2, 0))]
    step = add(0, 3, 4) if ends else O("MINIMUM", [0, 3], [4], {}, "MaximumMinimumOptions")
    body = Subgraph(inner, [step, add(1, 1, 5)], [0, 1, 2], [4, 5, 2], "doubled")
    return models([main, condition, body])


def nested() -> bytes:
    return RandomProgram(np.random.default_rng(7), stateful=True).made()


CONTROLLED = (branching, looping, nested)


@dataclass
class _Block:
    """A subgraph in the making: its tensors, their kinds, and those that may be read."""

    tensors: list[T] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    ops: list[O] = field(default_factory=list)
    open: list[int] = field(default_factory=list)

    def tensor(self, kind: int, data: object = None) -> int:
        self.tensors.append(tensor(kind, data))
        self.kinds.append(kind)
        if kind != TRUTH:
            self.open.append(len(self.tensors) - 1)
        return len(self.tensors) - 1

    def of(self, kind: int) -> list[int]:
        return [i for i in self.open if self.kinds[i] == kind]


@dataclass
class RandomProgram:
    """stateful: its operators may read and assign a variable, wherever they are."""

    rng: np.random.Generator
    stateful: bool
    graphs: list[Subgraph | None] = field(default_factory=list)

    def made(self) -> bytes:
        self.graphs = [None]
        block = self._block([ROW, SQUARE, NUMBER])
        self._fill(block, depth=3)
        if self.stateful:  # a variable that nothing assigns, nobody has
            self._variable(block, assigned=True)
        outputs = [int(self.rng.choice(block.of(kind))) for kind in (ROW, SQUARE, NUMBER)]
        outputs = [y if y > 2 else self._own(block, y) for y in outputs]
        self.graphs[0] = Subgraph(block.tensors, block.ops, [0, 1, 2], outputs, "main")
        return models([graph for graph in self.graphs if graph is not None])

    def vectors(self, count: int) -> list[list[Array]]:
        return [
            [
                *(self.rng.integers(-128, 128, shape).astype(np.int8) for shape in SHAPES),
                self.rng.integers(-2, 5, (1,)).astype(np.int32),
            ]
            for _ in range(count)
        ]

    def _block(self, kinds: Sequence[int]) -> _Block:
        block = _Block()
        for kind in kinds:
            block.tensor(kind)
        return block

    def _own(self, block: _Block, x: int) -> int:
        """An input is no output of a model."""
        y = block.tensor(block.kinds[x])
        block.ops.append(add(x, x, y))
        return y

    def _fill(self, block: _Block, depth: int) -> None:
        for _ in range(int(self.rng.integers(1, 5))):
            chance = self.rng.random()
            if depth and chance < 0.25:
                self._branch(block, depth - 1)
            elif depth and chance < 0.5:
                self._loop(block, depth - 1)
            elif self.stateful and chance < 0.65:
                self._variable(block)
            else:
                self._compute(block)

    def _pick(self, block: _Block, kind: int) -> int:
        if self.rng.random() < 0.15 or not block.of(kind):
            values = self.rng.integers(-3, 6, (1,) if kind == NUMBER else SHAPES[kind])
            return block.tensor(kind, values)
        return int(self.rng.choice(block.of(kind)[-4:]))

    def _compute(self, block: _Block) -> None:
        kind = int(self.rng.integers(3))
        a, b, how = self._pick(block, kind), self._pick(block, kind), self.rng.random()
        if kind == ROW and how < 0.4:
            self._by_constants(block, a, b)
            return
        if kind == NUMBER or how < 0.6:
            op = add(a, b, block.tensor(kind))
        elif how < 0.8:
            op = O(str(self.rng.choice(["RELU", "QUANTIZE"])), [a], [block.tensor(kind)])
        else:
            op = O("RESHAPE", [a], [block.tensor(1 - kind)], {"newShape": list(SHAPES[1 - kind])}, "ReshapeOptions")
        block.ops.append(op)

    def _by_constants(self, block: _Block, a: int, b: int) -> None:
        """FULLY_CONNECTED, some of whose outputs are constant, and its RELU; or both rows as one, and a part of it."""
        own = len(block.tensors)
        if self.rng.random() < 0.5:
            weights = self.rng.integers(-30, 31, (6, 6)) * (self.rng.random((6, 1)) < 0.7)
            bias = self.rng.integers(-500, 500, 6)
            block.tensors += [
                T((6, 6), scale=0.02, data=weights),
                T((6,), "int32", scale=SCALE * 0.02, data=bias),
                tensor(ROW),
            ]
            block.kinds += [TRUTH] * 3
            block.ops.append(O("FULLY_CONNECTED", [a, own, own + 1], [own + 2], {}, "FullyConnectedOptions"))
            block.ops.append(O("RELU", [own + 2], [block.tensor(ROW)]))
            return
        block.tensors += [
            T((1, 12), scale=SCALE, zero_point=ZERO_POINT),
            T((2,), "int32", data=[0, int(self.rng.choice([0, 0, 3, 6]))]),
            T((2,), "int32", data=[1, 6]),
        ]
        block.kinds += [TRUTH] * 3
        block.ops.append(O("CONCATENATION", [a, b], [own], {"axis": 1}, "ConcatenationOptions"))
        block.ops.append(O("SLICE", [own, own + 1, own + 2], [block.tensor(ROW)], {}, "SliceOptions"))

    def _variable(self, block: _Block, *, assigned: bool = False) -> None:
        handle_of = len(block.tensors)
        block.tensors.append(T((), "resource"))
        block.kinds.append(TRUTH)
        block.ops.append(handle(handle_of, "v"))
        if assigned or self.rng.random() < 0.5:
            block.ops.append(O("ASSIGN_VARIABLE", [handle_of, self._pick(block, ROW)], []))
        else:
            block.ops.append(O("READ_VARIABLE", [handle_of], [block.tensor(ROW)]))

    def _condition(self, block: _Block, a: int, b: int) -> int:
        y = block.tensor(TRUTH)
        block.ops.append(less(a, b, y))
        return y

    def _branch(self, block: _Block, depth: int) -> None:
        condition = self._condition(block, self._pick(block, NUMBER), self._pick(block, NUMBER))
        kinds = [int(kind) for kind in self.rng.integers(0, 3, int(self.rng.integers(1, 4)))]
        given = [int(kind) for kind in self.rng.integers(0, 3, int(self.rng.integers(1, 4)))]
        inputs = [self._pick(block, kind) for kind in kinds]
        called = []
        for _ in range(2):
            number, inner = self._reserve(), self._block(kinds)
            if self.rng.random() < 0.85:
                self._fill(inner, depth)
            outputs = [self._pick(inner, kind) for kind in given]
            self.graphs[number] = Subgraph(inner.tensors, inner.ops, [*range(len(kinds))], outputs, f"branch {number}")
            called.append(number)
        block.ops.append(branch(condition, inputs, [block.tensor(kind) for kind in given], *called))

    def _loop(self, block: _Block, depth: int) -> None:
        """The first variable counts, the last one limits it and stays what it is."""
        kinds = [NUMBER, *(int(kind) for kind in self.rng.integers(0, 3, int(self.rng.integers(1, 4)))), NUMBER]
        inputs = [block.tensor(NUMBER, [0]), *(self._pick(block, kind) for kind in kinds[1:-1])]
        inputs.append(block.tensor(NUMBER, [int(self.rng.integers(0, 4))]))
        condition, test = self._reserve(), self._block(kinds)
        y = self._condition(test, 0, len(kinds) - 1)
        last = [*range(len(kinds))]
        self.graphs[condition] = Subgraph(test.tensors, test.ops, last, [y], f"condition {condition}")
        number, inner = self._reserve(), self._block(kinds)
        self._fill(inner, depth)
        outputs = [self._pick(inner, kind) if self.rng.random() < 0.8 else at for at, kind in enumerate(kinds)]
        following = inner.tensor(NUMBER)
        inner.ops.append(add(0, inner.tensor(NUMBER, [1]), following))
        outputs[0], outputs[-1] = following, len(kinds) - 1
        self.graphs[number] = Subgraph(inner.tensors, inner.ops, last, outputs, f"body {number}")
        block.ops.append(loop(inputs, [block.tensor(kind) for kind in kinds], condition, number))

    def _reserve(self) -> int:
        self.graphs.append(None)
        return len(self.graphs) - 1
