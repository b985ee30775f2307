"""Keras files and SavedModels as float functions of a fixed batch of 1, and those as int8 .tflite."""

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gen import quantize
from gen.calibration import Example, Input
from gen.convert_model import Opened, first_line, fixed_shape
from gen.errors import ModelError
from gen.graph import Array

HDF5 = b"\x89HDF\r\n\x1a\n"  # the first bytes of an HDF5 file
SIGNATURE = "serving_default"  # the name that Keras and TensorFlow give a SavedModel's function


def open_keras(path: Path) -> Opened:
    """A .keras or .h5 file. Raises ModelError (Keras can't build it, inputs that can't be used)."""
    import keras

    if not (zipfile.is_zipfile(path) or _start(path) == HDF5):
        raise ModelError(f"{path} is not a whole .keras or .h5 file of Keras: save or copy the model again.")
    keras.backend.clear_session()  # or names in the file would count the models made before
    try:
        model = keras.models.load_model(path, compile=False)
    except Exception as error:  # whatever the file's layers raise
        raise ModelError(
            f"Keras can't load {path} ({first_line(error)}): save it with a current Keras, and with Keras's own layers."
        ) from None
    if not getattr(model, "inputs", None):  # which a model that was never built does not have
        raise ModelError(f"{path} has no inputs: begin the model with keras.Input(shape), and save it again.")
    return of_keras(model, path)


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(HDF5))


def of_keras(model: Any, path: Path, *, channels_first: bool = False) -> Opened:
    """A Keras model in memory; path names it in errors. channels_first: as the file has its inputs, not the model."""
    inputs = tuple(_input(path, tensor.name, tensor, channels_first=channels_first) for tensor in model.inputs)

    def call(*arrays: Any) -> Any:
        return model(arrays[0] if len(arrays) == 1 else list(arrays), training=False)

    return _opened(inputs, call)


def open_saved_model(path: Path) -> Opened:
    """A SavedModel's folder, its inputs in the order of their names. Raises ModelError (no such signature, inputs that
    can't be used)."""
    import tensorflow as tf

    try:
        loaded = tf.saved_model.load(str(path))
    except Exception as error:  # the file is protocol buffers of anyone's making
        raise ModelError(f"TensorFlow can't load {path} ({first_line(error)}): save it again.") from None
    if SIGNATURE not in loaded.signatures:
        found = ", ".join(loaded.signatures) or "none"
        raise ModelError(
            f"{path} has no signature {SIGNATURE!r} (it has {found}): save it with `model.export(folder)` of Keras, "
            f"or with signatures={{{SIGNATURE!r}: function}}."
        )
    function = loaded.signatures[SIGNATURE]
    # By name: the file has them in no order, and TensorFlow gives them in another one at every start.
    specs = dict(sorted(function.structured_input_signature[1].items()))
    if not specs:
        raise ModelError(f"{path} has a signature {SIGNATURE!r} without inputs: save one of the model's function.")
    inputs = tuple(_input(path, name, specs[name]) for name in specs)

    def call(*arrays: Any) -> Any:
        # Not `function`, which does not keep its variables alive: `loaded` does.
        return loaded.signatures[SIGNATURE](**dict(zip(specs, arrays, strict=True)))

    return _opened(inputs, call)


def _input(path: Path, name: str, tensor: Any, *, channels_first: bool = False) -> Input:
    import tensorflow as tf

    dtype = tf.as_dtype(tensor.dtype).name
    shape = None if tensor.shape is None else tuple(tensor.shape)
    return Input(name, fixed_shape(path, name, shape, dtype), channels_first)


def _opened(inputs: tuple[Input, ...], call: Callable[..., Any]) -> Opened:
    import tensorflow as tf

    specs = [tf.TensorSpec(one.shape, tf.float32, name=one.name) for one in inputs]
    function = tf.function(call, autograph=False).get_concrete_function(*specs)

    def run(example: Example) -> list[Array]:
        return [output.numpy() for output in tf.nest.flatten(call(*map(tf.constant, example)))]

    def convert(examples: Sequence[Example]) -> bytes:
        # Without the object that holds the variables they become constants, as the int8 converter needs them.
        return quantize.to_int8(tf.lite.TFLiteConverter.from_concrete_functions([function]), examples)

    return Opened(inputs, run, convert)
