"""Engine tflm: the interpreter prepares what gen/model/ops lowers, needs the arena that
gen/compiler/engines/tflm_arena.py computes, and gives the reference's bytes; the generated files compile against
upstream's API too."""

import contextlib
import re
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compiler.engines import ENGINES
from gen.compiler.engines.prepared import NAME
from gen.compiler.engines.tflm import CONTROL, CORE, PREPARED, STATE
from gen.compiler.engines.tflm_arena import plan, tflm_arena_bytes
from gen.compiler.target import Target
from gen.errors import ModelError, UnsupportedOp
from gen.model import fixed_point, reference, tflite
from gen.model.graph import Array
from gen.model.ops import KERNELS, OPS, lower
from gen.model.ops.operator import CStruct
from gen.model.quantized import QuantizedModel
from tests import fuzz, shared
from tests import tflm_host as host
from tests.effort import cases
from tests.mutations import mutant
from tests.tflm_host import ARENA_TOO_SMALL, BAD_MODEL, OK, UNSUPPORTED
from tests.tflm_models import MODELS, NAMES, VECTORS, load
from tests.tiny import O, T, model

NOT_WHOLE = 9  # tflm_probe.cc
ENGINE_H = host.FIRMWARE / "tflm" / f"{host.ENGINE}.cc"
MAX_CORE_BYTES = 8192
# Models whose calls, of many kernels, go with them.
CALLED = ("families", "several", "moved", "picked", "gathered", "arithmetic", "matrices", "conversions")


@shared.needed
def test_shared_models_are_tested() -> None:
    assert set(shared.NAMES) == {path.stem for path in shared.FOLDER.glob("*.tflite")}


@pytest.mark.parametrize("name", NAMES)
def test_every_operator_gives_the_references_bytes(name: str) -> None:
    content, graph, vectors = load(name)
    prepared = host.prepare_graph(graph, content, tflm_arena_bytes(graph, 8), vectors)
    assert (prepared.status, prepared.failure, len(prepared.vectors)) == (0, OK, VECTORS)
    values: reference.State | None = None
    for vector, ran in zip(vectors, prepared.vectors, strict=True):
        values = reference.run(graph, vector, values)
        for op, written in zip(graph.ops, ran, strict=True):
            assert written == values[op.outputs[0]].tobytes(), f"{op} of {name}"


@pytest.mark.parametrize("name", NAMES)
def test_device_plans_and_prepares_what_python_does(name: str) -> None:
    content, graph, _ = load(name)
    arena_bytes = tflm_arena_bytes(graph, 8)
    prepared = host.prepare_graph(graph, content, arena_bytes)
    offsets = plan(graph).offsets
    assert prepared.used == arena_bytes
    assert prepared.inputs == [offsets[i] for i in graph.inputs]
    assert prepared.outputs == [offsets[i] for i in graph.outputs]
    assert prepared.ops == [offsets[op.outputs[0]] for op in graph.ops]
    for op, written in zip(graph.ops, prepared.parameters, strict=True):
        call = lower(graph, op)
        fields = KERNELS[call.kernel].struct.fields
        wanted = {field.name: call.params[field.name] for field in fields if not field.pointer}
        got = read_struct(KERNELS[call.kernel].struct, written)
        assert got == {name: np.atleast_1d(value).tolist() for name, value in wanted.items()}, str(op)


def read_struct(layout: CStruct, data: bytes) -> dict[str, list[float]]:
    """The numbers in a C struct of the host's ABI."""
    codes = {"int8_t": "b", "uint8_t": "B", "int16_t": "h", "uint16_t": "H", "int32_t": "i", "float": "f"}
    offsets, size = layout.layout(8)
    assert len(data) == size
    return {
        field.name: list(struct.unpack_from(f"<{field.count}{codes[field.ctype]}", data, offsets[field.name]))
        for field in layout.fields
        if not field.pointer
    }


@pytest.mark.parametrize("name", NAMES)
def test_16_bytes_less_arena_fail(name: str) -> None:
    content, graph, _ = load(name)
    prepared = host.prepare_graph(graph, content, tflm_arena_bytes(graph, 8) - 16)
    assert (prepared.status, prepared.failure, prepared.used) == (1, ARENA_TOO_SMALL, 0)


