"""python -m models.mlperf [ad kws ic vww sww] [--folder FOLDER]: write <name>.tflite for each."""

import argparse
import sys
from pathlib import Path
from typing import Any

from gen.errors import GenError, unknown
from gen.learn.tensorflow import quiet, require_train_extra, start_tensorflow
from gen.model.graph import Array
from models.mlperf import BENCHMARKS, FOLDER, Benchmark

EXAMPLES = 64  # of them the batch normalization takes its statistics and the converter its ranges


def generate(benchmark: Benchmark) -> bytes:
    """The .tflite, batch 1, int8 input and output. start_tensorflow() comes first."""
    import keras

    x = benchmark.examples(EXAMPLES, benchmark.seed)
    keras.utils.set_random_seed(benchmark.seed)
    keras.backend.clear_session()  # or names in the file would count the models made before
    inputs = keras.Input(benchmark.shape, name="x")
    model = keras.Model(inputs, benchmark.build(inputs), name="m")
    model(x, training=True)
    return _convert(model, x)


def _convert(model: Any, x: Array) -> bytes:
    """Fully connected weights get one scale for the tensor, as in the published files."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([one[None]] for one in x)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return bytes(converter.convert())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m models.mlperf", description="Write the benchmark models again.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write; default: models/mlperf")
    args = parser.parse_args()
    try:
        for name in set(args.names) - set(BENCHMARKS):
            raise unknown("benchmark model", name, BENCHMARKS, "python -m models.mlperf --help")
        require_train_extra()
    except GenError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    start_tensorflow()
    args.folder.mkdir(parents=True, exist_ok=True)
    for name in args.names or BENCHMARKS:
        with quiet():
            content = generate(BENCHMARKS[name])
        (args.folder / f"{name}.tflite").write_bytes(content)
        print(f"{args.folder / name}.tflite: {len(content)} bytes, {BENCHMARKS[name].title}")
    return 0


sys.exit(main())
