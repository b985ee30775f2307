"""Everything that keeps a model from being built, told at once, each for what it is and with what can be done."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from gen.errors import ModelError, NotQuantized, UnsupportedOp
from gen.model.graph import Graph, Op, Tensor
from gen.model.ops import KERNELS, OPS, lower
from gen.model.origin import layer_of

MAX_ELEMENTS = 2**24  # of one activation: 16 MB as int8, more than the RAM of any board we know of
SHOWN = 5  # operators of one kind that are counted out
SHOWN_REASONS = 12  # of a model, and of unknown operators' kinds

_PLAIN = "not supported (`python -m gen ops` lists what is): replace that part of the model, or convert it otherwise"
_FLOAT = (
    "in TFLM in float32 only, which is not computed on the device: use in its place what has an int8 form, or end the "
    "model before it and do the rest on what the device gives"
)
_FLOAT_KINDS = (
    "ceil", "cos", "exp", "floor", "floor_div", "floor_mod", "l2_pool_2d", "log", "neg", "round", "sin", "sqrt",
    "square",
)  # fmt: skip
_ONCE = (
    "run when what it is part of is for the first time, and only at the start of a model is it supported: initialize "
    "variables outside of IF and WHILE"
)
# What can be said of an operator that is not supported, beyond that: by its name as the file has it, in lower case.
_REASONS = {
    "custom ethos-u": "code for Arm's Ethos-U: give the .tflite from before Vela compiled it",
    "custom edgetpu-custom-op": "code for the Edge TPU: give the .tflite from before its compiler",
    "custom tflite_detection_postprocess": _FLOAT,
    **dict.fromkeys(_FLOAT_KINDS, _FLOAT),
    "call_once": _ONCE,
}


def require_supported(graph: Graph, where: str) -> None:
    """Raise the ModelError that says all there is against building the graph, read from where; a line for each obstacle
    where there are several."""
    found = list(obstacles(graph, where))
    if len(found) > 1:
        lines = "".join(f"\n  {number}. {error}" for number, error in enumerate(found[:SHOWN_REASONS], 1))
        lines += f"\n  and {len(found) - SHOWN_REASONS} more." if len(found) > SHOWN_REASONS else ""
        raise type(found[0])(f"{where} can't be built, for {len(found)} reasons:{lines}")
    if found:
        raise type(found[0])(f"{where} can't be built: {found[0]}")


def obstacles(graph: Graph, where: str) -> Iterator[ModelError]:
    """One error for each kind of obstacle, with the operators that it concerns."""
    unknown: dict[str, dict[str, list[Op]]] = {}
    for op in graph.ops:
        if op.kind not in OPS:
            unknown.setdefault(_reason(op.kind), {}).setdefault(op.kind, []).append(op)
    for reason, kinds in unknown.items():
        named = [_named(graph, ops) for ops in kinds.values()]
        others = [f"{len(named) - SHOWN_REASONS} other kinds"] if len(named) > SHOWN_REASONS else []
        yield UnsupportedOp(f"{'; '.join([*named[:SHOWN_REASONS], *others])}: {reason}.")
    yield from _of_tensors(graph)
    inexact = [op for op in graph.ops if op.kind in OPS and _computes_in_float(graph, op)]
    if inexact:
        yield _float(graph, inexact, where)
    told = {op.index for op in inexact}
    alike: dict[str, tuple[ModelError, list[Op]]] = {}
    for op in graph.ops:
        if op.kind in OPS and op.index not in told and not _has_obstacle(graph, op):
            try:
                _require_form(op)
                lower(graph, op)
            except ModelError as error:
                key = f"{op.kind}{str(error).removeprefix(str(op))}"
                alike.setdefault(key, (error, []))[1].append(op)
    for first, ops in alike.values():
        more = "" if len(ops) == 1 else f" The same goes for {_named(graph, ops[1:])}."
        yield type(first)(f"{first}{more}")


def _require_form(op: Op) -> None:
    """Raise UnsupportedOp on an operator with several outputs, or without options that TFLM has no defaults for, and
    ModelError on one without a first input."""
    if OPS[op.kind].is_control:
        return
    if not op.inputs or op.inputs[0] < 0:
        raise ModelError(f"{op} has no input: the model file is damaged or from an unknown converter.")
    counts = {KERNELS[kernel].outputs for kernel in OPS[op.kind].kernel_names}
    if None not in counts and len(op.outputs) not in counts:
        raise ModelError(f"{op} has {len(op.outputs)} outputs, which it can't have: the model file is damaged.")
    required = [key for key, default in OPS[op.kind].options.items() if default not in ("none", 0, False)]
    if required and not op.has_options:
        raise UnsupportedOp(
            f"{op} has no options in the file, such as its {required[0]}, and TFLM has no defaults for them: convert "
            "the model again."
        )


def _named(graph: Graph, ops: Sequence[Op]) -> str:
    """ "operator 3 (TANH), of layer act" or "operators 3, 7 and 9 (TANH), of layers a, b"."""
    layers = dict.fromkeys(layer for op in ops if (layer := _layer(graph, op)))
    shown = ", ".join([*list(layers)[:SHOWN], *(["..."] if len(layers) > SHOWN else [])])
    asked = f", of layer{'s' if len(layers) > 1 else ''} {shown}" if layers else ""
    if len(ops) == 1:
        return f"{ops[0]}{asked}"
    numbers = [f"{op.number}{op.where}" for op in ops[:SHOWN]]
    more = len(ops) - len(numbers)
    first, last = (numbers, f"{more} more") if more else (numbers[:-1], numbers[-1])
    return f"operators {', '.join(first)} and {last} ({ops[0].title}){asked}"


def _layer(graph: Graph, op: Op) -> str | None:
    """The layer that asked for an operator, in the model that this one was converted from."""
    return layer_of(graph.tensors[op.outputs[0]].name, op.kind) if op.outputs else None


def _reason(kind: str) -> str:
    kind = kind.lower()
    if kind.startswith("custom flex"):
        return "TensorFlow's own, which TFLM does not run either: convert without SELECT_TF_OPS"
    return _REASONS.get(kind, _PLAIN)


def _of_tensors(graph: Graph) -> Iterator[ModelError]:
    """Tensors that operators we know, inputs and outputs can't have; what only operators have that are unknown anyway
    is no obstacle of its own."""
    ops = [op for op in graph.ops if op.kind in OPS]
    used = {i for op in ops for i in (*op.inputs, *op.outputs) if i >= 0}.union(graph.inputs, graph.outputs)
    alike: dict[str, list[Tensor]] = {}
    for index in sorted(used):
        tensor = graph.tensors[index]
        if tensor.obstacle is not None:
            alike.setdefault(tensor.obstacle, []).append(tensor)
        elif tensor.data is None and tensor.elements > MAX_ELEMENTS:
            yield UnsupportedOp(
                f"tensor {tensor.name!r} of shape {tensor.shape} has {tensor.elements:,} elements, more than "
                f"{MAX_ELEMENTS:,}: no microcontroller has the RAM, make the model's input smaller."
            )
    for obstacle, tensors in alike.items():
        more = f" (and {len(tensors) - 1} more)" if len(tensors) > 1 else ""
        yield UnsupportedOp(f"tensor {tensors[0].name!r}{more} {obstacle}.")
    uint8 = [op for op in ops if "uint8" in _computes_in(graph, op)]
    if uint8:
        yield NotQuantized(
            f"{_kinds(uint8)} in uint8, which is TensorFlow's quantization of 2018 to 2020 and TFLM no longer has: "
            "convert the float model again, with TFLITE_BUILTINS_INT8."
        )


def _kinds(ops: Sequence[Op]) -> str:
    return ", ".join(sorted({op.title for op in ops}))


def _computes_in(graph: Graph, op: Op) -> set[str]:
    """The types of the operator's activations but its state; of QUANTIZE none, as it is there to turn one into another.
    The operator is one that we know."""
    indices = [] if OPS[op.kind].is_rim else [i for i in (*op.inputs, *op.outputs) if i >= 0]
    tensors = [graph.tensors[i] for i in indices]
    return {tensor.dtype for tensor in tensors if tensor.data is None and not tensor.is_variable}


def _has_obstacle(graph: Graph, op: Op) -> bool:
    """Whether the operator's tensors were told of already."""
    tensors = [graph.tensors[i] for i in (*op.inputs, *op.outputs) if i >= 0]
    return any(t.obstacle is not None for t in tensors) or "uint8" in _computes_in(graph, op)