@pytest.mark.parametrize("arena_bytes", [0, 15, 16, 160, 400, 700])
def test_any_smaller_arena_fails(arena_bytes: int) -> None:
    assert host.prepare(MODELS["classifier"](), arena_bytes).failure == ARENA_TOO_SMALL


def float32_bits(values: Sequence[float]) -> Array:
    return np.array(values, np.float32).view(np.uint32)


SCALES = st.floats(2.0**-40, 2.0**20, width=32)


def near_ties() -> list[tuple[float, float, float]]:
    """(a, 1, c) whose quotient misses a tie of 31 bits by so little that a double becomes the tie."""
    rng = np.random.default_rng(8)
    triples = []
    for c in (int(c) | 1 for c in rng.integers(2**23, 2**24, 4000)):
        # For an odd remainder a * 2**32 = +-1 modulo c, a / c is as close to a tie as it can be.
        a = pow(2, -32, c) if rng.integers(2) else c - pow(2, -32, c)
        if a >= 2**23:
            triples.append((a * 2.0**-24, 1.0, c * 2.0**-26))
    return triples


def check_fixed_point(triples: Sequence[tuple[float, float, float]]) -> None:
    columns = [float32_bits(column) for column in zip(*triples, strict=True)]
    answers = host.run(host.probe(), "fixed_point", stdin=np.stack(columns, 1).tobytes()).decode().splitlines()
    for (a, b, c), answer in zip(triples, answers, strict=True):
        value, shift, quotient = map(int, answer.split())
        assert (value, shift) == fixed_point.quantize_multiplier(a * b / c), (a, b, c)
        ratio = float(np.float32(a) / np.float32(b))
        rounded = int(np.floor(ratio + 0.5))
        assert quotient == rounded if rounded < 512 else quotient >= 512, (a, b)


@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.lists(st.tuples(SCALES, SCALES, SCALES), min_size=50, max_size=200))
def test_multipliers_equal_the_python_ones(triples: list[tuple[float, float, float]]) -> None:
    check_fixed_point(triples)


def test_multipliers_near_ties_round_twice_as_doubles_do() -> None:
    triples = near_ties()
    check_fixed_point(triples)

    def rounded_once(a: float, c: float) -> int:
        exact = Fraction(a) / Fraction(c)
        while exact < 2**30:
            exact *= 2
        return int(exact + Fraction(1, 2))

    twice = [fixed_point.quantize_multiplier(a / c)[0] for a, _, c in triples]
    assert sum(rounded_once(a, c) != m for (a, _, c), m in zip(triples, twice, strict=True)) > 20


@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from([6.0, 1.0]), st.floats(2.0**-9, 20, width=32)), min_size=50, max_size=200))
def test_activation_quotients_round_in_float32(pairs: list[tuple[float, float]]) -> None:
    check_fixed_point([(real, scale, 1.0) for real, scale in pairs])


def relu() -> bytes:
    return model([T((4,), scale=0.1), T((4,), scale=0.2)], [O("RELU", (0,), (1,))], (0,), (1,))


def convolution(activation: int = 0, out: int = 4, padding: int = 0, scales: Sequence[float] = (0.1,)) -> bytes:
    channels = len(scales)
    tensors = [
        T((1, 4, 4, 2), scale=0.1),
        T((channels, 3, 3, 2), scale=scales, data=np.ones((channels, 3, 3, 2), np.int8)),
        T((1, out, 4, channels), scale=0.1),
    ]
    options = {"strideW": 1, "strideH": 1, "padding": padding, "fusedActivationFunction": activation}
    return model(tensors, [O("CONV_2D", (0, 1), (2,), options, "Conv2DOptions")], (0,), (2,))


def patched(content: bytes, old: bytes, new: bytes) -> bytes:
    assert content.count(old) == 1 and len(old) == len(new)
    return content.replace(old, new)


def version(number: int) -> bytes:
    """A model of another schema version."""
    content = bytearray(relu())
    root = struct.unpack_from("<I", content)[0]
    vtable = root - struct.unpack_from("<i", content, root)[0]
    struct.pack_into("<I", content, root + struct.unpack_from("<H", content, vtable + 4)[0], number)
    return bytes(content)


