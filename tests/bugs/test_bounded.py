"""Small files that were refused in endless messages, or after minutes and gigabytes."""

from collections.abc import Callable, Sequence
from typing import Any

import flatbuffers
import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from gen.errors import ModelError, NotTflite
from gen.model import tflite
from gen.model.support import require_supported
from tests.tiny import O, T, edited, model

X = T((1, 4), scale=0.05, zero_point=-4)
MANY = 5000


def relu() -> bytes:
    return model([X, X], [O("RELU", (0,), (1,))], (0,), (1,))


def signature() -> bytes:
    def edit(m: Any) -> None:
        m.subgraphs[0].tensors[0].shapeSignature = [-1] * MANY

    return edited(relu(), edit)


def customs() -> bytes:
    def edit(m: Any) -> None:
        graph = m.subgraphs[0]
        for number in range(300):
            code, op = schema.OperatorCodeT(), schema.OperatorT()
            code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
            code.customCode = b"operator %d of a long name " % number * 9
            op.opcodeIndex, op.inputs, op.outputs = len(m.operatorCodes), [0], [len(graph.tensors)]
            m.operatorCodes.append(code)
            graph.tensors.append(graph.tensors[0])
            graph.operators.append(op)

    return edited(relu(), edit)


def axes(kind: str) -> bytes:
    return model([X, T((MANY,), "int32", data=np.arange(MANY)), X], [O(kind, (0, 1), (2,))], (0,), (2,))


def each_another() -> bytes:
    wrong = [T((1, 5 + i), scale=0.05) for i in range(300)]
    return model([X, *wrong], [O("RELU", (0,), (i,)) for i in range(1, 301)], (0,), (1,))


def each_too_large() -> bytes:
    large = [T((2**13, 2**12), scale=0.05, name="name " * 100 + str(i)) for i in range(300)]
    return model([X, *large], [O("RELU", (0,), (i,)) for i in range(1, 301)], (0,), (1,))


@pytest.mark.parametrize(
    "make", [signature, customs, lambda: axes("PAD"), lambda: axes("MEAN"), each_another, each_too_large]
)
def test_a_message_has_an_end(make: Callable[[], bytes]) -> None:
    """They had 20,000 to 140,000 characters."""
    with pytest.raises(ModelError) as caught:
        require_supported(tflite.read(make(), "m"), "m")
    assert 50 < len(str(caught.value)) < 4000


def shared(kind: str, count: int, length: int) -> bytes:
    """A model with so many tensors or operators that all name one vector of this length."""
    b = flatbuffers.Builder(1 << 20)

    def numbers(width: int, values: Sequence[Any], prepend: Callable[[Any], None]) -> int:
        b.StartVector(width, len(values), width)
        for value in values:
            prepend(value)
        return int(b.EndVector())

    def tables(offsets: Sequence[int]) -> int:
        return numbers(4, offsets, b.PrependUOffsetTRelative)

    zeros = numbers(4, [0] * length, b.PrependInt32)
    scale, zero_point = numbers(4, [0.1] * length, b.PrependFloat32), numbers(8, [0] * length, b.PrependInt64)
    first, second, shape = (numbers(4, values, b.PrependInt32) for values in ([0], [1], [4, 1]))
    schema.QuantizationParametersStart(b)
    schema.QuantizationParametersAddScale(b, scale)
    schema.QuantizationParametersAddZeroPoint(b, zero_point)
    quantization = schema.QuantizationParametersEnd(b)
    schema.TensorStart(b)
    schema.TensorAddShape(b, zeros if kind == "shape" else shape)
    schema.TensorAddType(b, schema.TensorType.INT8)
    if kind == "scales":
        schema.TensorAddQuantization(b, quantization)
    tensor = schema.TensorEnd(b)
    schema.OperatorStart(b)
    schema.OperatorAddInputs(b, zeros if kind == "inputs" else first)
    schema.OperatorAddOutputs(b, second)
    op = schema.OperatorEnd(b)
    tensors, ops = (tables([table] * (count if kind in kinds else 2)) for table, kinds in
                    ((tensor, ("shape", "scales")), (op, ("inputs",))))  # fmt: skip
    schema.SubGraphStart(b)
    schema.SubGraphAddTensors(b, tensors)
    schema.SubGraphAddOperators(b, ops)
    schema.SubGraphAddInputs(b, first)
    schema.SubGraphAddOutputs(b, second)
    graph = tables([schema.SubGraphEnd(b)])
    schema.OperatorCodeStart(b)
    schema.OperatorCodeAddDeprecatedBuiltinCode(b, schema.BuiltinOperator.RELU)
    codes = tables([schema.OperatorCodeEnd(b)])
    schema.BufferStart(b)
    buffers = tables([schema.BufferEnd(b)])
    schema.ModelStart(b)
    schema.ModelAddVersion(b, 3)
    schema.ModelAddOperatorCodes(b, codes)
    schema.ModelAddSubgraphs(b, graph)
    schema.ModelAddBuffers(b, buffers)
    b.Finish(schema.ModelEnd(b), b"TFL3")
    return bytes(b.Output())


@pytest.mark.parametrize("kind", ["shape", "scales", "inputs"])
def test_thousands_that_share_a_long_vector(kind: str) -> None:
    """1 MB of file was read as 10**8 numbers."""
    with pytest.raises(NotTflite, match=r"has 20000 dimensions|more than 1048576 scales or indices"):
        tflite.read(shared(kind, 5000, 20_000), "m")
