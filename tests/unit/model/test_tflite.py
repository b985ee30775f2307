"""The reader of .tflite files: what it takes, what it refuses and how; nothing but a GenError ever leaves it."""

import random
import resource
import struct
from pathlib import Path

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from gen.errors import GenError, ModelError, NotQuantized, NotTflite, UnsupportedOp, UsageError
from gen.model import tflite
from gen.model.graph import Graph
from gen.model.ops import lower
from gen.model.support import require_supported
from tests import shared
from tests.tiny import O, T, edited, model


def several_operators() -> bytes:
    """A convolution, an ADD with a constant, PAD, MEAN, CONCATENATION, RESHAPE and SOFTMAX."""
    image = T([1, 4, 4, 3], scale=0.1, zero_point=-3)
    tensors = [
        image,
        T([3, 1, 1, 3], scale=[0.01, 0.02, 0.03], zero_point=0, data=np.arange(9) - 4),
        T([3], "int32", scale=[0.001, 0.002, 0.003], data=[5, 6, 7]),
        image,
        T([3], scale=0.1, data=[1, 2, 3]),
        image,
        T([4, 2], "int32", data=[[0, 0], [1, 1], [1, 1], [0, 0]]),
        T([1, 6, 6, 3], scale=0.1, zero_point=-3),
        T([2], "int32", data=[1, 2]),
        T([1, 3], scale=0.1, zero_point=-3),
        T([1, 6], scale=0.1, zero_point=-3),
        T([2], "int32", data=[2, 3]),
        T([2, 3], scale=0.1, zero_point=-3),
        T([2, 3], scale=1 / 256, zero_point=-128),
    ]
    ops = [
        O("CONV_2D", [0, 1, 2], [3], {"padding": 0, "strideW": 1, "strideH": 1}, "Conv2DOptions"),
        O("ADD", [3, 4], [5], {}, "AddOptions"),
        O("PAD", [5, 6], [7], {}, "PadOptions"),
        O("MEAN", [7, 8], [9], {"keepDims": False}, "ReducerOptions"),
        O("CONCATENATION", [9, 9], [10], {"axis": 1}, "ConcatenationOptions"),
        O("RESHAPE", [10, 11], [12]),
        O("SOFTMAX", [12], [13], {"beta": 1.0}, "SoftmaxOptions"),
    ]
    return model(tensors, ops, [0], [13])


def relu(x: T | None = None, y: T | None = None) -> bytes:
    default = T([1, 4], scale=0.5)
    return model([x or default, y or default], [O("RELU", [0], [1])], [0], [1])


def lower_all(graph: Graph) -> None:
    for op in graph.ops:
        lower(graph, op)


@shared.needed
@pytest.mark.parametrize("kind", ["COS", "EXP", "FLOOR_MOD", "L2_POOL_2D", "NEG", "SQRT"])
def test_what_tflm_has_in_float_only_is_told_as_such(kind: str) -> None:
    x = T([1, 4], "float32")
    content = model([x, x], [O(kind, [0], [1])], [0], [1])
    with pytest.raises(UnsupportedOp, match=rf"operator 0 \({kind}\): in TFLM in float32 only, .* end the model"):
        require_supported(tflite.read(content, "m"), "m")


@pytest.mark.parametrize("name", shared.NAMES)
def test_mlperf_tiny_models_load_as_published(name: str) -> None:
    path = shared.path(name)
    content, graph = tflite.read_file(path)
    assert graph.name == name
    assert len(content) == path.stat().st_size
    lower_all(graph)
    assert {graph.tensors[i].dtype for i in (*graph.inputs, *graph.outputs)} == {"int8"}


def test_everything_is_read() -> None:
    graph = tflite.read(several_operators(), "my model-2")
    lower_all(graph)
    assert graph.name == "my_model_2"
    assert [op.kind for op in graph.ops] == ["conv_2d", "add", "pad", "mean", "concatenation", "reshape", "softmax"]
    assert (graph.inputs, graph.outputs) == ((0,), (13,))
    assert graph.ops[0].options["Padding"] == "same"
    assert graph.ops[0].options["FusedActivationFunction"] == "none"
    assert graph.ops[5].options == {}
    weights = graph.tensors[1]
    assert weights.quant is not None
    assert weights.quant.per_channel
    assert weights.quant.scale == tuple(float(np.float32(scale)) for scale in (0.01, 0.02, 0.03))
    assert weights.data is not None
    np.testing.assert_array_equal(weights.data.reshape(-1), np.arange(9) - 4)
    assert graph.tensors[0].zero_point == -3
    assert [t.index for t in graph.activations] == [0, 3, 5, 7, 9, 10, 12, 13]