ONES = b"\x12\0\0\0" + b"\1" * 18  # the weights' buffer, with its length
REFUSED = {
    "another schema version": (version(4), BAD_MODEL),
    "an unknown operator": (
        model([T((4,), scale=0.1), T((4,), scale=0.1)], [O("ABS", (0,), (1,))], (0,), (1,)), UNSUPPORTED),
    "an unknown activation": (convolution(activation=4), UNSUPPORTED),
    "an impossible output shape": (convolution(out=5), BAD_MODEL),
    "an unknown padding": (convolution(padding=2), BAD_MODEL),
    "a buffer that is too short": (patched(convolution(), ONES, b"\x11" + ONES[1:]), BAD_MODEL),
    "float activations": (
        model([T((4,), "float32"), T((4,), "float32")], [O("RELU", (0,), (1,))], (0,), (1,)), UNSUPPORTED),
    "a read before the write": (
        model([T((4,), scale=0.1), T((4,), scale=0.1), T((4,), scale=0.1)],
              [O("ADD", (0, 2), (1,)), O("RELU", (0,), (2,))], (0,), (1,)), BAD_MODEL),
    "a tensor that is written twice": (
        model([T((4,), scale=0.1), T((4,), scale=0.1)],
              [O("RELU", (0,), (1,)), O("RELU", (0,), (1,))], (0,), (1,)), BAD_MODEL),
    "two outputs": (
        model([T((4,), scale=0.1), T((4,), scale=0.1), T((4,), scale=0.1)],
              [O("RELU", (0,), (1, 2))], (0,), (1,)), BAD_MODEL),
    "an index beyond the tensors": (
        model([T((4,), scale=0.1), T((4,), scale=0.1)], [O("RELU", (7,), (1,))], (0,), (1,)), BAD_MODEL),
    "a tensor that is not there as an output of the graph": (
        model([T((4,), scale=0.1), T((4,), scale=0.1)], [O("RELU", (0,), (1,))], (0,), (2**31 - 1,)), BAD_MODEL),
    "a negative tensor": (
        model([T((4,), scale=0.1), T((4,), scale=0.1)], [O("RELU", (-7,), (1,))], (0,), (1,)), BAD_MODEL),
    "a scale below 0": (
        model([T((4,), scale=0.1), T((4,), scale=-0.1), T((4,), scale=0.1)],
              [O("ADD", (0, 1), (2,), {}, "AddOptions")], (0, 1), (2,)), BAD_MODEL),
    "a scale that is no number": (
        model([T((4,), scale=float("nan")), T((4,), scale=0.1)], [O("RELU", (0,), (1,))], (0,), (1,)), BAD_MODEL),
    "a channel's scale of infinity": (convolution(scales=(float("inf"), 0.1), out=4), BAD_MODEL),
    "a missing input": (
        model([T((4,), scale=0.1), T((4,), scale=0.1)], [O("RELU", (-1,), (1,))], (0,), (1,)), UNSUPPORTED),
    "a constant output": (
        model([T((4,), scale=0.1), T((4,), scale=0.1, data=np.zeros(4, np.int8))],
              [O("RELU", (0,), (1,))], (0,), (1,)), BAD_MODEL),
    "dimensions beyond a kernel's": (
        model([T((1, 70000, 1, 1), scale=0.1), T((1, 70000, 1, 1), scale=0.1)],
              [O("MAX_POOL_2D", (0,), (1,),
                 {"strideW": 1, "strideH": 1, "filterWidth": 1, "filterHeight": 1}, "Pool2DOptions")], (0,), (1,)),
        UNSUPPORTED),
    "more elements than fit an int32": (
        model([T((65536, 65536), scale=0.1), T((65536, 65536), scale=0.1)], [O("RELU", (0,), (1,))], (0,), (1,)),
        BAD_MODEL),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_interpreter_refuses(case: str) -> None:
    content, failure = REFUSED[case]
    prepared = host.prepare(content, 1 << 20)
    assert (prepared.status, prepared.failure, prepared.used) == (1, failure, 0)


def damaged(models: Sequence[bytes]) -> list[int]:
    """Of each model what prepare and run come to: failure(), or NOT_WHOLE. A sanitizer's report fails the test."""
    stdin = b"".join(struct.pack("<I", len(content)) + content for content in models)
    return [int(word) for word in host.run(host.probe(), "damaged", stdin=stdin).split()]


def whole_models() -> Iterator[bytes]:
    for content in fuzz.bases(False):
        with contextlib.suppress(ModelError):
            yield host.device_form(content)


def test_whatever_the_model_is_nothing_beyond_it_is_touched() -> None:
    """Of is_whole() and the interpreter behind it, on models as a device has them, damaged as in tests/fuzz.py."""
    count, models = cases(300, 3000), [*whole_models()]
    numbered = ((np.random.default_rng(number), number) for number in range(count))
    found = Counter(damaged([mutant(rng, models[number % len(models)]) for rng, number in numbered]))
    assert sum(found.values()) == count and set(found) >= {OK, BAD_MODEL, UNSUPPORTED, NOT_WHOLE}
    assert min(found[OK], found[NOT_WHOLE]) > count // 10


def test_whatever_calls_go_with_the_model_nothing_beyond_it_is_touched() -> None:
    """The same of models whose calls say something else: words of it are made others, such as sizes and strides."""
    count, rng, made = cases(300, 3000), np.random.default_rng(11), []
    plains = [MODELS[name]() for name in CALLED]
    forms = [(plain, host.device_form(plain)) for plain in plains]
    for number in range(count):
        plain, content = forms[number % len(forms)]
        start, end = content.index(NAME), content.index(plain)
        other = bytearray(content)
        for at in rng.integers(start, end, int(rng.integers(1, 3))):
            whole = int(at) // 4 * 4
            word = struct.unpack_from("<i", other, whole)[0]
            to = [int(rng.integers(-(2**31), 2**31)), word + int(rng.integers(-3, 4)), word << int(rng.integers(1, 9))]
            struct.pack_into("<I", other, whole, to[rng.integers(3)] & 0xFFFFFFFF)
        made.append(bytes(other))
    found = Counter(damaged(made))
    assert found[OK] > count // 10 and found[BAD_MODEL] > count // 20, found


def test_a_model_is_whole_until_it_is_cut() -> None:
    """Every byte is needed but those of what the interpreter does not read, such as names and version numbers."""
    for make in MODELS.values():
        content = host.device_form(make())
        assert damaged([content]) == [OK]
        found = damaged([content[:length] for length in range(4, len(content), 4)])
        assert found.count(NOT_WHOLE) > 0.9 * len(found)
    committed = sorted((host.ROOT / "models").rglob("*.tflite"))
    assert len(committed) > 8 and NOT_WHOLE not in damaged([path.read_bytes() for path in committed])


def test_generation_refuses_what_a_kernel_can_not_hold() -> None:
    content = REFUSED["dimensions beyond a kernel's"][0]
    with pytest.raises(UnsupportedOp, match="in_h 70000"):
        ENGINES["tflm"](QuantizedModel(content, tflite.read(content, "m")), Target("portable", 4))


def test_generation_refuses_denormal_scales() -> None:
    content = model([T((4,), scale=1e-40), T((4,), scale=1e-40)], [O("RELU", (0,), (1,))], (0,), (1,))
    with pytest.raises(ModelError, match="too small"):
        ENGINES["tflm"](QuantizedModel(content, tflite.read(content, "m")), Target("portable", 4))


@pytest.mark.parametrize("name", NAMES)
def test_generated_sources_build_and_give_the_references_bytes(name: str, tmp_path: Path) -> None:
    """Exactly the files that Sources names, with sanitizers, driven through engine.h."""
    content, graph, vectors = load(name)
    sources = ENGINES["tflm"](QuantizedModel(content, graph), Target("portable", 8))
    for file, text in sources.files.items():
        (tmp_path / file).write_text(text)
    files = [*(tmp_path / f for f in sources.files if not f.endswith(".h")),
             *(host.FIRMWARE / f for f in sources.firmware)]  # fmt: skip
    flags = (*host.SANITIZE, f"-I{tmp_path}")
    objects = host.compile_all(tmp_path, [*files, host.PROBES / "tflm_engine_main.c"], flags)
    host.run("g++", *flags, *objects, "-o", tmp_path / "engine")
    stdin = b"".join(array.tobytes() for vector in vectors for array in vector)
    steps = b"".join(array.tobytes() for outputs in reference.sequence(graph, vectors) for array in outputs)
    afresh = b"".join(array.tobytes() for vector in vectors for array in reference.outputs(graph, vector))
    assert (steps != afresh) == bool(graph.variables)
    for mode, wanted in (("whole", steps), ("stepwise", steps), ("reset", afresh)):
        status, _, outputs = host.run(tmp_path / "engine", mode, stdin=stdin).partition(b"\n")
        assert status.decode() == f"{OK} {sources.arena_bytes} {name}"
        assert outputs == wanted
    less = (*flags, f"-DENGINE_ARENA_BYTES={sources.arena_bytes - 16}")
    host.compile_all(tmp_path, [ENGINE_H], less)
    host.run("g++", *flags, *objects, "-o", tmp_path / "less")
    assert host.run(tmp_path / "less").decode() == f"{ARENA_TOO_SMALL} 0 {name}\n"
    assert sources.kernels == tuple((op.index, op.kind, f"nn_{lower(graph, op).kernel}_portable") for op in graph.ops)


def test_interpreter_fits_cortex_m4_without_floating_point_and_heap(tmp_path: Path) -> None:
    """All operators, without kernels; what it calls besides its own functions and kernels is memcpy and the like."""
    flags = ("-Os", "-mcpu=cortex-m4", "-mthumb", "-ffunction-sections", "-fdata-sections", f"-I{tmp_path}")
    content, graph, _ = load("classifier")
    for file, text in ENGINES["tflm"](QuantizedModel(content, graph), Target("dsp", 4)).files.items():
        (tmp_path / file).write_text(text)
    files = [f for f in host.all_sources(tmp_path) if f.suffix == ".cc"] + [ENGINE_H]
    objects = host.compile_all(tmp_path, files, flags, "arm-none-eabi-")
    sizes = host.run("arm-none-eabi-size", *objects).decode().splitlines()[1:]
    code = {line.split()[-1]: int(line.split()[0]) for line in sizes}
    # Not in every image: for an application that receives models; for operators whose calls go with the model.
    whole, prepared, state, control, table = (
        code.pop(next(name for name in code if name.endswith(f"_{file}.o")))
        for file in ("whole", PREPARED, STATE, CONTROL, "engine_kernels")
    )
    for file in host.fits():
        assert code.pop(next(name for name in code if name.endswith(f"_{Path(file).name}.o"))) <= 1024, file
    sizes_found = f"{sum(code.values())}, {whole}, {prepared}, {state}, {control} and {table} bytes"
    assert sum(code.values()) <= MAX_CORE_BYTES and whole <= 1024 and prepared <= 1280, sizes_found
    assert state <= 384 and control <= 384, sizes_found
    assert table <= 49 * len(KERNELS), sizes_found
    undefined = host.run("arm-none-eabi-nm", "-u", *objects).decode()
    outside = {n for n in re.findall(r"^ +U (\S+)$", undefined, re.MULTILINE) if not n.startswith(("_Z", "nn_"))}
    assert outside <= {"memcpy", "memset", "memcmp", "engine_model_data"}


def test_generated_files_use_upstreams_api_only(tmp_path: Path) -> None:
    """Compiled against upstream's declarations. The resolver has every operator."""
    content, graph, _ = load("classifier")
    sources = ENGINES["tflm"](QuantizedModel(content, graph), Target("portable", 8))
    methods = " && ".join(f"r.Add{op.tflm}() == kTfLiteOk" for op in OPS.values())
    texts = dict(sources.files) | {
        "every.cc": f'#include "engine_resolver.cc"\nbool every(tflite::MicroMutableOpResolver<128> &r);\n'
        f"bool every(tflite::MicroMutableOpResolver<128> &r) {{ return {methods}; }}\n"
    }
    for file, text in texts.items():
        (tmp_path / file).write_text(text)
    upstream = Path(__file__).with_name("upstream_api")
    for source in (tmp_path / "every.cc", ENGINE_H):
        for includes in ((f"-I{upstream}", f"-I{host.FIRMWARE}"), host.INCLUDES):
            host.run("g++", *host.CXX, *host.WARNINGS, f"-I{tmp_path}", *includes, "-fsyntax-only", source)


def test_operator_table_and_files_agree() -> None:
    checks = {KERNELS[name].struct.fits for op in OPS.values() for name in op.prepared_kernels}
    assert {f"fits/{file}" for file in checks} == {*host.fits()}
    ops = {path.stem for path in (host.FIRMWARE / "tflm" / "ops").glob("*.cc")}
    assert ops == {file for op in OPS.values() for file in op.interpreter}
    assert {path.stem for path in (host.FIRMWARE / "tflm").glob("*.cc")} == {*CORE, PREPARED, STATE, CONTROL} - {
        host.ENGINE
    }
    assert {kernel for op in OPS.values() for kernel in op.kernel_names} == set(KERNELS)
