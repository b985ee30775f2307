"""What operators cost here beside upstream's TFLM with CMSIS-NN: `python -m tests.costs [NAME ...]` prints a table.

Each operator is a model of its own, as upstream's were measured: instructions of one inference in QEMU
(engine aot, level speed), divided by its elements or multiplications."""

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gen.bench.measure import Case, measure
from gen.device import board as boards
from gen.importer.load import load_model
from tests.tiny import O, T, model

BOARDS = ("qemu_mps2_an386", "qemu_mps3_an547")
IMAGE = (1, 24, 24, 16)
RNG = np.random.default_rng(0)


@dataclass(frozen=True)
class Cost:
    """One operator: its model, what its instructions are counted for, and upstream's for each of those on each board
    (TFLM of August 2026 with CMSIS-NN, -O2)."""

    name: str
    content: bytes
    units: int
    upstream: tuple[float, float]


def _int8(*shape: int) -> Any:
    return RNG.integers(-127, 128, shape).astype(np.int8)


def _binary(builtin: str, table: str | None, second: Sequence[int] = IMAGE, constant: bool = False) -> bytes:
    raw = builtin in ("MAXIMUM", "MINIMUM")
    scales = (0.05, 0.05, 0.05) if raw else (0.05, 0.03, 0.07)
    zeros = (3, 3, 3) if raw else (3, -5, 7)
    data = _int8(*second) if constant else None
    tensors = [T(IMAGE, scale=scales[0], zero_point=zeros[0]),
               T(second, scale=scales[1], zero_point=zeros[1], data=data),
               T(IMAGE, scale=scales[2], zero_point=zeros[2])]  # fmt: skip
    return model(tensors, [O(builtin, (0, 1), (2,), {} if table else None, table)], (0,) if constant else (0, 1), (2,))


def _unary(builtin: str, table: str | None = None, out: tuple[float, int] = (0.07, 7), options: Any = None) -> bytes:
    tensors = [T(IMAGE, scale=0.05, zero_point=3), T(IMAGE, scale=out[0], zero_point=out[1])]
    return model(tensors, [O(builtin, (0,), (1,), options or ({} if table else None), table)], (0,), (1,))


def _transpose_conv() -> bytes:
    tensors = [T((4,), "int32", data=np.array([1, 48, 48, 16], np.int32)),
               T((16, 3, 3, 16), scale=[0.01 + 0.001 * i for i in range(16)], data=_int8(16, 3, 3, 16)),
               T(IMAGE, scale=0.05, zero_point=3), T((1, 48, 48, 16), scale=0.3, zero_point=4)]  # fmt: skip
    options = {"padding": 0, "strideW": 2, "strideH": 2}
    return model(tensors, [O("TRANSPOSE_CONV", (0, 1, 2), (3,), options, "TransposeConvOptions")], (2,), (3,))


def _batch_matmul(adj_y: bool) -> bytes:
    second = (2, 32, 64) if adj_y else (2, 64, 32)
    tensors = [T((2, 32, 64), scale=0.05, zero_point=3), T(second, scale=0.03, zero_point=-5),
               T((2, 32, 32), scale=0.4, zero_point=1)]  # fmt: skip
    return model(tensors, [O("BATCH_MATMUL", (0, 1), (2,), {"adjY": adj_y}, "BatchMatMulOptions")], (0, 1), (2,))


def _softmax(dtype: str) -> bytes:
    out = T((64, 16), scale=1 / 256, zero_point=-128) if dtype == "int8" else T((64, 16), dtype, scale=1 / 32768)
    tensors = [T((64, 16), dtype, scale=0.1 if dtype == "int8" else 1e-3), out]
    return model(tensors, [O("SOFTMAX", (0,), (1,), {"beta": 1.0}, "SoftmaxOptions")], (0,), (1,))


def _with_numbers(
    builtin: str, numbers: Any, out: Sequence[int], options: Any = None, table: str | None = None
) -> bytes:
    array = np.array(numbers, np.int32)
    tensors = [T(IMAGE, scale=0.05, zero_point=3), T(array.shape, "int32", data=array),
               T(out, scale=0.05, zero_point=3)]  # fmt: skip
    return model(tensors, [O(builtin, (0, 1), (2,), options, table)], (0,), (2,))


def _svdf() -> bytes:
    state = T((1, 8 * 128), "int16", scale=0.001, variable=True)
    tensors = [T((1, 40), scale=0.05, zero_point=3), T((128, 40), scale=0.01, data=_int8(128, 40)),
               T((128, 8), "int16", scale=3e-5, data=RNG.integers(-32767, 32768, (128, 8))),
               T((128,), "int32", scale=3e-8, data=RNG.integers(-2000, 2000, 128)), state,
               T((1, 128), scale=0.07, zero_point=7)]  # fmt: skip
    options = {"rank": 1, "fusedActivationFunction": 0}
    return model(tensors, [O("SVDF", (0, 1, 2, 3, 4), (5,), options, "SVDFOptions")], (0,), (5,))