@pytest.mark.parametrize(
    ("name", "safe"),
    [("digits", "digits"), ("2nd-try", "m_2nd_try"), ("", "m_"), ("größe", "gr__e"), ("a" * 50, "a" * 31)],
)
def test_names_become_identifiers(name: str, safe: str) -> None:
    assert tflite.identifier(name) == safe
    assert safe.isidentifier()


def test_batch_may_be_unknown_in_the_signature() -> None:
    def edit(m: schema.ModelT) -> None:
        m.subgraphs[0].tensors[0].shapeSignature = [-1, 4]

    assert tflite.read(edited(relu(), edit), "m").tensors[0].shape == (1, 4)


def test_other_unknown_sizes_are_refused() -> None:
    def edit(m: schema.ModelT) -> None:
        m.subgraphs[0].tensors[0].shapeSignature = [1, -1]

    with pytest.raises(UnsupportedOp, match=r"input 't0' has a size .* run time only \(shape \[1, -1\]\): give the"):
        tflite.read(edited(relu(), edit), "m")
    with pytest.raises(ModelError, match=r"graph input 0 writes tensor 't0' of shape \(1, 0\), which holds nothing"):
        tflite.read(relu(T([1, 0], scale=0.5)), "m")


def test_unknown_operators_are_named() -> None:
    content = model([T([1, 4], scale=0.5)] * 2, [O("COS", [0], [1])], [0], [1])
    says = r"^operator 0 \(COS\) is not supported: replace it in the model by one that"
    with pytest.raises(UnsupportedOp, match=says):
        lower_all(tflite.read(content, "m"))

    def newer(m: schema.ModelT) -> None:
        m.operatorCodes[0].builtinCode, m.operatorCodes[0].deprecatedBuiltinCode = 999, 127

    with pytest.raises(UnsupportedOp, match=r"^operator 0 \(BUILTIN 999\) is not supported"):
        lower_all(tflite.read(edited(content, newer), "m"))


@pytest.mark.parametrize(("code", "shown"), [(b"MyOp", "MyOp"), (b"RELU", "RELU"), (None, "without a name")])
def test_custom_operators_are_named(code: bytes | None, shown: str) -> None:
    """Also one that calls itself like a builtin."""

    def edit(m: schema.ModelT) -> None:
        m.operatorCodes[0].builtinCode = m.operatorCodes[0].deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        m.operatorCodes[0].customCode = code

    with pytest.raises(UnsupportedOp, match=rf"^operator 0 \(CUSTOM {shown}\) is not supported: replace it"):
        lower_all(tflite.read(edited(relu(), edit), "m"))


def test_float_and_hybrid_models_are_refused_with_advice() -> None:
    advice = r"not quantized int8: convert the model with full integer quantization"
    with pytest.raises(NotQuantized, match=rf"^operator 0 \(RELU\): tensor 't0' is float32, {advice}"):
        lower_all(tflite.read(relu(T([1, 4], "float32"), T([1, 4], "float32")), "m"))
    weights = T([2, 4], scale=0.1, data=np.ones((2, 4)))
    tensors = [T([1, 4], "float32"), weights, T([1, 2], "float32")]
    hybrid = model(tensors, [O("FULLY_CONNECTED", [0, 1, -1], [2], {}, "FullyConnectedOptions")], [0], [2])
    with pytest.raises(NotQuantized, match=rf"^operator 0 \(FULLY_CONNECTED\): tensor 't0' is float32, {advice}"):
        lower_all(tflite.read(hybrid, "m"))


