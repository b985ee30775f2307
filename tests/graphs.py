"""Random models of several operators, for tests that hold everything that computes a model against each other.

network(seed) is the same model in every run. It has what single operators' tests don't: operators on each other's
outputs, outputs that are read, inputs that are outputs, constant outputs, dead operators, tensors that several read."""

from math import prod

import numpy as np

from tests.graph_builder import Builder, Y
from tests.graph_more import MORE
from tests.graph_operators import OPERATORS, USUAL
from tests.graph_state import assign, variable
from tests.tiny import CALL_ONCE, O, T, model


def network(seed: int, most: int = 7) -> bytes:
    """A .tflite of up to `most` operators and its rims, of four one with variables."""
    b = Builder(np.random.default_rng(seed))
    b.usual = b.chance(0.4)
    for _ in range(1 if b.usual else b.one(1, 1, 1, 2, 3)):
        _input(b)
    has_state = np.random.default_rng((seed, 1)).random() < 0.25  # drawn apart: the other networks stay what they were
    variables = [variable(b, f"state {number}") for number in range(b.upto(1, 2) if has_state else 0)]
    for _ in range(b.upto(1, most)):
        for _ in range(20):  # until one fits what is open
            if b.one(*(USUAL if b.usual and b.chance(0.8) else OPERATORS))(b):
                break
    _add_more(b, np.random.default_rng((seed, 2)))
    for each in variables:
        assign(b, each)
    outputs = _outputs(b)
    first_values = {each.name: each.first for each in variables if each.first is not None}
    ops = [CALL_ONCE, *b.ops] if first_values else b.ops
    return model(b.tensors, ops, b.inputs, outputs, first_values or None)


def _add_more(b: Builder, rng: np.random.Generator) -> None:
    """In a third of the networks one to three of MORE, with numbers of their own."""
    others, b.rng = b.rng, rng
    for _ in range(b.upto(1, 3) if b.chance(0.3) else 0):
        b.one(*MORE)(b)
    b.rng = others


def _input(b: Builder) -> None:
    channels = b.one(4, 8, 12, 16) if b.usual else b.one(1, 2, 3, 4, 5, 8, 12, 16, 32)
    image = (
        (1, b.upto(3, 14), b.upto(3, 14), channels)
        if b.usual
        else (b.one(1, 1, 1, 2, 3), b.upto(1, 9), b.upto(1, 9), channels)
    )
    shape = image if b.usual or b.chance(0.7) else tuple(b.upto(1, 6) for _ in range(b.upto(1, 5)))
    same = b.pick() if b.chance(0.5) else None
    if same is not None:
        shape = tuple(b.tensors[same].shape)
    quant = b.like(same) if same is not None and b.chance(0.7) else (b.scale(), b.zero_point())
    dtype = str(b.one("int8", "int8", "int8", "float32", "uint8"))
    if dtype == "int8":
        x = b.tensor(T(shape, scale=quant[0], zero_point=quant[1]))
        b.open.append(x)
    else:
        rim = T(shape, dtype) if dtype == "float32" else T(shape, dtype, b.scale(quant[0]), b.upto(0, 255))
        x = first = b.tensor(rim)
        if dtype == "float32" and b.chance(0.3):
            shape = (1, *shape) if len(shape) < 4 and b.chance(0.5) else (prod(shape),)
            first = b.tensor(T(shape, dtype))
            b.ops.append(O("RESHAPE", [x], [first], {"newShape": list(shape)}, "ReshapeOptions"))
        b.add("QUANTIZE", [first], Y(shape, *quant))
    b.inputs.append(x)


def _outputs(b: Builder) -> list[int]:
    """What nobody reads, but for a little; some that are read; inputs; constants; and the rims."""
    read = {i for op in b.ops for i in op.inputs}
    unread = [i for i in b.open if i not in read]
    outputs = [i for i in unread if b.chance(0.9)] + [i for i in b.open if i in read and b.chance(0.15)]
    outputs = outputs or [b.open[-1]]
    if b.chance(0.1):
        constants = [i for i, t in enumerate(b.tensors) if t.data is not None]
        outputs += [int(b.one(*constants))] if constants else []
    outputs = [int(i) for i in b.rng.permutation(outputs)]
    for position, index in enumerate(outputs):
        tensor = b.tensors[index]
        if tensor.data is None and index in b.open and b.chance(0.15):
            to_float = b.chance(0.5)
            rim = (
                T(tensor.shape, "float32")
                if to_float
                else T(tensor.shape, "uint8", b.scale(b.like(index)[0]), b.upto(0, 255))
            )
            outputs[position] = b.tensor(rim)
            b.ops.append(O("DEQUANTIZE" if to_float else "QUANTIZE", [index], [outputs[position]]))
            if to_float and b.chance(0.3):
                flat = b.tensor(T((prod(tensor.shape),), "float32"))
                b.ops.append(O("RESHAPE", [outputs[position]], [flat]))
                outputs[position] = flat
    if b.chance(0.05):
        outputs.append(int(b.one(*outputs)))
    return outputs
