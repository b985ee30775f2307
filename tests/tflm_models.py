"""Tiny models that together use every operator and most of their variants, for tests of the engine tflm."""

import numpy as np

from gen.model import reference, tflite
from gen.model.graph import Array, Graph
from tests import front_end, operator_models, recurrent, shared
from tests.operator_models import alike, biases, int8, scales_of
from tests.tiny import CALL_ONCE, O, T, handle, model


def convolutions() -> bytes:
    """CONV_2D (per channel, strided; grouped, dilated, no bias) and DEPTHWISE_CONV_2D (multiplier 2), fused RELUs."""
    rng = np.random.default_rng(1)
    scales = scales_of(rng, 8)
    tensors = [
        T((1, 9, 7, 4), scale=0.05, zero_point=3),
        T((8, 3, 3, 4), scale=scales, data=int8(rng, 8, 3, 3, 4)),
        T((8,), "int32", scale=[0.05 * scale for scale in scales], data=biases(rng, 8)),
        T((1, 5, 4, 8), scale=0.07, zero_point=-128),
        T((6, 2, 3, 4), scale=0.011, data=int8(rng, 6, 2, 3, 4)),
        T((1, 3, 2, 6), scale=0.09, zero_point=-10),
        T((1, 2, 2, 12), scale=scales_of(rng, 12), axis=3, data=int8(rng, 1, 2, 2, 12)),
        T((12,), "int32", scale=0.001, data=biases(rng, 12)),
        T((1, 3, 2, 12), scale=0.12, zero_point=17),
    ]
    ops = [
        O("CONV_2D", (0, 1, 2), (3,), {"strideW": 2, "strideH": 2, "fusedActivationFunction": 1}, "Conv2DOptions"),
        O("CONV_2D", (3, 4, -1), (5,),
          {"padding": 1, "strideW": 1, "strideH": 1, "dilationHFactor": 2, "fusedActivationFunction": 2},
          "Conv2DOptions"),
        O("DEPTHWISE_CONV_2D", (5, 6, 7), (8,),
          {"strideW": 1, "strideH": 1, "depthMultiplier": 2, "fusedActivationFunction": 3}, "DepthwiseConv2DOptions"),
    ]  # fmt: skip
    return model(tensors, ops, (0,), (8,))


def classifier() -> bytes:
    """AVERAGE_POOL_2D, MAX_POOL_2D, RESHAPE twice, FULLY_CONNECTED per tensor and per channel, SOFTMAX."""
    rng = np.random.default_rng(2)
    scales = scales_of(rng, 5)
    tensors = [
        T((2, 7, 6, 3), scale=0.04, zero_point=-5),
        T((2, 4, 3, 3), scale=0.04, zero_point=-5),
        T((2, 2, 2, 3), scale=0.04, zero_point=-5),
        T((2,), "int32", data=np.array([2, 12], np.int32)),
        T((2, 12), scale=0.04, zero_point=-5),
        T((2, 2, 6), scale=0.04, zero_point=-5),
        T((7, 12), scale=0.0173, data=int8(rng, 7, 12)),
        T((7,), "int32", scale=0.04 * 0.0173, data=biases(rng, 7)),
        T((2, 7), scale=0.31, zero_point=-20),
        T((5, 7), scale=scales, data=int8(rng, 5, 7)),
        T((2, 5), scale=0.19, zero_point=4),
        T((2, 5), scale=1 / 256, zero_point=-128),
    ]
    pool = {"strideW": 2, "strideH": 2, "filterWidth": 3, "filterHeight": 2}
    ops = [
        O("AVERAGE_POOL_2D", (0,), (1,), pool, "Pool2DOptions"),
        O("MAX_POOL_2D", (1,), (2,), pool | {"filterWidth": 2, "filterHeight": 3}, "Pool2DOptions"),
        O("RESHAPE", (2, 3), (4,)),
        O("RESHAPE", (4,), (5,), {"newShape": [2, 2, 6]}, "ReshapeOptions"),
        O("FULLY_CONNECTED", (5, 6, 7), (8,), {"fusedActivationFunction": 1}, "FullyConnectedOptions"),
        O("FULLY_CONNECTED", (8, 9, -1), (10,), {}, "FullyConnectedOptions"),
        O("SOFTMAX", (10,), (11,), {"beta": 1.3}, "SoftmaxOptions"),
    ]
    return model(tensors, ops, (0,), (11,))