PIXELS = 24 * 24 * 16
COSTS: tuple[Callable[[], Cost], ...] = (
    lambda: Cost("MUL", _binary("MUL", "MulOptions"), PIXELS, (35.9, 6.8)),
    lambda: Cost("MUL broadcast", _binary("MUL", "MulOptions", (1, 1, 1, 16)), PIXELS, (55.5, 56.0)),
    lambda: Cost("ADD", _binary("ADD", "AddOptions"), PIXELS, (81.2, 13.8)),
    lambda: Cost("ADD constant", _binary("ADD", "AddOptions", (1, 1, 1, 16), True), PIXELS, (106, 109)),
    lambda: Cost("SUB", _binary("SUB", "SubOptions"), PIXELS, (90.6, 97.7)),
    lambda: Cost("MAXIMUM", _binary("MAXIMUM", "MaximumMinimumOptions"), PIXELS, (8.1, 1.2)),
    lambda: Cost("MINIMUM", _binary("MINIMUM", "MaximumMinimumOptions"), PIXELS, (8.1, 1.2)),
    lambda: Cost("TANH", _unary("TANH", out=(1 / 128, 0)), PIXELS, (369, 393)),
    lambda: Cost("LEAKY_RELU", _unary("LEAKY_RELU", "LeakyReluOptions", options={"alpha": 0.1}), PIXELS, (51, 51)),
    lambda: Cost("QUANTIZE", _unary("QUANTIZE"), PIXELS, (44, 44)),
    lambda: Cost("SOFTMAX", _softmax("int8"), 1024, (527, 566)),
    lambda: Cost("SOFTMAX int16", _softmax("int16"), 1024, (53, 57)),
    lambda: Cost("TRANSPOSE", _with_numbers("TRANSPOSE", [0, 3, 1, 2], (1, 16, 24, 24)), PIXELS, (6.0, 4.9)),
    lambda: Cost("PAD", _with_numbers("PAD", [[0, 0], [1, 1], [1, 1], [0, 0]], (1, 26, 26, 16)), 26 * 26 * 16,
                 (0.8, 0.3)),
    lambda: Cost("MEAN", _with_numbers("MEAN", [1, 2], (1, 16), {}, "ReducerOptions"), PIXELS, (130, 133)),
    lambda: Cost("TRANSPOSE_CONV", _transpose_conv(), PIXELS * 9 * 16, (4.5, 1.8)),
    lambda: Cost("BATCH_MATMUL", _batch_matmul(False), 2 * 32 * 64 * 32, (3.0, 1.0)),
    lambda: Cost("BATCH_MATMUL adj_y", _batch_matmul(True), 2 * 32 * 64 * 32, (2.8, 0.87)),
    lambda: Cost("SVDF", _svdf(), 128 * 48, (5.4, 2.5)),
    lambda: Cost("RESIZE_BILINEAR", _with_numbers("RESIZE_BILINEAR", [48, 48], (1, 48, 48, 16), {},
                                                  "ResizeBilinearOptions"), 4 * PIXELS, (63.4, 66.7)),
    lambda: Cost("RESIZE_NEAREST", _with_numbers("RESIZE_NEAREST_NEIGHBOR", [48, 48], (1, 48, 48, 16), {},
                                                 "ResizeNearestNeighborOptions"), 4 * PIXELS, (4.7, 3.6)),
)  # fmt: skip


def main(names: Sequence[str]) -> None:
    print(f"{'operator':20}" + "".join(f"{board:>34}" for board in BOARDS))
    print(f"{'':20}" + f"{'each':>12}{'upstream':>12}{'ratio':>10}" * len(BOARDS))
    with tempfile.TemporaryDirectory() as folder:
        for make in COSTS:
            cost = make()
            if names and not any(name.lower() in cost.name.lower() for name in names):
                continue
            path = Path(folder) / f"{cost.name.lower().replace(' ', '_')}.tflite"
            path.write_bytes(cost.content)
            line = f"{cost.name:20}"
            for board, theirs in zip(BOARDS, cost.upstream, strict=True):
                row = measure(
                    Case(load_model(str(path)), boards.load(board), "aot", "speed"), profile=False, with_cycles=False
                )
                assert row.instructions is not None and row.verdict == "exact", row
                each = row.instructions / cost.units
                line += f"{each:12.2f}{theirs:12.2f}{each / theirs:10.2f}"
            print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
