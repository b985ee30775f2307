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

from gen import __version__
from gen.compiler.engines import ENGINES, Sources
from gen.compiler.kernels.select import FALLBACK
from gen.compiler.target import Target
from gen.device import board
from gen.errors import unknown
from gen.export.folder import MANIFEST, manifest, write
from gen.export.formats import FORMATS, Format
from gen.export.model_input import Example, Known, look_up, real_examples
from gen.export.prefix import check_prefix, default_prefix
from gen.export.sources import COMPILED, MACHINES, tree
from gen.learn import task
from gen.learn.objective import CLASSIFY
from gen.model import reference
from gen.model.graph import MOST_ROUNDS, Array, Graph, Role, Tensor
from gen.model.quantized import QuantizedModel
from gen.model.reference import SEED
from gen.paths import BUILDS, ROOT
from gen.render import c_float, c_text, in_comment, render

__all__ = ["FORMATS", "ExportOptions", "Library", "default_folder", "library", "write"]

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
_ENDLESS = ("ENDLESS", 6, f"loops of the model went on for more than {MOST_ROUNDS:,} rounds")


@dataclass(frozen=True)
class ExportOptions:
    """What a person asks for; with neither isa nor board: portable kernels."""

    format: str  # a key of FORMATS
    engine: str  # a key of ENGINES
    isa: str | None = None  # a key of FALLBACK
    board: str | None = None  # whose ISA to take
    level: str = "balanced"  # a key of LEVELS
    prefix: str | None = None  # of every C name; None for one made of the model's name


@dataclass(frozen=True, eq=False)
class Library:
    """A library, not yet written."""

    prefix: str
    format: str
    model: QuantizedModel
    isa: str
    sources: Sources  # of the model, for pointers of 4 bytes
    examples: Sequence[Example]
    source: str  # where the examples' inputs are from, as the end of a sentence
    files: Mapping[str, str]  # relative path -> text

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
            "example": self.source,
            "files": sorted(self.files),
        }

    def as_rows(self) -> list[tuple[str, str]]:
        """Files and their sizes in bytes, for a table."""
        return [(path, f"{len(text.encode()):,}") for path, text in sorted(self.files.items())]


def library(model: QuantizedModel, options: ExportOptions, say: Callable[[str], None] = lambda line: None) -> Library:
    """The library of a model. Raises UsageError (an unknown word, an impossible prefix) and what the engine raises."""
    for what, word, words in (("format", options.format, FORMATS), ("engine", options.engine, ENGINES)):
        if word not in words:
            raise unknown(what, word, words, "python -m gen export --help")
    if options.isa is not None and options.isa not in FALLBACK:
        raise unknown("ISA", options.isa, FALLBACK, "python -m gen export --help")
    isa = board.load(options.board).isa if options.board is not None else options.isa or "portable"
    prefix = default_prefix(model.name) if options.prefix is None else check_prefix(options.prefix)
    generate = ENGINES[options.engine]
    narrow, wide = (generate(model, Target(isa, pointer_bytes), options.level) for pointer_bytes in (4, 8))
    known, examples, source = _examples(model, say)
    own = {f"src/{prefix}/{path}": text for path, text in tree(narrow, prefix).items()}
    values = {
        **_of_model(model, prefix, known, examples),
        "source": in_comment(source),
        **_of_sources(prefix, narrow, wide, own),
        "isa": isa,
        "machine": MACHINES.get(isa),
        "level": options.level,
        "command": _command(options, isa, prefix),
    }
    files = own | _around(FORMATS[options.format], values)
    if engine_cpp := files.get(f"src/{prefix}/tflm/engine/engine.cpp"):
        # The header knows the arena for the compiler's pointers, the generated engine_model.h for one size only.
        size = f'#include "../../../{prefix}.h"\n#define ENGINE_ARENA_BYTES {prefix.upper()}_ARENA_BYTES\n'
        files[f"src/{prefix}/tflm/engine/engine.cpp"] = size + engine_cpp
    files[MANIFEST] = manifest({key: values[key] for key in ("prefix", "model", "sha256", "engine", "isa")}, files)
    return Library(prefix, options.format, model, isa, narrow, examples, source, files)


def default_folder(library: Library) -> Path:
    """Called as the prefix: Arduino and ESP-IDF take a library's name from its folder."""
    return BUILDS / "export" / library.format / library.prefix


