"""bakenn (https://pypi.org/project/bakenn, extra `bench`) beside ours: its C, our board, flags, link and reference.

It reads fewer .tflite files than we do, so a copy of the model is edited first, in ways that change no weight and no
rounding; what was edited is said in the row. One that cuts operators off is compared with the reference cut likewise.
"""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Any

import numpy as np

from gen.compiler.engines import Sources
from gen.device.board import Board
from gen.errors import MissingTool, UnsupportedOp
from gen.model import tflite
from gen.model.quantized import QuantizedModel
from gen.model.rewrites.tail import whole
from gen.paths import install
from gen.render import render

NAME = "bakenn"
PREFIX = "peer"

# The versions of operators that its importer takes; they say which attributes may occur, not how to compute.
VERSIONS = {
    "CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4, "ADD": 2, "AVERAGE_POOL_2D": 2, "MAX_POOL_2D": 2,
    "RESHAPE": 1, "PAD": 2, "PADV2": 2,
}  # fmt: skip
WITH_BIAS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
# Operators that it doesn't have and that can be cut off where they are the model's first or last.
CUT = ("SOFTMAX", "QUANTIZE", "DEQUANTIZE", "LOGISTIC")

_DEFINITIONS = re.compile(r"set\(BAKENN_MODEL_COMPILE_DEFINITIONS\s+([^)]*)\)")
# Not ours to mend, and our build makes warnings errors.
_QUIET = '#pragma GCC diagnostic ignored "-Wunused-parameter"\n#pragma GCC diagnostic ignored "-Wunused-function"\n'


@dataclass(frozen=True, eq=False)
class Peer:
    """What runs on the device."""

    model: QuantizedModel  # as it was edited
    sources: Sources
    note: str  # what to say beside the measurements


def available() -> bool:
    return util.find_spec("bakenn") is not None and util.find_spec("tflite_micro") is not None


def generate(model: QuantizedModel, board: Board) -> Peer:
    """bakenn's C for the model and board. Raises MissingTool without the extra, UnsupportedOp where bakenn refuses."""
    if not available():
        raise MissingTool(f"{NAME} is not installed: `{install('bench')}` brings it.")
    import bakenn

    content, edits = edit(whole(model.content).content)
    edited = QuantizedModel(content, tflite.read(content, model.name), None)
    dsp = board.isa == "dsp"
    options = bakenn.CBackendOptions(
        kernel_policy=bakenn.KernelPolicy.STATIC_PRIORITY,
        enable_cmsis_nn=dsp,
        target=bakenn.CORTEX_M4 if dsp else bakenn.PORTABLE_32,
    )
    with tempfile.TemporaryDirectory() as folder:
        try:
            made = bakenn.compile_tflite(content, folder, name=PREFIX, backend_options=options)
        except bakenn.BakeNNError as error:
            raise UnsupportedOp(f"{NAME} refuses the model: {' '.join(str(error).split())}") from error
        files = _files(Path(folder))
    kernels = tuple((step.index, step.name, step.kernel_id) for step in made.memory_report.steps)
    cmsis = sum(kernel.startswith("cmsis_nn.") for _, _, kernel in kernels)
    used = f"{cmsis} of {len(kernels)} kernels from CMSIS-NN" if dsp else f"portable C, it has none for {board.core}"
    note = "; ".join((f"{NAME} {metadata.version(NAME)}: {used}", *(edits or ("model unedited",))))
    return Peer(edited, _sources(edited, files, made.memory_report, kernels), note)


def _files(folder: Path) -> dict[str, str]:
    """What it generated, side by side (they include each other by name alone), with its build file's definitions."""
    build = (folder / "bakenn_sources.cmake").read_text(encoding="utf-8")
    defined = _DEFINITIONS.search(build)
    head = _QUIET + "".join(f"#define {name}\n" for name in (defined[1].split() if defined else ()))
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.[ch]"))}
    return {name: head + text if name.endswith(".c") else text for name, text in files.items()}


def _sources(
    model: QuantizedModel, files: Mapping[str, str], memory: Any, kernels: tuple[tuple[int, str, str], ...]
) -> Sources:
    """Its files and a glue that makes engine.h of them: input and output apart from the arena, as its ABI wants."""
    graph = model.graph
    glue = render(
        "bakenn_engine.c",
        name=graph.name,
        prefix=PREFIX,
        sha256=bytes.fromhex(graph.sha256),
        arena_bytes=memory.arena_bytes,
        input_bytes=memory.input_bytes,
        output_bytes=memory.output_bytes,
    )
    return Sources(
        engine=NAME,
        name=graph.name,
        graph=graph,
        files={**files, "engine.c": glue},
        firmware=(),
        include_dirs=(".",),
        arena_bytes=memory.arena_bytes + memory.input_bytes + memory.output_bytes,
        peak_reason=f"{NAME} plans it so",
        model_bytes=len(model.content),
        const_bytes=memory.emitted_constant_payload_bytes,
        kernels=kernels,
    )


