"""A model as a library for somebody's own project: C and C++ sources under a prefix, one public header, an example.

The formats differ in the files around the same sources. Nothing in a library depends on where it was generated; the
same command gives the same bytes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gen import __version__, board, quantize, reference, task, verify
from gen.board import ROOT
from gen.emit import render
from gen.engines import ENGINES, Sources
from gen.errors import MissingTool, unknown
from gen.export_folder import MANIFEST, manifest, write
from gen.export_formats import FORMATS, Format
from gen.export_prefix import check_prefix, default_prefix
from gen.export_sources import COMPILED, MACHINES, tree
from gen.graph import Array, Graph, Tensor
from gen.kernels import FALLBACK
from gen.model import QuantizedModel

__all__ = ["FORMATS", "Library", "Order", "default_folder", "library", "write"]

EXAMPLE_VECTOR = 2  # of the random ones; 0 and 1 are extremes
_NUMBERS_A_LINE = 24
# engine.h's, but for the one that needs an operator's number.
_STATUSES = (
    ("OK", 0, "done"),
    ("ARENA_TOO_SMALL", 1, "the library was changed: its memory is too small"),
    ("BAD_MODEL", 2, "the model's data are damaged"),
    ("UNSUPPORTED_OP", 3, "the library was changed: an operator is missing"),
    ("NOT_READY", 4, "init has not succeeded"),
)


@dataclass(frozen=True)
class Order:
    """What a person asks for. format, engine, level: keys of FORMATS, ENGINES, LEVELS; isa, of FALLBACK, or board, or
    neither: portable kernels; prefix: None for one made of the model's name."""

    format: str
    engine: str
    isa: str | None = None
    board: str | None = None
    level: str = "balanced"
    prefix: str | None = None


@dataclass(frozen=True, eq=False)
class Example:
    """One inference: inputs and what the reference computes, arrays with their tensors' shapes. source says where the
    inputs are from, as the end of a sentence."""

    inputs: Sequence[Array]
    outputs: Sequence[Array]
    source: str


@dataclass(frozen=True, eq=False)
class Library:
    """files: relative path -> text. arena_bytes: with pointers of 4 bytes."""

    prefix: str
    format: str
    model: QuantizedModel
    isa: str
    sources: Sources
    example: Example
    files: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.model.name,
            "model_sha256": self.model.graph.sha256,
            "format": self.format,
            "engine": self.sources.engine,
            "isa": self.isa,
            "prefix": self.prefix,
            "arena_bytes": self.sources.arena_bytes,
            "const_bytes": self.sources.const_bytes,
            "example": self.example.source,
            "files": sorted(self.files),
        }

    def as_rows(self) -> list[tuple[str, str]]:
        """Files and their sizes in bytes, for a table."""
        return [(path, f"{len(text.encode()):,}") for path, text in sorted(self.files.items())]


def library(model: QuantizedModel, order: Order, say: Callable[[str], None] = lambda line: None) -> Library:
    """The library of a model. Raises UsageError (an unknown word, an impossible prefix) and what the engine raises."""
    for what, word, words in (("format", order.format, FORMATS), ("engine", order.engine, ENGINES)):
        if word not in words:
            raise unknown(what, word, words, "python -m gen export --help")
    if order.isa is not None and order.isa not in FALLBACK:
        raise unknown("ISA", order.isa, FALLBACK, "python -m gen export --help")
    isa = board.load(order.board).isa if order.board is not None else order.isa or "portable"
    prefix = default_prefix(model.name) if order.prefix is None else check_prefix(order.prefix)
    generate = ENGINES[order.engine]
    narrow, wide = (generate(model.graph, model.content, isa, pointer_bytes, order.level) for pointer_bytes in (4, 8))
    labels, example = _example(model, say)
    own = {f"src/{prefix}/{path}": text for path, text in tree(narrow, prefix).items()}
    values = {
        **_of_model(model, prefix, labels, example),
        **_of_sources(prefix, narrow, wide, own),
        "isa": isa,
        "machine": MACHINES.get(isa),
        "level": order.level,
        "command": _command(order, isa, prefix),
    }
    files = own | _around(FORMATS[order.format], values)
    if engine_cpp := files.get(f"src/{prefix}/tflm/engine/engine.cpp"):
        # The header knows the arena for the compiler's pointers, the generated engine_model.h for one size only.
        size = f'#include "../../../{prefix}.h"\n#define ENGINE_ARENA_BYTES {prefix.upper()}_ARENA_BYTES\n'
        files[f"src/{prefix}/tflm/engine/engine.cpp"] = size + engine_cpp
    files[MANIFEST] = manifest({key: values[key] for key in ("prefix", "model", "sha256", "engine", "isa")}, files)
    return Library(prefix, order.format, model, isa, narrow, example, files)


def default_folder(library: Library) -> Path:
    """Called as the prefix: Arduino and ESP-IDF take a library's name from its folder."""
    return ROOT / "build" / "export" / library.format / library.prefix


def _example(model: QuantizedModel, say: Callable[[str], None]) -> tuple[tuple[str, ...], Example]:
    """The names of the classes, and the task's first test image where it can be had; else none, and random inputs."""
    graph = model.graph
    labels: tuple[str, ...] = ()
    inputs, source = reference.random_inputs(graph, EXAMPLE_VECTOR, verify.SEED), f"random inputs, seed {verify.SEED}"
    if model.task is not None:
        learnt = task.load_task(model.task)
        try:
            labels, test = learnt.dataset().classes, learnt.test_set()
        except MissingTool as error:
            say(f"no labels, and random inputs in the example: {error}")
        else:
            inputs = quantize.quantize_input(graph, test.x[:1])
            source = f"the first test image of {model.task} (labelled {labels[test.y[0]]})"
    return labels, Example(inputs, reference.outputs(graph, inputs), source)


