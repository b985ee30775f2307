"""More of the tiny models of tflm_models.py: of operators that gather, reach between elements, or multiply matrices."""

from typing import Any

import numpy as np

from gen.model.graph import Array
from tests.tiny import O, T, model


def int8(rng: np.random.Generator, *shape: int) -> Array:
    return rng.integers(-127, 128, shape).astype(np.int8)


def biases(rng: np.random.Generator, count: int) -> Array:
    return rng.integers(-3000, 3000, count).astype(np.int32)


def scales_of(rng: np.random.Generator, count: int) -> list[float]:
    return [float(scale) for scale in rng.uniform(0.001, 0.02, count)]


def alike(shape: tuple[int, ...], data: Any = None) -> T:
    """All of one scale and zero point, as operators that only move bytes want it."""
    return T(shape, scale=0.05, zero_point=-4, data=data)


def numbers(values: Any) -> T:
    return T(np.shape(values), "int32", data=np.array(values, np.int32))


def picked() -> bytes:
    """MIRROR_PAD (both modes), SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND with crops."""
    tensors = [
        alike((1, 3, 5, 2)),
        numbers([[0, 0], [1, 2], [3, 0], [0, 1]]),
        alike((1, 6, 8, 3)),
        numbers([2, 2]),
        numbers([[0, 0], [0, 0]]),
        alike((4, 3, 4, 3)),
        numbers([[1, 0], [2, 1]]),
        alike((1, 5, 5, 3)),
        alike((1, 8, 8, 4)),
    ]
    ops = [
        O("MIRROR_PAD", (0, 1), (2,), {}, "MirrorPadOptions"),
        O("SPACE_TO_BATCH_ND", (2, 3, 4), (5,)),
        O("BATCH_TO_SPACE_ND", (5, 3, 6), (7,)),
        O("MIRROR_PAD", (7, 1), (8,), {"mode": 1}, "MirrorPadOptions"),
    ]
    return model(tensors, ops, (0,), (8,))


def gathered() -> bytes:
    """GATHER and GATHER_ND by indices that ARG_MAX computes and by constants, EMBEDDING_LOOKUP, DYNAMIC_UPDATE_SLICE,
    SELECT_V2, BROADCAST_ARGS."""
    tensors = [
        alike((4, 5, 3)),
        numbers([1]),
        T((4, 3), "int32"),
        alike((9, 2), data=int8(np.random.default_rng(9), 9, 2)),
        alike((4, 3, 2)),
        numbers([3, 0, 0]),
        alike((4, 3, 3)),
        numbers([[1, 2], [3, 0], [2, 2]]),
        alike((3, 3)),
        numbers([0]),
        T((3,), "int32"),
        alike((3, 2)),
        alike((1, 3, 2)),
        alike((4, 3, 2)),
        T((4, 3, 2), "bool"),
        alike((4, 3, 2)),
        T((3, 1), "int32"),
        alike((3, 3, 3)),
        T((3,), "int32"),
        T((3,), "int32"),
    ]
    ops = [
        O("ARG_MAX", (0, 1), (2,), {"outputType": 2}, "ArgMaxOptions"),
        O("GATHER", (3, 2), (4,), {}, "GatherOptions"),
        O("GATHER", (0, 5), (6,), {"axis": 1}, "GatherOptions"),
        O("GATHER_ND", (6, 7), (8,)),
        O("ARG_MAX", (8, 9), (10,), {"outputType": 2}, "ArgMaxOptions"),
        O("EMBEDDING_LOOKUP", (10, 3), (11,)),
        O("EXPAND_DIMS", (11, 9), (12,)),
        O("DYNAMIC_UPDATE_SLICE", (4, 12, 10), (13,)),
        O("GREATER", (13, 4), (14,)),
        O("SELECT_V2", (14, 13, 11), (15,)),
        O("EXPAND_DIMS", (10, 1), (16,)),
        O("GATHER_ND", (6, 16), (17,)),
        O("SHAPE", (15,), (18,), {"outType": 2}, "ShapeOptions"),
        O("BROADCAST_ARGS", (18, 1), (19,)),
    ]
    return model(tensors, ops, (0,), (15, 17, 19))


