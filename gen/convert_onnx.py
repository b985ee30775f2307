"""ONNX files as float functions, by way of Keras: onnx2keras makes a model with channels last of a graph that has them
first, which takes guessing, so what it made is held against ONNX's own reference on the first examples."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gen.calibration import Example, Input
from gen.convert_model import Opened, first_line, fixed_shape
from gen.convert_tensorflow import of_keras
from gen.errors import ModelError, UnsupportedOp
from gen.graph import Array

CHECKED = 3  # examples; ONNX's reference is slow
TOLERANCE = 1e-4  # of the largest output: float32 sums in another order differ by far less


def open_onnx(path: Path) -> Opened:
    """Raises ModelError (no ONNX model, a conversion that computes something else), UnsupportedOp."""
    import keras
    import onnx

    try:
        model = onnx.load(str(path))
        onnx.checker.check_model(model)
    except Exception as error:  # protocol buffers' and the checker's own
        raise ModelError(f"{path} is no valid ONNX model ({first_line(error)}): export it again.") from None
    graph = model.graph
    constants = {one.name for one in graph.initializer}
    inputs = tuple(_input(path, value) for value in graph.input if value.name not in constants)
    original = onnx.ModelProto()
    original.CopyFrom(model)
    softmax = _cut_softmax(graph)
    keras.backend.clear_session()
    converted = _to_keras(model, inputs, path)
    if softmax:
        outputs = keras.layers.Softmax(name="softmax")(converted.outputs[0])
        converted = keras.Model(converted.inputs, outputs)
    opened = of_keras(converted, path, channels_first=True)
    if [one.shape for one in opened.inputs] != [one.shape for one in inputs]:
        raise ModelError(f"{path} was converted with other inputs than it has: export it with fixed input shapes.")

    def convert(examples: Sequence[Example]) -> bytes:
        _check(path, original, inputs, opened, examples[:CHECKED])
        return opened.convert(examples)

    return Opened(inputs, opened.run, convert)  # whose names Keras may have changed


def _input(path: Path, value: Any) -> Input:
    """One input of the graph, moved to channels last."""
    import onnx

    kind = value.type.tensor_type
    name = onnx.TensorProto.DataType.Name(kind.elem_type).lower()
    sizes = [size.dim_value if size.HasField("dim_value") else None for size in kind.shape.dim]
    batch, *rest = fixed_shape(path, value.name, sizes, "float32" if name == "float" else name)
    return Input(value.name, (batch, *rest[1:], rest[0]), channels_first=True)


def _cut_softmax(graph: Any) -> bool:
    """Take a Softmax over classes off the end of the graph, to be put back as Keras's: onnx2keras moves its axis."""
    if not graph.node:
        return False
    last = graph.node[-1]
    axis = next((attribute.i for attribute in last.attribute if attribute.name == "axis"), -1)
    ranks = [len(output.type.tensor_type.shape.dim) for output in graph.output]
    if last.op_type != "Softmax" or axis not in (-1, 1) or ranks != [2] or last.output[0] != graph.output[0].name:
        return False
    graph.output[0].name = last.input[0]
    graph.node.remove(last)
    return True


def _to_keras(model: Any, inputs: Sequence[Input], path: Path) -> Any:
    import onnx2keras
    from onnx2keras.layers import AVAILABLE_CONVERTERS

    unknown = sorted({node.op_type for node in model.graph.node} - set(AVAILABLE_CONVERTERS))
    if unknown:
        raise UnsupportedOp(
            f"{path} has the ONNX operators {', '.join(unknown)}, which onnx2keras does not convert: "
            "replace them before the export."
        )
    try:
        return onnx2keras.onnx_to_keras(
            model,
            [one.name for one in inputs],
            input_shapes=[list(one.file_shape) for one in inputs],
            verbose=False,
            change_ordering=True,
        )
    except Exception as error:  # whatever it or Keras raises on a graph that it does not understand
        raise ModelError(
            f"onnx2keras can't convert {path} ({first_line(error)}): export a plainer graph, or the model as .keras."
        ) from None


def _check(path: Path, model: Any, inputs: Sequence[Input], opened: Opened, examples: Sequence[Example]) -> None:
    """Raise ModelError unless the converted model computes what ONNX's reference computes."""
    from onnx.reference import ReferenceEvaluator

    reference = ReferenceEvaluator(model)
    for example in examples:
        feeds = {one.name: np.moveaxis(x, -1, 1) for one, x in zip(inputs, example, strict=True)}
        for number, (wanted, y) in enumerate(zip(reference.run(None, feeds), opened.run(example), strict=True)):
            if not _same(np.asarray(wanted), y):
                raise ModelError(
                    f"onnx2keras made of {path} a model that computes something else in output {number} of shape "
                    f"{np.shape(wanted)}: export the model with its classes or features as outputs, or as .keras."
                )


def _same(wanted: Array, y: Array) -> bool:
    """Whether both have the same values, those of an output with channels first moved last."""
    if wanted.ndim > 2 and wanted.shape != y.shape:
        wanted = np.moveaxis(wanted, 1, -1)
    return wanted.size == y.size and bool(
        np.allclose(wanted.ravel(), y.ravel(), rtol=0, atol=TOLERANCE * max(1e-6, float(np.abs(wanted).max())))
    )
