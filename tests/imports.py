"""Float models made, imported and compared, for tests of the import."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gen.importer import float_file
from gen.importer.opened import UNTRUSTED, Options
from gen.learn import tensorflow
from gen.model import reference, tflite, values
from gen.model.graph import Array


def quantized(path: Path, examples: Path, options: Options = UNTRUSTED) -> float_file.Converted:
    """convert.convert(), in this process, without what the converters print."""
    with tensorflow.quiet():
        return float_file.convert(path, examples, options)


def outputs(content: bytes, *x: Array) -> list[Array]:
    """The int8 model's outputs in natural units, for one example's inputs in natural units."""
    graph = tflite.read(content, "m")
    inputs = [values.quantize_tensor(graph.tensors[i], one) for i, one in zip(graph.inputs, x, strict=True)]
    found = reference.outputs(graph, inputs)
    return [values.dequantize_tensor(graph.tensors[i], y) for i, y in zip(graph.outputs, found, strict=True)]


def kinds(content: bytes) -> list[str]:
    return [op.kind for op in tflite.read(content, "m").ops]


def worst_steps(content: bytes, x: Array, wanted: Array) -> float:
    """The largest difference of the first output from wanted, N x ..., for x, N x ..., in steps of its scale."""
    graph = tflite.read(content, "m")
    found = np.stack([outputs(content, one[None])[0].ravel() for one in x])
    return float(np.abs(found - wanted.reshape(found.shape)).max()) / graph.tensors[graph.outputs[0]].scale


def keras() -> Any:
    """The module, with TensorFlow as start_tensorflow() starts it, from a fixed seed."""
    with tensorflow.quiet():
        tensorflow.start_tensorflow()
        import keras

        keras.utils.set_random_seed(7)
    return keras


def save(model: Any, path: Path) -> Path:
    """The path, at which the Keras model lies then: a SavedModel where it has no suffix."""
    with tensorflow.quiet():
        model.save(path) if path.suffix else model.export(path, verbose=False)
    return path


def shake(model: Any) -> Any:
    """The model with the statistics and factors of its BatchNormalization layers far from where they begin."""
    rng = np.random.default_rng(3)
    for layer in model.layers:
        if type(layer).__name__ == "BatchNormalization":
            shapes = [weights.shape for weights in layer.get_weights()]
            layer.set_weights([rng.uniform(0.3, 2, shape).astype(np.float32) for shape in shapes])
    return model


def onnx_model(
    path: Path,
    nodes: Sequence[Any],
    x: Sequence[int],
    y: Sequence[int],
    constants: dict[str, Array],
    *,
    dtype: str = "FLOAT",
) -> Any:
    """An ONNX file of one input x and one output y of these shapes."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    kind = getattr(TensorProto, dtype)
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", kind, x)],
        [helper.make_tensor_value_info("y", kind, y)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return model