def test_parameters_beyond_their_field_are_refused() -> None:
    wide = T([1, 70_000, 1, 1], scale=0.1)
    pool = O(
        "MAX_POOL_2D", [0], [1], {"filterHeight": 1, "filterWidth": 1, "strideH": 1, "strideW": 1}, "Pool2DOptions"
    )
    with pytest.raises(UnsupportedOp, match=r"operator 0 \(MAX_POOL_2D\) has in_h 70000, more than .* uint16_t holds"):
        lower_all(tflite.read(model([wide, wide], [pool], [0], [1]), "m"))


def test_unusual_tensors_are_refused() -> None:
    def sparse(m: schema.ModelT) -> None:
        m.subgraphs[0].tensors[0].sparsity = schema.SparsityParametersT()

    with pytest.raises(UnsupportedOp, match="tensor 't0' is stored sparse"):
        require_supported(tflite.read(edited(relu(), sparse), "m"), "m")

    def text(m: schema.ModelT) -> None:
        m.subgraphs[0].tensors[0].type = schema.TensorType.STRING

    with pytest.raises(ModelError, match="tensor 't0' is string, which is not supported"):
        require_supported(tflite.read(edited(relu(), text), "m"), "m")
    with pytest.raises(ModelError, match="tensor 't0' has quantization scales that are zero"):
        tflite.read(relu(T([1, 4], scale=0.0)), "m")
    with pytest.raises(ModelError, match="zero point"):
        lower_all(tflite.read(relu(T([1, 4], scale=0.5, zero_point=1 << 40)), "m"))


def test_long_and_odd_names_are_cut() -> None:
    content = model([T([1, 4], "float32", name="a\n" + "b;" * 500)] * 2, [O("RELU", [0], [1])], [0], [1])
    name = tflite.read(content, "m").tensors[0].name
    assert name.startswith("a?b;b;")
    assert len(name) == 100


def test_files_that_are_no_models_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"can't read the model .*nowhere\.tflite: No such file or directory; give the"
    ):
        tflite.read_file(tmp_path / "nowhere.tflite")
    with pytest.raises(UsageError, match="Is a directory"):
        tflite.read_file(tmp_path)
    for content in (b"", b"TFL3", b"PK\x03\x04" + b"\0" * 100):
        path = tmp_path / "x.tflite"
        path.write_bytes(content)
        with pytest.raises(NotTflite, match=r"x\.tflite is not a TensorFlow Lite model .* give a \.tflite file"):
            tflite.read_file(path)

    def version(m: schema.ModelT) -> None:
        m.version = 4

    with pytest.raises(NotTflite, match="schema version 4, not 3"):
        tflite.read(edited(relu(), version), "m")

    def empty(m: schema.ModelT) -> None:
        m.subgraphs[0].operators = []

    with pytest.raises(NotTflite, match="no operators"):
        tflite.read(edited(relu(), empty), "m")


def survives(content: bytes) -> bool:
    """Whether the model still reads and lowers; anything that goes wrong must be a GenError of one line."""
    try:
        lower_all(tflite.read(content, "m"))
    except GenError as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 600
        return False
    return True


def test_truncated_files_are_refused() -> None:
    content = several_operators()
    assert survives(content)
    for length in (*range(0, len(content), 97), *range(len(content) - 64, len(content))):
        assert not survives(content[:length]) or length > len(content) - 16


@shared.needed
@pytest.mark.parametrize("name", shared.NAMES)
def test_truncated_mlperf_models_are_refused(name: str) -> None:
    path = shared.path(name)
    content = path.read_bytes()
    for length in range(0, len(content), 97 * 13):
        survives(content[:length])


def test_flipped_bytes_never_crash_the_reader() -> None:
    content, rng = several_operators(), random.Random(1)
    outcomes = set()
    for _ in range(500):
        damaged = bytearray(content)
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        outcomes.add(survives(bytes(damaged)))
    assert outcomes == {True, False}


def test_garbage_never_crashes_the_reader() -> None:
    rng = random.Random(2)
    for _ in range(200):
        survives(rng.randbytes(4) + b"TFL3" + rng.randbytes(rng.randrange(2000)))


@pytest.mark.parametrize("word", [0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_wild_lengths_and_offsets_cost_no_memory(word: int) -> None:
    """Every aligned word of the file replaced in turn: lengths beyond the file must not be believed."""
    content, before = several_operators(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for at in range(8, len(content) - 3, 4):
        survives(content[:at] + struct.pack("<I", word) + content[at + 4 :])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB
