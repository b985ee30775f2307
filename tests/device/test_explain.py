"""Faults planted in a firmware, one of each kind, and what `verify --explain` says of them."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gen.compiler.engines import ENGINES, Sources
from gen.device import board as boards
from gen.device import transport
from gen.device.build import build
from gen.device.session import Session
from gen.errors import DeviceReset
from gen.model import tflite
from gen.model.quantized import QuantizedModel
from gen.paths import ROOT
from gen.verify import compare
from gen.verify.explain import Explanation
from gen.verify.vectors import random_vectors
from tests import tiny

KERNELS = "kernels/portable"
CHANNELS = 4


def content(input_scale: float = 0.05, zero_point: int = -3, output_scale: float = 0.2, weight: int = 9) -> bytes:
    """A convolution, a RELU, a fully connected layer; each argument is what a fault changes."""
    draw = np.random.default_rng(7)
    filters = draw.integers(-99, 100, (CHANNELS, 3, 3, 2))
    filters[1, 1, 1, 1] = weight
    tensors = [
        tiny.T((1, 6, 6, 2), scale=input_scale, zero_point=zero_point),
        tiny.T((CHANNELS, 3, 3, 2), scale=0.01, data=filters),
        tiny.T((CHANNELS,), "int32", scale=0.0005, data=draw.integers(-900, 900, CHANNELS)),
        tiny.T((1, 6, 6, CHANNELS), scale=0.1, zero_point=-11),
        tiny.T((8, 6 * 6 * CHANNELS), scale=0.004, data=draw.integers(-99, 100, (8, 6 * 6 * CHANNELS))),
        tiny.T((1, 8), scale=output_scale, zero_point=5),
    ]
    same = {"padding": 0, "strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1}
    ops = [
        tiny.O("CONV_2D", [0, 1, 2], [3], same, "Conv2DOptions"),
        tiny.O("FULLY_CONNECTED", [3, 4, -1], [5], {}, "FullyConnectedOptions"),
    ]
    return tiny.model(tensors, ops, [0], [5])


def generate(engine: str, fault: bytes) -> Sources:
    """A firmware of a faulty model that takes itself for the right one."""
    right, host = tflite.read(content(), "right"), boards.load("host")
    wrong = replace(tflite.read(fault, "right"), sha256=right.sha256)
    found = ENGINES[engine](QuantizedModel(fault, wrong), host.target)
    truth = ENGINES[engine](QuantizedModel(content(), right), host.target)
    return replace(found, graph=truth.graph)


def explained(sources: Sources, folder: Path) -> Explanation:
    host = boards.load("host")
    elf = build(sources, host, folder).elf
    graph = tflite.read(content(), "right")
    found = QuantizedModel(content(), graph, None)
    vectors = random_vectors(graph, 24)
    with transport.open_stream(host.transport.format(elf=elf)) as stream:
        verdict = compare.compare(
            found,
            sources,
            Session(stream),
            vectors,
            compare.expect(found, vectors, lambda *_: None),
            emulated=False,
            explained=True,
            progress=lambda *_: None,
        )
    assert verdict.mismatches > 0
    assert verdict.explanation is not None
    return verdict.explanation


engines = pytest.mark.parametrize("engine", ["tflm", "aot"])


@engines
def test_wrong_operator(engine: str, tmp_path: Path) -> None:
    found = explained(generate(engine, content(weight=-90)), tmp_path)
    assert found.kind == "wrong_operator" and found.op is not None
    assert (found.op.op, found.op.kind) == (0, "conv_2d")
    assert found.op.element % CHANNELS == 1  # its channel
    assert found.op.wrong_elements <= 36
    assert f"is {found.op.computed:g} and should be {found.op.expected:g}" in found.sentence


@engines
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (content(zero_point=0), "takes input 0 with zero point 0, where the model has scale 0.05 and zero point -3"),
        (content(zero_point=-4), "takes input 0 with zero point -4"),
        (content(input_scale=0.1), "takes input 0 with scale 0.1"),
        (content(input_scale=0.05 * 255 / 256), "takes input 0 with scale 0.0498047"),
    ],
    ids=["no zero point", "zero point", "twice the scale", "256 for 255"],
)
def test_input_scaling(engine: str, fault: bytes, words: str, tmp_path: Path) -> None:
    found = explained(generate(engine, fault), tmp_path)
    assert found.kind == "input_scaling"
    assert words in found.sentence


def test_input_taken_for_uint8(tmp_path: Path) -> None:
    """What an application does that feeds 0..255 where the model wants -128..127."""
    sources = generate("aot", content())
    text = sources.files["engine.c"]
    call = re.search(r"nn_conv_2d_portable\(&\w+, \(const int8_t \*\)\(arena \+ (\d+)\)", text)
    assert call is not None
    at, place = call.start(), call[1]
    planted = f"for (unsigned i = 0; i < 72; i++)\n        arena[{place} + i] ^= 0x80;\n    "
    found = explained(replace(sources, files={**sources.files, "engine.c": text[:at] + planted + text[at:]}), tmp_path)
    assert found.kind == "input_scaling"
    assert "takes input 0 as uint8" in found.sentence


@engines
@pytest.mark.parametrize(("scale", "words"), [(0.3, "scale 0.3 "), (0.1, "scale 0.1 ")])
def test_output_scaling(engine: str, scale: float, words: str, tmp_path: Path) -> None:
    found = explained(generate(engine, content(output_scale=scale)), tmp_path)
    assert found.kind == "output_scaling"
    assert "FULLY_CONNECTED" in found.sentence and words in found.sentence
    assert "where the model has scale 0.2 and zero point 5" in found.sentence


@engines
def test_rounding(engine: str, tmp_path: Path) -> None:
    """A convolution that rounds once, where TFLM rounds twice."""
    sources = generate(engine, content())
    twice = "    int32_t product = nn_mul_q31(nn_shift_left(x, shift > 0 ? shift : 0), multiplier);\n"
    once = (
        "    if (shift < 0)\n"
        "        return (int32_t)(((int64_t)x * multiplier + ((int64_t)1 << (30 - shift))) >> (31 - shift));\n"
    )
    arithmetic = (ROOT / "firmware/kernels/nn_math.h").read_text()
    assert twice in arithmetic
    kernel = (ROOT / "firmware" / KERNELS / "conv_2d.c").read_text()
    assert f"{KERNELS}/conv_2d.c" in sources.firmware
    planted = replace(
        sources,
        files={**sources.files, "conv_2d.c": kernel, "nn_math.h": arithmetic.replace(twice, once + twice)},
        firmware=tuple(file for file in sources.firmware if file != f"{KERNELS}/conv_2d.c"),
        include_dirs=(*sources.include_dirs, KERNELS),
    )
    found = explained(planted, tmp_path)
    assert found.kind == "rounding" and found.op is not None
    assert found.op.kind == "conv_2d"
    assert abs(found.op.computed - found.op.expected) == 1


def test_operators_that_agree(tmp_path: Path) -> None:
    """Wrong in one go only: what runs operator by operator is right."""
    sources = generate("aot", content())
    text = sources.files["engine.c"]
    at = text.index("engine_status_t engine_invoke(void)")
    end = text.index("    return ENGINE_OK;", at)
    planted = text[:end] + "    *(int8_t *)engine_output(0, 0) ^= 1;\n" + text[end:]
    found = explained(replace(sources, files={**sources.files, "engine.c": planted}), tmp_path)
    assert found.kind == "operators_agree" and found.op is None


FAULTS = {
    "stack_overflow": "volatile char big[64]; big[0] = 1; return depth >> 20 ? big[1] : deeper(depth + 1) + big[0];",
    "device_reset": "(void)depth; *(volatile int *)0xF0000000u = 1; __builtin_trap();",
}


@pytest.mark.parametrize("board", ["netduino_plus_2", "qemu_microbit", "qemu_riscv32_virt", "qemu_lx60"])
@pytest.mark.parametrize("kind", FAULTS)
def test_reset(kind: str, board: str, tmp_path: Path) -> None:
    """The firmware faults in the middle of an inference, or its stack grows without end."""
    target = boards.load(board)
    graph = tflite.read(content(), "right")
    sources = ENGINES["aot"](QuantizedModel(content(), graph), target.target)
    text = sources.files["engine.c"]
    at = text.index("engine_status_t engine_invoke(void)")
    inside = text.index("{\n", at) + 2
    planted = (
        f"{text[:at]}int deeper(int depth);\n__attribute__((noinline)) int deeper(int depth) {{ {FAULTS[kind]} }}\n"
        f"{text[at:inside]}    if (*(int8_t *)engine_input(0, 0) == 77)\n        (void)deeper(0);\n{text[inside:]}"
    )
    elf = build(replace(sources, files={**sources.files, "engine.c": planted}), target, tmp_path).elf
    with transport.open_stream(target.transport.format(elf=elf)) as stream:
        session = Session(stream)
        session.hello()
        assert session.last_fault() == (0, 0)
        session.write_input(0, bytes([77] * 72))
        with pytest.raises(DeviceReset) as caught:
            session.run()
        assert caught.value.kind == kind
        fault, address = Session(stream).last_fault()
        assert fault == {"stack_overflow": 2, "device_reset": 1}[kind]
        assert address == 0 or address in (target.code or target.flash)  # type: ignore[operator]
        assert address != 0 or kind == "stack_overflow"
