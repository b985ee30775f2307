"""What TFLite's converter makes of tf.cond and tf.while_loop, by the reference and both engines."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gen.learn import tensorflow
from gen.model import reference, tflite
from gen.model.graph import Role
from gen.model.support import require_supported
from tests import programs
from tests.kernels.targets import TARGETS
from tests.tiny import tflm_sequence


def converted(function: Callable[..., Any], *specs: Any, quantized: bool) -> bytes:
    import tensorflow as tf

    concrete = tf.function(function, input_signature=specs).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    if quantized:

        def representative() -> Iterator[list[Any]]:
            for seed in range(8):
                yield [np.random.default_rng(seed).normal(size=spec.shape).astype(np.float32) for spec in specs]

        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = representative
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    with tensorflow.quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the converter's own
        content: bytes = converter.convert()
    return content


def functions() -> dict[str, bytes]:
    """In int32: a branch in a loop that an input ends; in int8, with float32 between subgraphs: both apart."""
    tensorflow.start_tensorflow()
    import tensorflow as tf

    weights = tf.constant(np.random.default_rng(0).normal(size=(6, 6)).astype(np.float32) * 0.3)

    def counting(x: Any, n: Any) -> Any:
        def body(i: Any, y: Any) -> Any:
            return i + 1, tf.cond(tf.equal(i, 2), lambda: y * 2, lambda: y + x)

        return tf.while_loop(lambda i, y: i < n, body, [tf.constant(0), x])[1]

    def layers(x: Any) -> Any:
        step = lambda i, y: (i + 1, tf.nn.relu(y @ weights))  # noqa: E731
        return tf.while_loop(lambda i, y: i < 4, step, [tf.constant(0), x])[1]

    def gated(x: Any) -> Any:
        return tf.cond(tf.reduce_max(x) > 1.0, lambda: tf.nn.relu(x @ weights), lambda: x + x)

    row = tf.TensorSpec((1, 6), tf.float32)
    numbers = (tf.TensorSpec((4,), tf.int32), tf.TensorSpec((), tf.int32))
    return {
        "counting": converted(counting, *numbers, quantized=False),
        "layers": converted(layers, row, quantized=True),
        "gated": converted(gated, row, quantized=True),
    }


def test_what_the_converter_makes_is_exact(tmp_path: Path) -> None:
    cases = []
    for name, content in functions().items():
        graph = tflite.read(content, name)
        require_supported(graph, name)
        assert any(op.role in (Role.BRANCH, Role.LOOP) for op in graph.ops)
        case = programs.case(name, content, graph)
        for ours, theirs in zip(case.truth, tflm_sequence(content, case.vectors), strict=True):
            assert [a.tobytes() for a in ours] == [a.tobytes() for a in theirs]
        drawn = [reference.random_inputs(graph, number, 1) for number in range(20)]
        assert len({outputs[0].tobytes() for outputs in reference.sequence(graph, drawn)}) > 3
        cases.append(case)
    for make in (programs.tflm, lambda *how: programs.aot(how[0], how[1], ["balanced"], how[2])):
        assert make(cases, TARGETS["host"], tmp_path).differences() == []