def elementwise() -> bytes:
    """QUANTIZE from float and from int8, ADD (broadcast, with a constant), RELU, RELU6, LOGISTIC, DEQUANTIZE."""
    rng = np.random.default_rng(3)
    shape = (2, 3, 4)
    tensors = [
        T(shape, "float32"),
        T(shape, scale=0.031, zero_point=7),
        T(shape, scale=0.044, zero_point=-9),
        T((3, 1), scale=0.02, zero_point=1, data=int8(rng, 3, 1)),
        T(shape, scale=0.06, zero_point=-3),
        T(shape, scale=0.05, zero_point=-30),
        T(shape, scale=0.03, zero_point=-128),
        T(shape, scale=0.09, zero_point=2),
        T(shape, scale=1 / 256, zero_point=-128),
        T(shape, "float32"),
    ]
    ops = [
        O("QUANTIZE", (0,), (1,)),
        O("QUANTIZE", (1,), (2,)),
        O("ADD", (2, 3), (4,), {}, "AddOptions"),
        O("RELU", (4,), (5,)),
        O("RELU6", (5,), (6,)),
        O("ADD", (6, 1), (7,), {"fusedActivationFunction": 3}, "AddOptions"),
        O("LOGISTIC", (7,), (8,)),
        O("DEQUANTIZE", (8,), (9,)),
    ]
    return model(tensors, ops, (0,), (9, 5))


def shapes() -> bytes:
    """PAD (int32 and int64 paddings), PADV2, CONCATENATION of four and of a constant, MEAN over several axes."""
    rng = np.random.default_rng(4)
    tensors = [
        alike((1, 3, 4, 2)),
        T((4, 2), "int32", data=np.array([[0, 0], [1, 2], [0, 0], [3, 0]], np.int32)),
        alike((1, 6, 4, 5)),
        T((4, 2), "int64", data=np.array([[0, 1], [0, 0], [2, 0], [0, 0]], np.int64)),
        alike((2, 6, 6, 5)),
        alike((1,), data=np.array([77], np.int8)),
        T((4, 2), "int32", data=np.zeros((4, 2), np.int32)),
        alike((2, 6, 6, 5)),
        alike((2, 6, 6, 3), data=int8(rng, 2, 6, 6, 3)),
        alike((2, 6, 6, 18)),
        T((2,), "int32", data=np.array([1, 2], np.int32)),
        T((2, 18), scale=0.02, zero_point=5),
        T((2,), "int32", data=np.array([-1, 0], np.int32)),
        T((1, 6, 6, 1), scale=0.06, zero_point=-1),
    ]
    ops = [
        O("PAD", (0, 1), (2,), {}, "PadOptions"),
        O("PADV2", (2, 3, 5), (4,), {}, "PadV2Options"),
        O("PAD", (4, 6), (7,), {}, "PadOptions"),
        O("CONCATENATION", (4, 8, 7, 4), (9,), {"axis": -1}, "ConcatenationOptions"),
        O("MEAN", (9, 10), (11,), {}, "ReducerOptions"),
        O("MEAN", (9, 12), (13,), {"keepDims": True}, "ReducerOptions"),
    ]
    return model(tensors, ops, (0,), (11, 13))


def two_inputs() -> bytes:
    """An input that is only used at the end, one that is an output too, and a RESHAPE of an input."""
    tensors = [alike((4, 6)), alike((4, 6)), alike((24,)), T((4, 6), scale=0.07), T((4, 6), scale=0.08)]
    ops = [
        O("RESHAPE", (0,), (2,)),
        O("ADD", (0, 0), (3,), {}, "AddOptions"),
        O("ADD", (3, 1), (4,), {}, "AddOptions"),
    ]
    return model(tensors, ops, (0, 1), (4, 2, 1))


def families() -> bytes:
    """SUB, MUL (broadcast, fused RELU), MAXIMUM with a constant, MINIMUM, TANH, STRIDED_SLICE (backwards)."""
    rng = np.random.default_rng(6)
    shape = (1, 4, 5, 6)
    whole = T(shape, scale=0.04, zero_point=-5)
    tensors = [
        whole,
        T((5, 1), scale=0.03, zero_point=9, data=int8(rng, 5, 1)),
        T(shape, scale=0.05, zero_point=3),
        T(shape, scale=0.002, zero_point=-128),
        T((1,), data=int8(rng, 1), scale=0.05),
        T(shape, scale=0.05, zero_point=1),
        T(shape, scale=0.04, zero_point=2),
        T(shape, scale=1 / 128),
        T((4,), "int32", data=np.array([0, -1, 4, 1], np.int32)),
        T((4,), "int32", data=np.array([1, -9, 0, 6], np.int32)),
        T((4,), "int32", data=np.array([1, -2, -1, 1], np.int32)),
        T((1, 2, 5), scale=1 / 128),
    ]
    ops = [
        O("SUB", (0, 1), (2,), {}, "SubOptions"),
        O("MUL", (1, 2), (3,), {"fusedActivationFunction": 1}, "MulOptions"),
        O("MAXIMUM", (3, 4), (5,), {}, "MaximumMinimumOptions"),
        O("MINIMUM", (5, 0), (6,), {}, "MaximumMinimumOptions"),
        O("TANH", (6,), (7,)),
        O("STRIDED_SLICE", (7, 8, 9, 10), (11,), {"beginMask": 4, "endMask": 4, "shrinkAxisMask": 8},
          "StridedSliceOptions"),
    ]  # fmt: skip
    return model(tensors, ops, (0,), (11, 3))


