"""Variables for tests/graphs.py."""

from dataclasses import dataclass

from tests.graph_builder import Builder, Y
from tests.tiny import O, T, handle


@dataclass(frozen=True)
class Variable:
    name: str
    handle: int
    value: int  # what is read of it
    first: T | None


def variable(b: Builder, name: str) -> Variable:
    """One like an activation, which is read at once."""
    like = b.pick()
    assert like is not None
    shape, quant = tuple(b.tensors[like].shape), b.like(like)
    first = b.tensors[b.constant(shape, quant[0], quant[1])] if b.chance(0.6) else None
    made = Variable(name, b.tensor(T((), "resource")), b.tensor(T(shape, scale=quant[0], zero_point=quant[1])), first)
    b.ops.append(handle(made.handle, name))
    b.ops.append(O("READ_VARIABLE", [made.handle], [made.value]))
    b.open.append(made.value)
    return made


def assign(b: Builder, variable: Variable) -> None:
    """Give it an activation of its shape, or something made of its old value; now and then it is read again."""
    old = b.tensors[variable.value]
    shape, quant = tuple(old.shape), b.like(variable.value)
    fit = [i for i in b.open if tuple(b.tensors[i].shape) == shape and b.like(i) == quant and i != variable.value]
    new = int(b.one(*fit)) if fit and b.chance(0.8) else b.add("RELU", [variable.value], Y(shape, *quant))
    b.ops.append(O("ASSIGN_VARIABLE", [variable.handle, new], []))
    if b.chance(0.3):
        again = b.tensor(T(shape, scale=quant[0], zero_point=quant[1]))
        b.ops.append(O("READ_VARIABLE", [variable.handle], [again]))
        b.open.append(again)