def _of_model(model: QuantizedModel, prefix: str, labels: Sequence[str], example: Example) -> dict[str, Any]:
    """What the templates say about the model."""
    outputs = _tensors(model.graph, prefix, "output", model.graph.outputs, example.outputs)
    return {
        "prefix": prefix,
        "macro": prefix.upper(),
        "example": f"{prefix}_example",
        "version": __version__,
        "model": model.name,
        "sha256": model.graph.sha256,
        "tensors": [*_tensors(model.graph, prefix, "input", model.graph.inputs, example.inputs), *outputs],
        "labels": [_c_text(label) for label in labels] if [t["elements"] for t in outputs] == [len(labels)] else [],
        "statuses": _STATUSES,
        "source": example.source,
    }


def _of_sources(prefix: str, narrow: Sources, wide: Sources, own: Mapping[str, str]) -> dict[str, Any]:
    """What the templates say about the sources, with pointers of 4 bytes and of 8."""
    compiled = sorted([f"src/{prefix}/api.c", *(path for path in own if path.endswith(COMPILED))])
    cpp, asm = (any(path.endswith(suffix) for path in compiled) for suffix in (".cpp", ".S"))
    return {
        "engine": narrow.engine,
        "arena_bytes": narrow.arena_bytes,
        "arena_bytes_wide": wide.arena_bytes,
        "const_bytes": narrow.const_bytes,
        "compiled": compiled,
        "cpp": cpp,
        "asm": asm,
        "suffix": "cpp" if cpp else "c",
        "languages": ["C", *(["CXX"] if cpp else []), *(["ASM"] if asm else [])],
    }


def _around(form: Format, values: Mapping[str, Any]) -> dict[str, str]:
    """Every file of the library that is not the engine's: path -> text."""
    names = {key: values[key] for key in ("prefix", "macro", "example", "suffix")}
    header = render("export/header.h", **values)
    values = {
        **values,
        **_keywords(header, values["prefix"]),
        "entry": form.entry,
        "format_name": form.name,
        "how": form.how.format(**names),
    }
    templates = {
        "src/{prefix}/api.c": "api.c",
        "README.md": "README.md",
        form.example_path: form.example,
        **form.files,
    }
    files = {path.format(**names): render(f"export/{template}", **values) for path, template in templates.items()}
    files[f"src/{values['prefix']}.h"] = header
    files["LICENSE"] = (ROOT / "LICENSE").read_text(encoding="utf-8")
    return files


def _command(order: Order, isa: str, prefix: str) -> str:
    """What `python -m gen export MODEL` was given, without defaults."""
    level = f" --optimize {order.level}" if order.engine == "aot" and order.level != "balanced" else ""
    return f"--format {order.format} --engine {order.engine} --isa {isa}{level} --name {prefix}"


def _tensors(
    graph: Graph, prefix: str, kind: str, indices: Sequence[int], arrays: Sequence[Array]
) -> list[dict[str, Any]]:
    """What the templates say about inputs or outputs; the only one is called input, several input_0, input_1, ..."""
    found = []
    for i, (index, array) in enumerate(zip(indices, arrays, strict=True)):
        tensor = graph.tensors[index]
        suffix = "" if len(indices) == 1 else f"_{i}"
        ctype = "float" if tensor.dtype == "float32" else f"{tensor.dtype}_t"
        texts = [f"{_c_float(v)}," if ctype == "float" else f"{v}," for v in array.ravel().tolist()]
        found.append(
            {
                "index": i,
                "is_input": kind == "input",
                "name": f"{kind}{suffix}",
                "title": f"{kind.capitalize()}{f' {i}' if suffix else ''}",
                "function": f"{prefix}_{kind}{suffix}",
                "macro": f"{prefix}_{kind}{suffix}".upper(),
                "quantize": f"{prefix}_quantize_{kind}{suffix}",
                "dequantize": f"{prefix}_dequantize_{kind}{suffix}",
                "dtype": tensor.dtype,
                "ctype": ctype,
                "shape": tensor.shape,
                "elements": tensor.elements,
                "quant": _quantization(tensor),
                "lines": [" ".join(texts[at : at + _NUMBERS_A_LINE]) for at in range(0, len(texts), _NUMBERS_A_LINE)],
            }
        )
    return found


def _quantization(tensor: Tensor) -> dict[str, Any] | None:
    """Of an int8 tensor with one scale: its numbers in C. span: a distance in steps that no value is away from zero."""
    if tensor.dtype != "int8" or tensor.quant is None or tensor.quant.per_channel:
        return None
    limits = {"low": -128, "high": 127, "span": 512}
    return {"scale": _c_float(tensor.scale), "zero_point": tensor.zero_point, **limits}


def _c_float(value: float) -> str:
    """A literal of C and C++11 that is exactly this float32."""
    text = f"{np.float32(value):.9g}"
    return f"{text}f" if re.search(r"[.e]", text) else f"{text}.0f"


def _c_text(text: str) -> str:
    """A C string literal of UTF-8 bytes."""
    octets = (chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in text.encode())
    return f'"{"".join(octets)}"'


def _keywords(header: str, prefix: str) -> dict[str, list[str]]:
    """What Arduino's editor colours: the functions and constants of the public header."""
    return {
        "functions": sorted(set(re.findall(rf"\b({prefix}_\w+)\(\w", header))),
        "constants": sorted(set(re.findall(rf"^(?:#define|   ) ({prefix.upper()}_(?!H\b)\w+)", header, re.MULTILINE))),
    }
