"""Keras files and SavedModels as float functions of a fixed batch of 1, and those as int8 .tflite."""

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gen.errors import ModelError
from gen.importer import trust
from gen.importer.affine import affine_to_depthwise
from gen.importer.calibration import Example, Input
from gen.importer.function_graph import FrozenGraph
from gen.importer.opened import Opened, Options, first_line, fixed_shape
from gen.learn import quantize, tensorflow
from gen.model.graph import Array

HDF5 = b"\x89HDF\r\n\x1a\n"  # the first bytes of an HDF5 file
SIGNATURE = "serving_default"  # the name that Keras and TensorFlow give a SavedModel's function
HALF_TYPES = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16")  # dtypes and policies of Keras


def open_keras(path: Path, options: Options) -> Opened:
    """A .keras or .h5 file. Raises ModelError (Keras can't build it, code that is not trusted, inputs that can't be
    used)."""
    if not (zipfile.is_zipfile(path) or _start(path) == HDF5):
        raise ModelError(f"{path} is not a complete .keras or .h5 file of Keras: save or copy the model again.")
    if not options.trust:
        trust.check_keras(path)
    tensorflow.start_tensorflow()
    import keras

    keras.backend.clear_session()  # or names in the file would count the models made before
    if options.trust:
        keras.config.enable_unsafe_deserialization()
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=not options.trust)
        model, notes = _as_float32(model)
    except Exception as error:  # whatever the file's layers raise
        raise ModelError(
            f"Keras can't load {path} ({first_line(error)}): save it with a current Keras, and with Keras's own layers."
        ) from None
    if not getattr(model, "inputs", None):  # which a model that was never built does not have
        raise ModelError(f"{path} has no inputs: begin the model with keras.Input(shape), and save it again.")
    return replace(of_keras(model, path), notes=notes)


def _as_float32(model: Any) -> tuple[Any, tuple[str, ...]]:
    """A model that computes, or keeps weights, in 16-bit floats as one of float32, and a note that says so."""
    config = model.get_config()
    changed = _without_half(config)
    if changed == config:
        return model, ()
    weights = model.get_weights()
    converted = type(model).from_config(changed)
    converted.set_weights([array.astype("float32") for array in weights])
    return converted, ("its 16-bit floats became float32, from which it is quantized",)


def _without_half(config: Any) -> Any:
    """A configuration with every 16-bit dtype and policy replaced by float32."""
    if isinstance(config, dict):
        return {
            key: "float32" if key in ("dtype", "name") and value in HALF_TYPES else _without_half(value)
            for key, value in config.items()
        }
    if isinstance(config, list | tuple):
        return type(config)(map(_without_half, config))
    return config


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(HDF5))


def of_keras(model: Any, path: Path, *, channels_first: bool = False) -> Opened:
    """A Keras model in memory; path names it in errors. channels_first: as the file has its inputs, not the model."""
    import keras

    inputs = tuple(_input(path, tensor.name, tensor, channels_first=channels_first) for tensor in model.inputs)
    # Of a model with a dictionary or nested lists of inputs: one with the same inputs, and outputs, in a row.
    flat = keras.Model(list(model.inputs), list(model.outputs))

    def call(*arrays: Any) -> Any:
        return flat(list(arrays), training=False)

    return _opened(path, inputs, call)


def open_saved_model(path: Path, options: Options) -> Opened:
    """A SavedModel's folder, its inputs in the order of their names. Raises ModelError (no such signature, operators
    that are not trusted, inputs that can't be used)."""
    tensorflow.start_tensorflow()
    import tensorflow as tf

    if not options.trust:
        trust.check_saved_model(path)

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

    return _opened(path, inputs, call)


def _input(path: Path, name: str, tensor: Any, *, channels_first: bool = False) -> Input:
    import tensorflow as tf

    dtype = tf.as_dtype(tensor.dtype).name
    shape = None if tensor.shape is None else tuple(tensor.shape)
    return Input(name, fixed_shape(path, name, shape, dtype), channels_first)


def _opened(path: Path, inputs: tuple[Input, ...], call: Callable[..., Any]) -> Opened:
    """Raises UnsupportedOp, ModelError where the function can't become int8."""
    import tensorflow as tf

    specs = [tf.TensorSpec(one.shape, tf.float32, name=one.name) for one in inputs]
    function = tf.function(call, autograph=False).get_concrete_function(*specs)
    frozen = FrozenGraph(function)
    frozen.require_convertible(path)
    told = tuple(replace(one, units=frozen.units(number)) for number, one in enumerate(inputs))

    def run(example: Example) -> list[Array]:
        return [output.numpy() for output in tf.nest.flatten(call(*map(tf.constant, example)))]

    def convert(examples: Sequence[Example]) -> bytes:
        # Without the object that holds the variables they become constants, as the int8 converter needs them.
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
        return quantize.to_int8(converter, examples, affine_to_depthwise)

    return Opened(told, run, convert, layers=frozen.layers())
