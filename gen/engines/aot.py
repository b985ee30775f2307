"""Engine aot: constant parameters, a static memory plan and a straight line of kernel calls; no interpreter."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gen.emit import render
from gen.engines.sources import Sources
from gen.graph import Array, Graph
from gen.kernels import Step
from gen.ops.operator import Field
from gen.passes import optimize
from gen.picture import draw
from gen.program import MemoryPlan, Program, compile_graph, plan

NUMBERS_A_LINE = 24
LIST_OF_INPUTS = ("concatenation",)  # kernels that take an array of inputs instead of one or two


def generate(graph: Graph, content: bytes, isa: str, pointer_bytes: int, level: str = "balanced") -> Sources:
    """The sources of one model. Raises UnsupportedOp, NotQuantized, ModelError on what no kernel computes."""
    program = compile_graph(optimize(graph), isa, level)
    memory = plan(program)
    constants = Constants()
    structs = [_struct(step, number, constants) for number, step in enumerate(program.steps)]
    calls = [_call(program, memory, number, constants) for number in range(len(program.steps))]
    arena_bytes = max(memory.placement.total, 16)
    values = {
        "name": graph.name,
        "sha256": bytes.fromhex(graph.sha256),
        "headers": sorted({step.variant.header for step in program.steps}),
        "arrays": constants.arrays,
        "structs": structs,
        "calls": calls,
        "inputs": [_tensor(program, memory, i) for i in graph.inputs],
        "outputs": [_tensor(program, memory, i) for i in graph.outputs],
        "op_outputs": [_tensor(program, memory, step.call.output) for step in program.steps],
        "arena_bytes": arena_bytes,
    }
    return Sources(
        engine="aot",
        name=graph.name,
        graph=program.graph,
        files={"engine.c": render("engine.c", **values), "memory.svg": draw(program, memory)},
        firmware=tuple(sorted({f"kernels/{file}" for step in program.steps for file in step.variant.files})),
        include_dirs=(".", "kernels"),
        arena_bytes=arena_bytes,
        arena_because=memory.because,
        model_bytes=len(content),
        const_bytes=constants.bytes + sum(step.variant.struct.layout(pointer_bytes)[1] for step in program.steps),
        kernels=tuple((s.call.op.index, s.call.op.kind, f"nn_{s.variant.name}") for s in program.steps),
    )


class Constants:
    """The constant arrays of one engine.c; equal ones are stored once."""

    def __init__(self) -> None:
        self.arrays: list[dict[str, Any]] = []
        self.names: dict[tuple[str, bytes], str] = {}
        self.bytes = 0

    def add(self, ctype: str, values: Array) -> str:
        """The name of the C array with these values."""
        array = np.ascontiguousarray(values, np.dtype(ctype.removesuffix("_t").replace("float", "float32"))).ravel()
        key = (ctype, array.tobytes())
        if key not in self.names:
            self.names[key] = f"k{len(self.names)}"
            self.bytes += array.nbytes
            texts = [_number(ctype, v) for v in array.tolist()]
            lines = [",".join(texts[i : i + NUMBERS_A_LINE]) for i in range(0, len(texts), NUMBERS_A_LINE)]
            self.arrays.append({"ctype": ctype, "name": self.names[key], "lines": lines})
        return self.names[key]


def _number(ctype: str, value: Any) -> str:
    if ctype == "float":
        return float(value).hex() + "f"
    # INT32_MIN has no literal of its own type in C.
    return "INT32_MIN" if ctype == "int32_t" and value == -(2**31) else str(int(value))


def _struct(step: Step, number: int, constants: Constants) -> dict[str, Any]:
    fields = [(f.name, _initialiser(f, step.params, constants)) for f in step.variant.struct.fields]
    return {"ctype": step.variant.struct.name, "name": f"op{number}", "fields": fields}


def _initialiser(field: Field, params: Mapping[str, Any], constants: Constants) -> str:
    value = params[field.name]
    if field.pointer:
        return "0" if value is None else constants.add(field.ctype, value)
    texts = [_number(field.ctype, v) for v in np.atleast_1d(value).tolist()]
    return texts[0] if field.count == 1 else "{" + ", ".join(texts) + "}"


def _call(program: Program, memory: MemoryPlan, number: int, constants: Constants) -> dict[str, Any]:
    """One kernel call as C expressions."""
    step = program.steps[number]
    x = [_address(program, memory, index, constants) for index in step.call.inputs]
    scratch = memory.scratch.get(number)
    return {
        "comment": f"{step.call.op}",
        "symbol": f"nn_{step.variant.name}",
        "struct": f"op{number}",
        "x": x,
        "list": step.variant.kernel in LIST_OF_INPUTS,
        "y": _place(program, memory, step.call.output),
        "scratch": "0" if scratch is None else f"arena + {scratch}",
    }


def _address(program: Program, memory: MemoryPlan, index: int, constants: Constants) -> str:
    tensor = program.graph.tensors[index]
    if tensor.data is not None:
        return constants.add(_ctype(tensor.dtype), tensor.data)
    return _place(program, memory, index, "const ")


def _place(program: Program, memory: MemoryPlan, index: int, qualifier: str = "") -> str:
    return f"({qualifier}{_ctype(program.graph.tensors[index].dtype)} *)(arena + {memory.tensors[index]})"


def _tensor(program: Program, memory: MemoryPlan, index: int) -> dict[str, int]:
    return {"offset": memory.tensors[index], "bytes": program.graph.tensors[index].size_bytes}


def _ctype(dtype: str) -> str:
    return "float" if dtype == "float32" else f"{dtype}_t"