def several() -> bytes:
    """SPLIT, SPLIT_V and UNPACK, some of whose outputs nobody reads or are the model's; PACK of two."""
    numbers = [T((1,), "int32", data=np.array([n], np.int32)) for n in (-1, 1)]
    tensors = [
        *numbers,
        T((2,), "int32", data=np.array([1, 3], np.int32)),
        alike((2, 4, 6)),
        *(alike((2, 4, 2)) for _ in range(3)),
        alike((2, 1, 2)),
        alike((2, 3, 2)),
        *(alike((3, 2)) for _ in range(2)),
        alike((3, 2, 2)),
    ]
    ops = [
        O("SPLIT", (0, 3), (4, 5, 6), {"numSplits": 3}, "SplitOptions"),
        O("SPLIT_V", (5, 2, 1), (7, 8), {"numSplits": 2}, "SplitVOptions"),
        O("UNPACK", (8,), (9, 10), {"num": 2}, "UnpackOptions"),
        O("PACK", (10, 9), (11,), {"axis": 1, "valuesCount": 2}, "PackOptions"),
    ]
    return model(tensors, ops, (3,), (11, 4, 7))


def moved() -> bytes:
    """EXPAND_DIMS, RESIZE_NEAREST_NEIGHBOR, TRANSPOSE, SQUEEZE, and a RESHAPE whose shape SHAPE, STRIDED_SLICE and PACK
    compute."""

    def numbers(*values: int) -> T:
        return T((len(values),), "int32", data=np.array(values, np.int32))

    tensors = [
        alike((3, 4, 2)),
        numbers(0),
        alike((1, 3, 4, 2)),
        numbers(5, 6),
        alike((1, 5, 6, 2)),
        numbers(0, 3, 1, 2),
        alike((1, 2, 5, 6)),
        alike((2, 5, 6)),
        T((3,), "int32"),
        numbers(1),
        numbers(2),
        T((), "int32"),
        T((), "int32", data=np.array(12, np.int32)),
        T((2,), "int32"),
        alike((5, 12)),
    ]
    ops = [
        O("EXPAND_DIMS", (0, 1), (2,)),
        O("RESIZE_NEAREST_NEIGHBOR", (2, 3), (4,), {"halfPixelCenters": True}, "ResizeNearestNeighborOptions"),
        O("TRANSPOSE", (4, 5), (6,)),
        O("SQUEEZE", (6,), (7,), {"squeezeDims": [0]}, "SqueezeOptions"),
        O("SHAPE", (7,), (8,), {"outType": 2}, "ShapeOptions"),
        O("STRIDED_SLICE", (8, 9, 10, 9), (11,), {"shrinkAxisMask": 1}, "StridedSliceOptions"),
        O("PACK", (11, 12), (13,), {"valuesCount": 2}, "PackOptions"),
        O("RESHAPE", (7, 13), (14,)),
    ]
    return model(tensors, ops, (0,), (14,))


def stateful() -> bytes:
    """Two variables, as a wake word's: a delay line that moves on with each step, and a sum that starts as zeros."""
    first = T((1, 4, 1, 8), scale=0.05, zero_point=-4, data=int8(np.random.default_rng(8), 1, 4, 1, 8))
    tensors = [
        T((), "resource"),
        T((), "resource"),
        alike((1, 1, 1, 8)),
        alike((1, 4, 1, 8)),
        alike((1, 5, 1, 8)),
        *(T((4,), "int32", data=np.array(values, np.int32)) for values in ((0, 1, 0, 0), (1, 5, 1, 8), (1, 1, 1, 1))),
        alike((1, 4, 1, 8)),
        T((2,), "int32", data=np.array([1, 2], np.int32)),
        T((1, 8), scale=0.06, zero_point=3),
        T((1, 8), scale=0.06, zero_point=3),
        T((1, 8), scale=0.06, zero_point=3),
    ]
    ops = [
        CALL_ONCE,
        handle(0, "line"),
        handle(1, "sum"),
        O("READ_VARIABLE", (0,), (3,)),
        O("CONCATENATION", (3, 2), (4,), {"axis": 1}, "ConcatenationOptions"),
        O("STRIDED_SLICE", (4, 5, 6, 7), (8,), {}, "StridedSliceOptions"),
        O("ASSIGN_VARIABLE", (0, 8), ()),
        O("MEAN", (4, 9), (10,), {}, "ReducerOptions"),
        O("READ_VARIABLE", (1,), (11,)),
        O("ADD", (10, 11), (12,), {}, "AddOptions"),
        O("ASSIGN_VARIABLE", (1, 12), ()),
    ]
    return model(tensors, ops, (2,), (12,), {"line": first})