def edit(content: bytes) -> tuple[bytes, list[str]]:
    """A .tflite that bakenn's importer takes, as far as that needs no other computation, and what was changed."""
    import flatbuffers
    from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    names = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
    graph = model.subgraphs[0]
    edits = [*_cut(model, graph, names), *_fix_shapes(graph), *_reshape(model, graph, names, schema)]
    edits += [*_restate_versions(model, graph, names), *_restate_bias_scales(model, graph, names)]
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output()), edits


def _kind(model: Any, op: Any, names: Mapping[int, str]) -> str:
    code = model.operatorCodes[op.opcodeIndex]
    return names[max(code.builtinCode, code.deprecatedBuiltinCode)]


def _cut(model: Any, graph: Any, names: Mapping[int, str]) -> list[str]:
    """Operators at the ends that it doesn't have: the graph's input or output moves past them."""
    cut = []
    while _kind(model, graph.operators[-1], names) in CUT and len(graph.operators) > 1:
        op = graph.operators.pop()
        cut.append(f"{_kind(model, op, names)} cut off the end")
        graph.outputs = [op.inputs[0]]
    while _kind(model, graph.operators[0], names) in CUT and len(graph.operators) > 1:
        op = graph.operators.pop(0)
        cut.append(f"{_kind(model, op, names)} cut off the start")
        graph.inputs = [op.outputs[0]]
    model.signatureDefs = None
    return cut


def _fix_shapes(graph: Any) -> list[str]:
    """A shape_signature with a batch of -1, which the converter always writes; the shape itself says 1."""
    changed = [t for t in graph.tensors if t.shapeSignature is not None and list(t.shapeSignature) != list(t.shape)]
    for tensor in changed:
        tensor.shapeSignature = None
    return ["batch of -1 made 1"] if changed else []


def _reshape(model: Any, graph: Any, names: Mapping[int, str], schema: Any) -> list[str]:
    """RESHAPE with its shape as a second input becomes one with options."""
    changed = False
    for op in graph.operators:
        if _kind(model, op, names) == "RESHAPE" and (op.builtinOptions is None or len(op.inputs) > 1):
            options = schema.ReshapeOptionsT()
            options.newShape = [int(size) for size in graph.tensors[op.outputs[0]].shape]
            op.builtinOptionsType, op.builtinOptions = schema.BuiltinOptions.ReshapeOptions, options
            op.inputs = [op.inputs[0]]
            changed = True
    return ["RESHAPE's shape made an attribute"] if changed else []


def _restate_versions(model: Any, graph: Any, names: Mapping[int, str]) -> list[str]:
    """One version for each operator; FULLY_CONNECTED has another where it has no bias."""
    dense = [op for op in graph.operators if _kind(model, op, names) == "FULLY_CONNECTED"]
    versions = VERSIONS | ({} if any(_has_bias(op) for op in dense) else {"FULLY_CONNECTED": 6})
    changed = []
    for code in model.operatorCodes:
        kind = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
        if kind in versions and code.version != versions[kind]:
            code.version = versions[kind]
            changed.append(kind)
    return [f"operator versions restated ({', '.join(changed)})"] if changed else []


def _has_bias(op: Any) -> bool:
    return len(op.inputs) > 2 and op.inputs[2] >= 0


def _restate_bias_scales(model: Any, graph: Any, names: Mapping[int, str]) -> list[str]:
    """A bias' scale that isn't the float32 product of input and weight scale; TFLite's kernels don't read it."""
    changed = False
    for op in graph.operators:
        if _kind(model, op, names) in WITH_BIAS and _has_bias(op):
            x, w, bias = (graph.tensors[i].quantization for i in op.inputs[:3])
            product = [float(np.float32(float(np.float32(x.scale[0])) * float(np.float32(s)))) for s in w.scale]
            if list(map(float, bias.scale)) != product:
                bias.scale, bias.zeroPoint = product, [0] * len(product)
                changed = True
    return ["bias scales restated"] if changed else []
