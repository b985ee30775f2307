"""A second opinion: upstream TFLM as the package tflite-micro carries it (Linux x86-64 only)."""

from collections.abc import Sequence
from importlib import metadata, util

from gen.errors import Mismatch
from gen.graph import Array, Graph

OWN = "NumPy reference with TFLM's rounding"


def available() -> bool:
    return util.find_spec("tflite_micro") is not None


def outputs(content: bytes, vectors: Sequence[list[Array]], count: int) -> list[list[Array]]:
    """What TFLM's reference kernels compute: for each vector the `count` outputs of the .tflite content."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(content, arena_size=len(content) * 10 + (1 << 20))
    results = []
    for inputs in vectors:
        for index, array in enumerate(inputs):
            interpreter.set_input(array, index)
        interpreter.invoke()
        results.append([interpreter.get_output(i) for i in range(count)])
    return results


def confirm(graph: Graph, content: bytes, vectors: Sequence[list[Array]], truth: Sequence[list[Array]]) -> str:
    """The name of the reference for a report. Raises Mismatch should upstream TFLM ever disagree with ours."""
    if not available():
        return f"{OWN} (tflite-micro is not installed, so unconfirmed here)"
    if any(op.kind == "depthwise_conv_2d" and graph.optional_input(op, 2) is None for op in graph.ops):
        return f"{OWN} (unconfirmed: tflite-micro crashes on a DEPTHWISE_CONV_2D without bias)"
    theirs = outputs(content, vectors, len(truth[0]))
    for number, (ours, other) in enumerate(zip(truth, theirs, strict=True)):
        if any(a.tobytes() != b.tobytes() for a, b in zip(ours, other, strict=True)):
            raise Mismatch(
                f"the host reference and tflite-micro disagree on vector {number}: this is a bug in the generator, "
                "please report it with the model."
            )
    return f"{OWN}, confirmed by tflite-micro {metadata.version('tflite-micro')}"
