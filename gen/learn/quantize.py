"""Float model -> int8 .tflite (per channel, int8 input and output), and numbers across the int8 border."""

from collections.abc import Callable, Sequence
from typing import Any

from gen.learn.objective import CLASSIFY, Objective
from gen.learn.train import FloatModel
from gen.model import tflite
from gen.model.graph import Array
from gen.model.quantized import QuantizedModel

REPRESENTATIVE = 500  # examples that the converter takes the activations' ranges from


def quantize(model: FloatModel, x: Array, name: str) -> QuantizedModel:
    """Post-training quantization, with softmax at the end of a classifier; x, NHWC from the training split, gives the
    ranges."""
    content = convert(model.keras, x[:REPRESENTATIVE], model.objective)
    return QuantizedModel(content, tflite.read(content, name), name)


def convert(model: Any, x: Array, objective: Objective = CLASSIFY) -> bytes:
    """The .tflite of a Keras model that ends in logits, or in elements where the objective is to reconstruct; batch 1.
    The same model gives the same bytes."""
    import keras
    import tensorflow as tf

    keras.backend.clear_session()  # or names in the file would count the models made before
    inputs = keras.Input(batch_shape=(1, *x.shape[1:]), name="x")
    end = [keras.layers.Softmax(name="softmax")] if objective.softmax else []
    if isinstance(model, keras.Sequential):
        fixed = keras.Sequential([inputs, *model.layers, *end], name="m")
    else:
        same = keras.models.clone_model(model, input_tensors=inputs, clone_function=lambda layer: layer)
        fixed = keras.Model(inputs, end[0](same.output) if end else same.output, name="m")
    return to_int8(tf.lite.TFLiteConverter.from_keras_model(fixed), [[image[None]] for image in x])


def to_int8(
    converter: Any, examples: Sequence[Sequence[Array]], rewrite: Callable[[bytes], bytes] | None = None
) -> bytes:
    """What a tf.lite.TFLiteConverter makes with every tensor int8, weights per channel; examples, of float32, an array
    for each input, give the ranges. rewrite: changes the float .tflite before it is quantized. Raises whatever the
    converter raises."""
    import tensorflow as tf

    if rewrite is not None:
        plain, change = converter._quantize, rewrite  # the only place between its two halves
        converter._quantize = lambda content, *arguments: plain(change(content), *arguments)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (list(example) for example in examples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return bytes(converter.convert())