def _examples(model: QuantizedModel, say: Callable[[str], None]) -> tuple[Known, list[Example], str]:
    """What is known of the model; the first test examples where they can be had, else random inputs."""
    graph = model.graph
    known, test, whose = look_up(model, say)
    if test is not None and len(test.y):
        objective = CLASSIFY if model.task is None else task.load_task(model.task).objective
        found = real_examples(graph, known, test, objective)
        what = "a test example" if len(found) == 1 else f"{len(found)} test examples"
        labels = [example.label for example in found if example.label]
        said = f" (labeled {', '.join(labels)})" if labels else ""
        return known, found, f"{what} of {whose}{said}"
    inputs = tuple(reference.random_inputs(graph, EXAMPLE_VECTOR, SEED))
    example = Example(inputs, tuple(reference.outputs(graph, inputs)))
    return known, [example], f"random inputs, seed {SEED}"


def _of_model(model: QuantizedModel, prefix: str, known: Known, examples: Sequence[Example]) -> dict[str, Any]:
    """What the templates say about the model."""
    graph = model.graph
    inputs = _tensors(graph, prefix, "input", graph.inputs, [example.inputs for example in examples])
    outputs = _tensors(graph, prefix, "output", graph.outputs, [example.outputs for example in examples])
    labels = known.labels if [t["elements"] for t in outputs] == [len(known.labels)] else ()
    raw = [example.raw for example in examples if example.raw is not None]
    constants = known.normalization
    return {
        "prefix": prefix,
        "macro": prefix.upper(),
        "example": f"{prefix}_example",
        "version": __version__,
        "model": model.name,
        "sha256": graph.sha256,
        "tensors": [*inputs, *outputs],
        "one_input": inputs[0] if len(inputs) == 1 and inputs[0]["quant"] else None,
        "labels": [c_text(label) for label in labels],
        "meaning": in_comment(known.meaning),
        "channels": [c_text(name) for name in known.channels],
        "constants": [
            {"name": c.name, "value": c_float(c.value) if isinstance(c.value, float) else c.value, "meaning": c.meaning}
            for c in known.constants
        ],
        "mean": [c_float(value) for value in constants.mean] if constants else [],
        "deviation": [c_float(value) for value in constants.deviation] if constants else [],
        "threshold": None if known.threshold is None else c_float(known.threshold),
        "examples": len(examples),
        "raw": [_lines([f"{c_float(value)}," for value in array.ravel().tolist()]) for array in raw],
        "answers": [int(np.argmax(example.outputs[0])) for example in examples],
        "truths": [c_text(example.label) for example in examples if example.label is not None],
        "statuses": (*_STATUSES, _ENDLESS) if any(op.role is Role.REPEAT for op in model.graph.ops) else _STATUSES,
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


def _command(options: ExportOptions, isa: str, prefix: str) -> str:
    """What `python -m gen export MODEL` was given, without defaults."""
    level = f" --optimize {options.level}" if options.engine == "aot" and options.level != "balanced" else ""
    return f"--format {options.format} --engine {options.engine} --isa {isa}{level} --name {prefix}"


def _tensors(
    graph: Graph, prefix: str, kind: str, indices: Sequence[int], examples: Sequence[Sequence[Array]]
) -> list[dict[str, Any]]:
    """What the templates say about inputs or outputs; the only one is called input, several input_0, input_1, ...
    examples: of each the arrays."""
    found = []
    for i, index in enumerate(indices):
        tensor = graph.tensors[index]
        suffix = "" if len(indices) == 1 else f"_{i}"
        ctype = "float" if tensor.dtype == "float32" else f"{tensor.dtype}_t"
        literal: Callable[[Any], str] = c_float if ctype == "float" else str
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
                "rows": [_lines([f"{literal(v)}," for v in arrays[i].ravel().tolist()]) for arrays in examples],
            }
        )
    return found


def _quantization(tensor: Tensor) -> dict[str, Any] | None:
    """Of an int8 tensor with one scale: its numbers in C. span: a distance in steps that no value is away from zero."""
    if tensor.dtype != "int8" or tensor.quant is None or tensor.quant.per_channel:
        return None
    limits = {"low": -128, "high": 127, "span": 512}
    return {"scale": c_float(tensor.scale), "zero_point": tensor.zero_point, **limits}


def _lines(texts: Sequence[str]) -> list[str]:
    return [" ".join(texts[at : at + _NUMBERS_A_LINE]) for at in range(0, len(texts), _NUMBERS_A_LINE)]


def _keywords(header: str, prefix: str) -> dict[str, list[str]]:
    """What Arduino's editor colors: the functions and constants of the public header."""
    return {
        "functions": sorted(set(re.findall(rf"\b({prefix}_\w+)\(\w", header))),
        "constants": sorted(set(re.findall(rf"^(?:#define|   ) ({prefix.upper()}_(?!H\b)\w+)", header, re.MULTILINE))),
    }
