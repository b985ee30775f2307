"""Numbers in natural units and as a model stores them."""

import numpy as np

from gen.model import reference
from gen.model.graph import DTYPES, Array, Graph, Tensor

BATCH = 64  # examples that the reference computes at once


def quantize_input(graph: Graph, x: Array) -> list[Array]:
    """x, float in natural units, as the graph's only input takes it: an integer, or float32 when that is its type.

    As TFLite's AffineQuantize: float32 division, half away from zero, saturated."""
    return [quantize_tensor(graph.tensors[graph.inputs[0]], x)]


def quantize_tensor(tensor: Tensor, x: Array) -> Array:
    """x, float in natural units, as the tensor's dtype, an integer's or float32, and shape; see quantize_input()."""
    if tensor.dtype == "float32":
        return x.astype(np.float32).reshape(tensor.shape)
    scale, zero_point = _scaling(tensor)
    ratio = (x.astype(np.float32) / np.float32(scale)).astype(np.float64)
    rounded = np.copysign(np.floor(np.abs(ratio) + 0.5), ratio)
    limits = np.iinfo(DTYPES[tensor.dtype])
    clipped = np.clip(rounded + zero_point, limits.min, limits.max)
    stored: Array = clipped.astype(DTYPES[tensor.dtype]).reshape(tensor.shape)
    return stored


def dequantize_output(graph: Graph, y: Array) -> Array:
    """The graph's first output, int8 -> float32 in natural units; a float output stays."""
    return dequantize_tensor(graph.tensors[graph.outputs[0]], y)


def dequantize_tensor(tensor: Tensor, y: Array) -> Array:
    """y of the tensor's dtype -> float32 in natural units; float values stay."""
    if tensor.dtype == "float32":
        return y
    scale, zero_point = _scaling(tensor)
    return (y.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)


def _scaling(tensor: Tensor) -> tuple[float, int]:
    """Scale and zero point; integers that have none, such as samples of sound, mean themselves."""
    return (1.0, 0) if tensor.quant is None else (tensor.scale, tensor.zero_point)


def outputs(graph: Graph, x: Array) -> Array:
    """The graph's first output for each example in x (NHWC, float), computed in int8 by the NumPy reference: N x ...,
    float32 in natural units."""
    step = BATCH if reference.batched(graph, BATCH) else 1
    computed = []
    for start in range(0, len(x), step):
        part = x[start : start + step]
        several = reference.batched(graph, len(part)) or graph
        computed.append(dequantize_output(several, reference.outputs(several, quantize_input(several, part))[0]))
    return np.concatenate(computed)