def svdf() -> bytes:
    return recurrent.svdf(np.random.default_rng(3), "int16")


def svdf_int8() -> bytes:
    return recurrent.svdf(np.random.default_rng(5), "int8")


def lstm() -> bytes:
    return recurrent.lstm(np.random.default_rng(2))


def lstm_int16() -> bytes:
    return recurrent.lstm(np.random.default_rng(4), dtype="int16")


def conversions() -> bytes:
    """QUANTIZE and CAST between float32, int8, int16, int32 and uint32, DEQUANTIZE and SOFTMAX of int16."""
    shape = (3, 7)
    tensors = [
        T(shape, "float32"),
        T(shape, "int16", 0.001),
        T(shape, scale=0.031, zero_point=7),
        T(shape, "int32", 0.0003),
        T(shape, "int16", 0.0011),
        T(shape, "float32"),
        T(shape, "uint32"),
        T(shape, "int8"),
        T(shape, "float32"),
        T(shape, "int16", 1 / 32768),
        T(shape, "int16", 1 / 65536, -(2**15)),
        T(shape, "int32", 1 / 32768),
        T((1,), "int32", data=np.array([-77], np.int32)),
        T(shape, "int32"),
        T(shape, "bool"),
    ]
    ops = [
        O("QUANTIZE", (0,), (1,)),
        O("QUANTIZE", (1,), (2,)),
        O("QUANTIZE", (2,), (3,)),
        O("QUANTIZE", (3,), (4,)),
        O("DEQUANTIZE", (4,), (5,)),
        O("CAST", (4,), (6,)),
        O("CAST", (6,), (7,)),
        O("CAST", (7,), (8,)),
        O("SOFTMAX", (1,), (9,), {"beta": 1.0}, "SoftmaxOptions"),
        O("SOFTMAX", (2,), (10,), {"beta": 1.0}, "SoftmaxOptions"),
        O("QUANTIZE", (10,), (11,)),
        O("MUL", (12, 11), (13,), {}, "MulOptions"),
        O("GREATER", (13, 3), (14,)),
    ]
    return model(tensors, ops, (0,), (5, 8, 9, 14))


def float_tail() -> bytes:
    """Two outputs: int8, and float32 behind the other's DEQUANTIZE, which is cut off."""
    tensors = [
        T((1, 12), scale=0.05),
        T((1, 12), scale=0.06, zero_point=3),
        T((1, 12), "float32"),
        T((12,), "float32", data=np.linspace(-1, 1, 12)),
        T((1, 12), "float32"),
        T((1, 12), "float32"),
        T((1, 12), scale=0.1, zero_point=-5),
    ]
    ops = [
        O("ADD", (0, 0), (1,), {}, "AddOptions"),
        O("DEQUANTIZE", (1,), (2,)),
        O("ADD", (2, 3), (4,), {}, "AddOptions"),
        O("ADD", (0, 1), (6,), {}, "AddOptions"),
        O("SOFTMAX", (4,), (5,), {"beta": 1.0}, "SoftmaxOptions"),
    ]
    return model(tensors, ops, (0,), (6, 5))


EVERY = (
    convolutions,
    classifier,
    elementwise,
    shapes,
    two_inputs,
    families,
    several,
    moved,
    stateful,
    svdf,
    svdf_int8,
    lstm,
    lstm_int16,
    operator_models.picked,
    operator_models.gathered,
    operator_models.arithmetic,
    operator_models.matrices,
    operator_models.wide,
    operator_models.int16,
    conversions,
    float_tail,
    front_end.front_end,
    front_end.streaming,
)
MODELS = {f.__name__: f for f in EVERY}
NAMES = [*MODELS, *(shared.NAMES if shared.FOLDER.is_dir() else ())]
VECTORS = 3


def load(name: str) -> tuple[bytes, Graph, list[list[Array]]]:
    """(the file, its graph, VECTORS inputs) of one of NAMES."""
    content = MODELS[name]() if name in MODELS else shared.path(name).read_bytes()
    graph = tflite.read(content, name)
    return content, graph, [reference.random_inputs(graph, i, seed=5) for i in range(VECTORS)]
