"""Engine aot: constant parameters, a static memory plan and a straight line of kernel calls; no interpreter."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gen.compiler.bands import Fused
from gen.compiler.engines.sources import Sources
from gen.compiler.kernels.select import VARIANTS, InParts
from gen.compiler.kernels.variant import Variant
from gen.compiler.passes import optimize
from gen.compiler.picture import draw
from gen.compiler.program import ArenaPlan, Program, compile_graph, own_constants, plan
from gen.compiler.target import Target
from gen.model.graph import Array, Role, Tensor
from gen.model.ops import KERNELS
from gen.model.ops.operator import Field
from gen.model.quantized import QuantizedModel
from gen.render import render

NUMBERS_A_LINE = 24
STRUCTS = {variant.struct.name: variant.struct for variant in VARIANTS}
_CONTROL: dict[Role | None, str] = {
    Role.BRANCH: "if ({condition}) {{",
    Role.OTHERWISE: "}} else {{",
    Role.JOIN: "}}",
    Role.LOOP: "for (;;) {{",
    Role.TEST: "if (!{condition}) break;",
    Role.REPEAT: "if (rounds-- == 0) return ENGINE_ENDLESS;",
}
Fields = tuple[tuple[str, str], ...]  # of a struct: name, initializer


def generate(model: QuantizedModel, target: Target, level: str = "balanced") -> Sources:
    """The sources of one model. Raises UnsupportedOp, NotQuantized, ModelError on what no kernel computes."""
    program = compile_graph(optimize(model.graph), target.isa, level)
    memory = plan(program)
    constants = Constants()
    computing = [number for number, step in enumerate(program.steps) if not step.call.is_control]
    calls = [_run(program, memory, number, constants) for number in computing]
    steps = [program.steps[number] for number in computing]
    arena_bytes = max(memory.placement.total, 16)
    own = own_constants(program.graph)
    structs = sum(STRUCTS[ctype].layout(target.pointer_bytes)[1] for ctype, _ in constants.structs)
    values = {
        "name": model.name,
        "sha256": bytes.fromhex(model.graph.sha256),
        "headers": sorted({variant.header for step in program.steps for variant in step.variants}),
        "arrays": constants.arrays,
        "structs": [
            {"name": name, "ctype": ctype, "fields": fields} for (ctype, fields), name in constants.structs.items()
        ],
        "calls": calls,
        "body": list(_body(program, memory, constants)),
        "loops": any(step.call.op.role is Role.REPEAT for step in program.steps),
        "inputs": [_tensor(program, memory, i, constants) for i in model.graph.inputs],
        "outputs": [_tensor(program, memory, i, constants) for i in model.graph.outputs],
        "variables": [_variable(memory, tensor, constants) for tensor in program.graph.variables],
        "op_outputs": [_tensor(program, memory, step.call.outputs[0], constants) for step in steps],
        "arena_bytes": arena_bytes,
    }
    return Sources(
        engine="aot",
        name=model.name,
        graph=program.graph,
        files={"engine.c": render("engine.c", **values), "memory.svg": draw(program, memory)},
        firmware=tuple(sorted({f"kernels/{file}" for s in program.steps for v in s.variants for file in v.files})),
        include_dirs=(".", "kernels"),
        arena_bytes=arena_bytes,
        peak_reason=memory.peak_reason,
        model_bytes=len(model.content),
        const_bytes=constants.bytes + structs,
        kernels=tuple((s.call.op.index, s.call.op.kind, " + ".join(f"nn_{v.name}" for v in s.variants)) for s in steps),
        level=level,
        const_growth=constants.bytes / own if own else None,
    )


class Constants:
    """The constant arrays and parameter structs of one engine.c; equal ones are stored once."""

    def __init__(self) -> None:
        self.arrays: list[dict[str, Any]] = []
        self.structs: dict[tuple[str, Fields], str] = {}
        self.names: dict[tuple[str, bytes], str] = {}
        self.bytes = 0

    def add(self, ctype: str, values: Array) -> str:
        """The name of the C array with these values."""
        array = np.ascontiguousarray(values, np.dtype(ctype.removesuffix("_t").replace("float", "float32"))).ravel()
        key = (ctype, array.tobytes())
        if key not in self.names:
            self.names[key] = f"k{len(self.names)}"
            self.bytes += array.nbytes
            lines = _lines(ctype, array.tolist())
            self.arrays.append({"ctype": ctype, "name": self.names[key], "lines": lines})
        return self.names[key]

    def struct(self, variant: Variant, params: Mapping[str, Any], operator: int) -> str:
        """The name of the parameter struct that a function takes."""
        fields = tuple((f.name, _initializer(f, params, self)) for f in variant.struct.fields)
        return self.structs.setdefault((variant.struct.name, fields), f"op{operator}_{len(self.structs)}")


def _number(ctype: str, value: Any) -> str:
    if ctype == "float":
        return float(value).hex() + "f"
    # INT32_MIN has no literal of its own type in C.
    return "INT32_MIN" if ctype == "int32_t" and value == -(2**31) else str(int(value))


def _lines(ctype: str, numbers: Sequence[Any]) -> list[str]:
    texts = [_number(ctype, number) for number in numbers]
    return [",".join(texts[i : i + NUMBERS_A_LINE]) for i in range(0, len(texts), NUMBERS_A_LINE)]


def _initializer(field: Field, params: Mapping[str, Any], constants: Constants) -> str:
    value = params[field.name]
    if field.pointer:
        return "0" if value is None else constants.add(field.ctype, value)
    numbers = np.atleast_1d(value).tolist()
    if field.count > NUMBERS_A_LINE:
        return "{\n        " + ",\n        ".join(_lines(field.ctype, numbers)) + "}"
    texts = [_number(field.ctype, number) for number in numbers]
    return texts[0] if field.count == 1 else "{" + ", ".join(texts) + "}"


def _run(program: Program, memory: ArenaPlan, number: int, constants: Constants) -> dict[str, Any]:
    """What the function of one step is called, and its statements in C."""
    step = program.steps[number]
    inputs = step.call.inputs[:1] if isinstance(step, InParts) else step.call.inputs
    x = [_address(program, memory, index, constants) for index in inputs]
    y, scratch = [_place(program, memory, index) for index in step.call.outputs], memory.scratch.get(number)
    state = [_place(program, memory, index) for index in step.call.state]
    if isinstance(step, InParts):
        left = "0" if scratch is None else _at(scratch)
        structs = [constants.struct(part.variant, part.params, step.call.op.index) for part, _ in step.steps]
        lines = [
            _call(part.variant, struct, [*x, f"{y[0]} + {offset}"], left)
            for struct, (part, offset) in zip(structs, step.steps, strict=True)
        ]
    elif isinstance(step, Fused):
        lines = _bands(step, x, y[0], memory.scratch[number], constants)
    else:
        name = constants.struct(step.variant, step.params, step.call.op.index)
        kernel = KERNELS[step.variant.kernel]
        lines = [f"const int8_t *const x[] = {{{_bytes('const ', x)}}};"] if kernel.arity is None else []
        lines += [f"int8_t *const y[] = {{{_bytes('', y)}}};"] if kernel.outputs is None else []
        x = ["x"] if kernel.arity is None else x
        y = ["y"] if kernel.outputs is None else y
        lines.append(_call(step.variant, name, [*x, *y, *state], "0" if scratch is None else _at(scratch)))
    return {"name": f"op{step.call.op.index}", "comment": f"{step.call.op}", "lines": lines}


def _body(program: Program, memory: ArenaPlan, constants: Constants) -> Iterator[str]:
    """What one inference does, in C."""
    depth = 1
    for step in program.steps:
        call, text = step.call, f"op{step.call.op.index}_run();"
        if call.is_control:
            condition = f"*{_address(program, memory, call.inputs[0], constants)}" if call.inputs else ""
            text = _CONTROL[call.op.role].format(condition=condition)
        depth -= text.startswith("}")
        yield "    " * depth + text
        depth += text.endswith("{")
        if call.op.role is Role.REPEAT:
            depth -= 1
            yield "    " * depth + "}"


def _bands(step: Fused, x: Sequence[str], y: str, scratch: int, constants: Constants) -> list[str]:
    """The calls of a convolution in bands, each with the second operator's on what it computed. x: as Fused's inputs;
    y: the output."""
    band, left = f"(int8_t *)({_at(scratch)})", _at(scratch + step.band_bytes)
    *others, image = x
    lines = []
    for part in step.bands:
        convolution = constants.struct(step.convolution, part.convolution, step.call.op.index)
        second = constants.struct(step.variant, part.second, step.call.op.index)
        operands = [*(f"{other} + {part.y_offset}" for other in others), band]
        lines.append(_call(step.convolution, convolution, [f"{image} + {part.x_offset}", band], left))
        lines.append(_call(step.variant, second, [*operands, f"{y} + {part.y_offset}"], left))
    return lines


def _call(variant: Variant, struct: str, tensors: Sequence[str], scratch: str) -> str:
    """tensors: the inputs, the outputs, the state."""
    return f"nn_{variant.name}(&{struct}, {', '.join(tensors)}, {scratch});"


def _bytes(qualifier: str, places: Sequence[str]) -> str:
    """Places as a list of them has them, whatever their type."""
    of_bytes = f"({qualifier}int8_t *)"
    return ", ".join(place if place.startswith(of_bytes) else f"{of_bytes}{place}" for place in places)


def _at(offset: int) -> str:
    return f"arena + {offset}"


def _address(program: Program, memory: ArenaPlan, index: int, constants: Constants) -> str:
    tensor = program.graph.tensors[index]
    if tensor.data is not None:
        return constants.add(_ctype(tensor.dtype), tensor.data)
    return _place(program, memory, index, "const ")


def _place(program: Program, memory: ArenaPlan, index: int, qualifier: str = "") -> str:
    return f"({qualifier}{_ctype(program.graph.tensors[index].dtype)} *)(arena + {memory.tensors[index]})"


def _tensor(program: Program, memory: ArenaPlan, index: int, constants: Constants) -> dict[str, Any]:
    """Where a tensor is and how large; an output may be a constant."""
    tensor = program.graph.tensors[index]
    at = _at(memory.tensors[index]) if tensor.data is None else constants.add(_ctype(tensor.dtype), tensor.data)
    return {"at": at, "bytes": tensor.size_bytes}


def _variable(memory: ArenaPlan, tensor: Tensor, constants: Constants) -> dict[str, Any]:
    """Where a variable is and what a reset puts there: bytes that are all the same, or a constant."""
    assert tensor.initial is not None
    raw = tensor.initial.view(np.uint8).ravel()
    same = bool((raw == raw[0]).all())
    first = "0" if same else constants.add(_ctype(tensor.dtype), tensor.initial)
    return {"at": memory.tensors[tensor.index], "bytes": raw.size, "fill": int(raw[0]) if same else 0, "first": first}


def _ctype(dtype: str) -> str:
    """What a kernel's pointer to such a tensor points to; uint8, which stands at rims only, and bool are bytes."""
    return {"float32": "float", "uint8": "int8_t", "bool": "int8_t"}.get(dtype, f"{dtype}_t")
