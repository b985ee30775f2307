"""Engine tflm: the .tflite file as a C array, interpreted on the device by firmware/tflm (or by upstream TFLM)."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from gen.compiler.engines.prepared import kernel_id, with_calls
from gen.compiler.engines.sources import Sources
from gen.compiler.engines.tflm_arena import plan, tflm_arena_bytes
from gen.compiler.kernels.select import interpreted
from gen.compiler.target import Target
from gen.errors import ModelError
from gen.model.graph import Graph, Op, Tensor
from gen.model.ops import KERNELS, OPS, lower
from gen.model.ops.operator import Call, Kernel
from gen.model.quantized import QuantizedModel
from gen.model.rewrites.control import unroll
from gen.model.rewrites.hidden import exposed
from gen.model.rewrites.tail import whole
from gen.model.rewrites.variables import resolve
from gen.render import render

CORE = ("engine/engine", "fixed_point", "flatbuffer", "interpreter", "planner", "prepare", "whole")

PREPARED = "prepared"  # of the core, where operators' calls go with the model
STATE = "state"  # likewise, of models with variables
CONTROL = "control"  # likewise, of models with IF or WHILE
GO_ON = "go on"  # what a report has in place of a kernel's function

_NORMAL = float(np.finfo(np.float32).smallest_normal)


def generate(model: QuantizedModel, target: Target, level: str = "balanced") -> Sources:
    """The sources of one model; level makes no difference, the constants are the model's own.

    Raises UnsupportedOp, NotQuantized, ModelError on what the device can't run."""
    graph = model.graph
    every = [lower(graph, op) for op in graph.ops]
    calls = [call for call in every if not call.is_control]
    for op in graph.ops:
        _check(graph, op)
    device, prepared = device_model(model.content, graph.tensors, every, target.pointer_bytes), prepared_kernels(calls)
    kinds = sorted({op.kind for op in graph.ops})
    of_files = {kernel for kind in kinds for kernel in OPS[kind].own_kernels}
    kernels = sorted(of_files | {call.kernel for call in calls})
    variants = {kernel: interpreted(kernel, calls, target.isa) for kernel in kernels}
    symbols = {kernel: f"nn_{variant.name}" for kernel, variant in variants.items()}
    operators = sorted({file for kind in kinds for file in OPS[kind].interpreter})
    arena_bytes = tflm_arena_bytes(graph, target.pointer_bytes)
    values = {
        "name": graph.name,
        "sha256": bytes.fromhex(graph.sha256),
        "inputs": len(graph.inputs),
        "outputs": len(graph.outputs),
        "ops": len(graph.ops),
        "operators": [OPS[kind].tflm for kind in kinds],
        "headers": sorted({f"kernels/{variant.header}" for variant in variants.values()}),
        "kernels": [(f"NN_{kernel.upper()}", symbol) for kernel, symbol in symbols.items()],
        "arena_bytes": arena_bytes,
        "pointer_bytes": target.pointer_bytes,
        "content": device,
        "content_bytes": len(device),
        "prepared": prepared,
    }
    generated = ["engine_model.h", "engine_model.c", "engine_resolver.cc", "nn_select.h"]
    core = list(CORE)
    if prepared:
        generated.append("engine_kernels.cc")
        core += [PREPARED, *fit_files(calls)]
    if graph.variables:
        core.append(STATE)
    if any(OPS[kind].is_control for kind in kinds):
        core.append(CONTROL)
    return Sources(
        engine="tflm",
        name=graph.name,
        graph=graph,
        files={file: render(file, **values) for file in generated},
        firmware=(
            *(f"tflm/{file}.cc" for file in core),
            *(f"tflm/ops/{file}.cc" for file in operators),
            *sorted({f"kernels/{file}" for variant in variants.values() for file in variant.files}),
        ),
        include_dirs=(".", "tflm", "kernels"),
        arena_bytes=arena_bytes,
        peak_reason=_peak_reason(graph),
        model_bytes=len(model.content),
        const_bytes=len(device),
        kernels=tuple((call.op.index, call.op.kind, symbols.get(call.kernel, GO_ON)) for call in every),
    )


def device_model(content: bytes, tensors: Sequence[Tensor], calls: Sequence[Call], pointer_bytes: int) -> bytes:
    """The .tflite as the interpreter takes it; tensors and calls: as its graph has them, in order."""
    prepared = [call if is_prepared(call) else None for call in calls]
    cut = whole(content)
    unrolled = unroll(cut.content, cut.numbers)
    return with_calls(exposed(resolve(unrolled.content).content), tensors, prepared, pointer_bytes)


def is_prepared(call: Call) -> bool:
    """Whether it goes with the model; else the device prepares it from the model alone."""
    return call.kernel in OPS[call.op.kind].prepared_kernels


def prepared_kernels(calls: Iterable[Call]) -> list[dict[str, Any]]:
    """What engine_kernels.cc says of each kernel whose calls go with the model."""
    names = sorted({call.kernel for call in calls if is_prepared(call)})
    return [kernel_values(KERNELS[name]) for name in names]


def fit_files(calls: Iterable[Call]) -> list[str]:
    """What checks their parameters on the device, relative to firmware/tflm, without .cc."""
    return sorted({f"fits/{KERNELS[call.kernel].struct.fits}" for call in calls if is_prepared(call)})


def kernel_values(kernel: Kernel) -> dict[str, Any]:
    """What engine_kernels.cc says of a kernel. operands: how its wrapper gets them from a tflm::Node, in C++."""
    lists = kernel.outputs != 1 or kernel.state
    if kernel.arity == 1 and not lists:
        x = ["Input{node.x}"]
    elif kernel.arity is not None:
        x = [f"input(node, {number})" for number in range(kernel.arity)]
    else:
        x = ["inputs(node)"]
    return {
        "name": kernel.name,
        "macro": f"NN_{kernel.name.upper()}",
        "struct": kernel.struct.name,
        "id": f"0x{kernel_id(kernel):08X}",
        "inputs": kernel.arity or 0,
        "outputs": kernel.outputs + kernel.state if kernel.outputs else 0,
        "in_place": str(kernel.in_place).lower(),
        "arrays": [field.name for field in kernel.struct.fields if field.pointer],
        "operands": ", ".join([*x, *_outputs(kernel)]),
    }


def _outputs(kernel: Kernel) -> list[str]:
    """How a kernel's wrapper gets what it writes, variables last."""
    if kernel.outputs is None:
        return [f"outputs(node, {kernel.arity})"]
    if kernel.outputs == 1 and not kernel.state:
        return ["Output{node.y}"]
    return [
        f"output(node, {number})"
        for number in range(kernel.arity or 0, (kernel.arity or 0) + kernel.outputs + kernel.state)
    ]


def _peak_reason(graph: Graph) -> str:
    """Why the arena is as large as it is, for an error about a board that has less."""
    step, size = plan(graph).peak()
    if step == len(graph.ops):
        return f"{size} bytes of outputs are held at the end"
    op = graph.ops[step]
    shape = f", whose output has shape {graph.output(op).shape}" if op.outputs else ""
    return f"{size} bytes of activations are alive during {op}{shape}"


def _check(graph: Graph, op: Op) -> None:
    """Raise on what lower() allows and the interpreter can't do."""
    for index in (*op.inputs, *op.outputs):
        tensor = graph.tensors[index]
        if index >= 0 and tensor.quant is not None and min(tensor.quant.scale) < _NORMAL:
            raise ModelError(f"{op}: tensor {tensor.name!r} has a scale too small for float32: quantize it again.")
