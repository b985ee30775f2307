"""ONNX files as float functions, by way of Keras: onnx2keras makes a model with channels last of a graph that has them
first, which takes guessing, so what it made is held against ONNX's own reference on the first examples."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gen.errors import ModelError, UnsupportedOp
from gen.importer import weight_files
from gen.importer.calibration import Example, Input
from gen.importer.from_keras import of_keras
from gen.importer.onnx_graph import Graph, to_float32
from gen.importer.opened import Opened, Options, first_line, fixed_shape
from gen.learn import tensorflow
from gen.model.graph import Array

CHECKED = 3  # examples; ONNX's reference is slow
TOLERANCE = 1e-4  # of the largest output: float32 sums in another order differ by far less


def open_onnx(path: Path, options: Options) -> Opened:
    """Raises ModelError (no ONNX model, a conversion that computes something else), UnsupportedOp, UsageError (a file
    of weights is missing). Nothing in an ONNX file can run, so options.trust changes nothing."""
    tensorflow.start_tensorflow()
    import keras
    import onnx

    weight_files.onnx_weights(path)
    try:
        onnx.checker.check_model(str(path))
        model = onnx.load(str(path))
    except Exception as error:  # protocol buffers' and the checker's own
        raise ModelError(f"{path} is not a valid ONNX model ({first_line(error)}): export it again.") from None
    notes = ("its 16-bit floats became float32, from which it is quantized",) if to_float32(model) else ()
    graph = model.graph
    constants = {one.name for one in graph.initializer}
    inputs = tuple(_input(path, value) for value in graph.input if value.name not in constants)
    original = onnx.ModelProto()
    original.CopyFrom(model)
    softmax = _cut_softmax(graph)
    series = Graph(model, {one.name: [1, *one.file_shape] for one in inputs}, path).prepare()
    keras.backend.clear_session()
    converted = _to_keras(model, [_rows_shape(one) if series else one.file_shape for one in inputs], inputs, path)
    if series:
        ranks = [len(one.type.tensor_type.shape.dim) for one in original.graph.output]
        converted = _without_rows(converted, inputs, ranks)
    if softmax:
        outputs = keras.layers.Softmax(name="softmax")(converted.outputs[0])
        converted = keras.Model(converted.inputs, outputs)
    opened = of_keras(converted, path, channels_first=True)
    if [one.shape for one in opened.inputs] != [one.shape for one in inputs]:
        raise ModelError(f"{path} was converted with other inputs than it has: export it with fixed input shapes.")

    def convert(examples: Sequence[Example]) -> bytes:
        _check(path, original, inputs, opened, examples[:CHECKED])
        return opened.convert(examples)

    # With the file's names, which Keras may have changed.
    told = tuple(replace(one, units=made.units) for one, made in zip(inputs, opened.inputs, strict=True))
    return Opened(told, opened.run, convert, notes, opened.layers)


def _rows_shape(one: Input) -> tuple[int, ...]:
    """file_shape with a series as an image of one row, see convert_onnx_graph."""
    shape = one.file_shape
    return (shape[0], 1, shape[1]) if len(shape) == 2 else shape


def _without_rows(model: Any, inputs: Sequence[Input], ranks: Sequence[int]) -> Any:
    """The Keras model with its series, images of one row inside, as steps x channels at its inputs and outputs. ranks:
    of the file's outputs."""
    import keras

    outer = [keras.Input(one.shape[1:], name=x.name) for one, x in zip(inputs, model.inputs, strict=True)]
    rows = [keras.layers.Reshape(x.shape[1:])(one) for one, x in zip(outer, model.inputs, strict=True)]
    found = model(rows if len(rows) > 1 else rows[0])
    ends = [
        keras.layers.Reshape(y.shape[2:])(y) if rank == 3 and len(y.shape) == 4 else y
        for y, rank in zip(found if isinstance(found, list | tuple) else [found], ranks, strict=True)
    ]
    return keras.Model(outer, ends)


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


def _to_keras(model: Any, shapes: Sequence[Sequence[int]], inputs: Sequence[Input], path: Path) -> Any:
    import onnx2keras
    from onnx2keras.layers import AVAILABLE_CONVERTERS

    unknown: dict[str, list[str]] = {}
    for node in model.graph.node:
        if node.op_type not in AVAILABLE_CONVERTERS:
            unknown.setdefault(node.op_type, []).append(node.name or node.output[0])
    if unknown:
        told = (f"{op} ({', '.join(names)})" for op, names in sorted(unknown.items()))
        raise UnsupportedOp(
            f"{path} has the ONNX operators {', '.join(told)}, which onnx2keras does not convert: "
            "replace them before the export."
        )
    try:
        return onnx2keras.onnx_to_keras(
            model,
            [one.name for one in inputs],
            input_shapes=[list(shape) for shape in shapes],
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
    """Whether both have the same values, in the same order or with the channels, at axis 1 of wanted, moved last. The
    shapes alone don't tell which, where as many channels as rows and columns are."""
    moved = np.moveaxis(wanted, 1, -1) if wanted.ndim > 2 else wanted
    slack = TOLERANCE * max(1e-6, float(np.abs(wanted).max()))
    return any(
        one.shape == y.shape and bool(np.allclose(one, y, rtol=0, atol=slack))
        for one in (wanted, moved, wanted.reshape(y.shape) if wanted.size == y.size else wanted)
    )
