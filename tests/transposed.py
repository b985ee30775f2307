"""Models of one TRANSPOSE_CONV, random in everything that TFLM takes."""

import numpy as np

from tests.tiny import O, T, model


def transpose_conv(rng: np.random.Generator) -> bytes:
    """1 x h x w x in_c -> about stride times as high and wide."""
    h, w, in_c, out_c, k_h, k_w = (int(rng.integers(1, most + 1)) for most in (7, 7, 20, 12, 5, 5))
    strides, same = [int(rng.integers(1, 4)) for _ in range(2)], bool(rng.random() < 0.5)
    sizes = [
        size * stride if same else size * stride + max(k - stride, 0)
        for size, stride, k in zip((h, w), strides, (k_h, k_w), strict=True)
    ]
    scales = [float(np.float32(value)) for value in rng.uniform(0.002, 0.01, out_c if rng.random() < 0.7 else 1)]
    zeros = [int(rng.integers(-128, 128)) for _ in range(2)]
    weights = rng.integers(-127, 128, (out_c, k_h, k_w, in_c)).astype(np.int8)
    x_scale = 0.05
    tensors = [
        T((4,), "int32", data=np.array([1, *sizes, out_c], np.int32)),
        T(weights.shape, scale=scales, data=weights),
        T((1, h, w, in_c), scale=x_scale, zero_point=zeros[0]),
        T((1, *sizes, out_c), scale=0.02 * np.sqrt(in_c), zero_point=zeros[1]),
        T((out_c,), "int32", scale=[x_scale * s for s in scales], data=rng.integers(-9000, 9000, out_c)),
    ]
    options = {"padding": 0 if same else 1, "strideH": strides[0], "strideW": strides[1]}
    options["fusedActivationFunction"] = int(rng.choice([0, 0, 1, 3]))
    inputs = (0, 1, 2, 4) if rng.random() < 0.7 else (0, 1, 2)
    return model(tensors, [O("TRANSPOSE_CONV", inputs, (3,), options, "TransposeConvOptions")], (2,), (3,))