def arithmetic() -> bytes:
    """RESIZE_BILINEAR, L2_NORMALIZATION, LOG_SOFTMAX, CUMSUM, ADD_N, RSQRT, DIV, and of bools LOGICAL_NOT and
    REDUCE_ALL."""
    shape = (1, 6, 7, 3)
    tensors = [
        alike((1, 4, 5, 3)),
        numbers([6, 7]),
        alike(shape),
        T(shape, scale=1 / 128),
        T(shape, scale=1 / 16, zero_point=127),
        numbers([2]),
        T(shape, scale=0.3, zero_point=9),
        T(shape, scale=0.1, zero_point=-3),
        T(shape, scale=0.1, zero_point=-128),
        T(shape, scale=0.02, zero_point=-100),
        T(shape, scale=0.06, zero_point=7),
        T(shape, "bool"),
        T(shape, "bool"),
        T((1, 6, 3), "bool"),
    ]
    ops = [
        O("RESIZE_BILINEAR", (0, 1), (2,), {"halfPixelCenters": True}, "ResizeBilinearOptions"),
        O("L2_NORMALIZATION", (2,), (3,), {}, "L2NormOptions"),
        O("LOG_SOFTMAX", (2,), (4,), {}, "LogSoftmaxOptions"),
        O("CUMSUM", (2, 5), (6,), {"exclusive": True}, "CumsumOptions"),
        O("ADD_N", (2, 2, 2), (7,)),
        O("ABS", (7,), (8,)),
        O("RSQRT", (8,), (9,)),
        O("DIV", (6, 9), (10,), {"fusedActivationFunction": 1}, "DivOptions"),
        O("GREATER", (4, 10), (11,)),
        O("LOGICAL_NOT", (11,), (12,)),
        O("REDUCE_ALL", (12, 5), (13,), {}, "ReducerOptions"),
    ]
    return model(tensors, ops, (0,), (3, 10, 13))


def matrices() -> bytes:
    """TRANSPOSE_CONV per channel and without a bias, BATCH_MATMUL by an activation and by a constant."""
    rng = np.random.default_rng(10)
    of_channels = scales_of(rng, 5)
    tensors = [
        T((1, 3, 4, 2), scale=0.05, zero_point=7),
        numbers([1, 6, 8, 5]),
        T((5, 3, 2, 2), scale=of_channels, data=int8(rng, 5, 3, 2, 2)),
        T((5,), "int32", scale=[0.05 * scale for scale in of_channels], data=biases(rng, 5)),
        T((1, 6, 8, 5), scale=0.04, zero_point=-9),
        numbers([1, 8, 9, 3]),
        T((3, 3, 2, 5), scale=0.006, data=int8(rng, 3, 3, 2, 5)),
        T((1, 8, 9, 3), scale=0.05, zero_point=3),
        T((1, 8, 9, 9), scale=0.2, zero_point=1),
        T((9, 4), scale=0.01, zero_point=-2, data=int8(rng, 9, 4)),
        T((1, 8, 9, 4), scale=0.1, zero_point=5),
    ]
    ops = [
        O("TRANSPOSE_CONV", (1, 2, 0, 3), (4,), {"strideH": 2, "strideW": 2}, "TransposeConvOptions"),
        O("TRANSPOSE_CONV", (5, 6, 4), (7,), {"padding": 1, "strideH": 1, "strideW": 1}, "TransposeConvOptions"),
        O("BATCH_MATMUL", (7, 7), (8,), {"adjY": True}, "BatchMatMulOptions"),
        O("BATCH_MATMUL", (8, 9), (10,), {}, "BatchMatMulOptions"),
    ]
    return model(tensors, ops, (0,), (10,))


def wide() -> bytes:
    """Weights of int8 on int16: CONV_2D (per channel with a bias of int64; to one pixel, with one of int32),
    DEPTHWISE_CONV_2D, TRANSPOSE_CONV, FULLY_CONNECTED without a bias, BATCH_MATMUL."""
    rng = np.random.default_rng(11)
    of_channels = scales_of(rng, 6)

    def words(count: int) -> Array:
        return rng.integers(-(2**24), 2**24, count).astype(np.int64)

    tensors = [
        T((1, 7, 6, 3), "int16", 0.001),
        T((6, 3, 2, 3), scale=of_channels, data=int8(rng, 6, 3, 2, 3)),
        T((6,), "int64", scale=[0.001 * scale for scale in of_channels], data=words(6)),
        T((1, 4, 3, 6), "int16", 0.004),
        T((1, 3, 3, 6), scale=scales_of(rng, 6), axis=3, data=int8(rng, 1, 3, 3, 6)),
        T((6,), "int64", scale=0.0001, data=words(6)),
        T((1, 4, 3, 6), "int16", 0.01),
        numbers([1, 8, 6, 5]),
        T((5, 3, 2, 6), scale=0.006, data=int8(rng, 5, 3, 2, 6)),
        T((1, 8, 6, 5), "int16", 0.02),
        T((7, 5), scale=scales_of(rng, 7), data=int8(rng, 7, 5)),
        T((48, 7), "int16", 0.03),
        T((48, 48), "int16", 0.5),
        T((4, 4, 3, 6), scale=0.01, data=int8(rng, 4, 4, 3, 6)),
        T((4,), "int32", scale=0.0001, data=biases(rng, 4)),
        T((1, 1, 1, 4), "int16", 0.01),
    ]
    ops = [
        O("CONV_2D", (0, 1, 2), (3,), {"strideW": 2, "strideH": 2, "fusedActivationFunction": 1}, "Conv2DOptions"),
        O("DEPTHWISE_CONV_2D", (3, 4, 5), (6,), {"strideW": 1, "strideH": 1, "depthMultiplier": 1},
          "DepthwiseConv2DOptions"),
        O("TRANSPOSE_CONV", (7, 8, 6), (9,), {"strideH": 2, "strideW": 2}, "TransposeConvOptions"),
        O("FULLY_CONNECTED", (9, 10, -1), (11,), {"fusedActivationFunction": 3}, "FullyConnectedOptions"),
        O("BATCH_MATMUL", (11, 11), (12,), {"adjY": True}, "BatchMatMulOptions"),
        O("CONV_2D", (6, 13, 14), (15,), {"padding": 1, "strideW": 1, "strideH": 1}, "Conv2DOptions"),
    ]  # fmt: skip
    return model(tensors, ops, (0,), (12, 15))