def _computes_in_float(graph: Graph, op: Op) -> bool:
    """Of an operator that we know. RESHAPE only moves float32, at a model's rim; QUANTIZE and DEQUANTIZE are that
    rim."""
    if OPS[op.kind].is_rim or OPS[op.kind].is_view or OPS[op.kind].is_control:
        return False
    return any(i >= 0 and graph.tensors[i].dtype == "float32" for i in (*op.inputs, *op.outputs))


def _float(graph: Graph, ops: Sequence[Op], where: str) -> ModelError:
    """Why the model is not int8, of its operators that compute in float32."""
    tensors = [graph.tensors[i] for op in ops for i in (*op.inputs, *op.outputs) if i >= 0]
    original = shlex.quote(str(Path(where).with_suffix(".keras")))
    again = (
        "give the float model that it was converted from, for example "
        f"`python -m gen build {original} --calibration FOLDER --board BOARD`, or a SavedModel or .onnx"
    )
    if any(t.dtype == "int8" and t.data is not None for t in tensors):
        return NotQuantized(
            f"the model is hybrid (dynamic-range): int8 weights, but float32 arithmetic, in {_kinds(ops)}; {again}."
        )
    told = {op.index for op in ops}
    integer = [op for op in graph.ops if not _is_rim(op) and op.index not in told]
    if not any(graph.tensors[i].dtype == "int8" for op in integer for i in op.outputs):
        return NotQuantized(f"the model is a float32 model, not int8; {again}.")
    read = {index for op in ops for index in op.inputs}
    rims = [op for op in graph.ops if _is_rim(op) and not read.isdisjoint(op.outputs[:1])]
    if rims and max(op.index for op in rims) < min(op.index for op in ops):
        inner = graph.input(rims[0], 0)
        return NotQuantized(
            f"behind {rims[0]} the model goes on in float32, with {_kinds(ops)}: end it at tensor {inner.name!r} and "
            "do the rest on what the device gives, or quantize it fully."
        )
    return NotQuantized(f"the model is int8 but for {_kinds(ops)}, which compute in float32 ({ops[0]}); {again}.")


def _is_rim(op: Op) -> bool:
    return op.kind in OPS and OPS[op.kind].is_rim