def int16() -> bytes:
    """Without weights, on int16: PAD, CONCATENATION, AVERAGE_POOL_2D, MAX_POOL_2D, ADD, SUB, MUL, SQUARED_DIFFERENCE,
    MAXIMUM, MINIMUM, PRELU, RELU, RELU6, LEAKY_RELU, ABS, LOGISTIC, TANH, MEAN, SUM, SOFTMAX, TRANSPOSE."""
    shape, whole = (1, 5, 6, 4), (1, 5, 6, 2)
    unit = 2.0**-15

    def of(scale: float, size: tuple[int, ...] = shape) -> T:
        return T(size, "int16", scale)

    slopes = T((1, 1, 4), scale=0.01, zero_point=3, data=int8(np.random.default_rng(12), 1, 1, 4))
    constant = np.random.default_rng(13).integers(-(2**15), 2**15, (6, 1)).astype(np.int16)
    tensors = [
        of(0.001, (1, 4, 6, 2)),
        numbers([[0, 0], [1, 0], [0, 0], [0, 0]]),
        of(0.001, whole),
        of(0.001),
        of(0.001),
        of(0.001),
        of(0.002),
        of(0.001),
        T((6, 1), "int16", 0.0005, data=constant),
        of(0.003),
        of(0.01),
        of(0.01),
        of(0.01),
        slopes,
        of(0.02),
        of(0.02),
        of(0.02),
        of(0.002),
        of(0.002),
        of(unit),
        of(unit),
        numbers([1, 2]),
        of(unit, (1, 4)),
        of(0.001, (1, 4)),
        of(unit, (1, 4)),
        numbers([0, 3, 1, 2]),
        of(unit, (1, 4, 5, 6)),
    ]
    pool = {"padding": 0, "strideW": 1, "strideH": 1, "filterWidth": 3, "filterHeight": 2}
    ops = [
        O("PAD", (0, 1), (2,), {}, "PadOptions"),
        O("CONCATENATION", (2, 2), (3,), {"axis": 3}, "ConcatenationOptions"),
        O("AVERAGE_POOL_2D", (3,), (4,), pool, "Pool2DOptions"),
        O("MAX_POOL_2D", (3,), (5,), pool, "Pool2DOptions"),
        O("ADD", (4, 5), (6,), {"fusedActivationFunction": 1}, "AddOptions"),
        O("SUB", (5, 8), (7,), {}, "SubOptions"),
        O("MUL", (6, 7), (9,), {}, "MulOptions"),
        O("SQUARED_DIFFERENCE", (9, 7), (10,)),
        O("MAXIMUM", (10, 9), (11,), {}, "MaximumMinimumOptions"),
        O("MINIMUM", (11, 6), (12,), {}, "MaximumMinimumOptions"),
        O("PRELU", (12, 13), (14,)),
        O("RELU", (14,), (15,)),
        O("LEAKY_RELU", (14,), (16,), {"alpha": -0.2}, "LeakyReluOptions"),
        O("ABS", (16,), (17,)),
        O("RELU6", (17,), (18,)),
        O("LOGISTIC", (18,), (19,)),
        O("TANH", (14,), (20,)),
        O("MEAN", (19, 21), (22,), {}, "ReducerOptions"),
        O("SUM", (20, 21), (23,), {}, "ReducerOptions"),
        O("SOFTMAX", (23,), (24,), {"beta": 1.0}, "SoftmaxOptions"),
        O("TRANSPOSE", (20, 25), (26,)),
    ]
    return model(tensors, ops, (0,), (15, 22, 24, 26))
