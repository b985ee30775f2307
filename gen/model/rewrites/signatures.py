"""Signatures: a .tflite's functions by name, of which one is built. TFLM runs the first subgraph, so the one that is
chosen is put there, in the file, before anything reads it. Source: TFLite's schema, version 3."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

import tflite

from gen.errors import UsageError
from gen.model.rewrites.flatbuffer import Fields, Front, Old, callees, operators, text, with_subgraphs

USUAL = "serving_default"  # what TensorFlow calls the one that a model has for inference
MAX_SIGNATURES, MAX_OPERATORS = 1 << 10, 1 << 18


def signatures(model: Any) -> dict[str, int]:
    """Name -> subgraph."""
    count = model.SignatureDefsLength()
    if count > MAX_SIGNATURES:
        raise ValueError(f"{count} signatures")
    each = [model.SignatureDefs(number) for number in range(count)]
    return {text(signature.SignatureKey()): signature.SubgraphIndex() for signature in each}


def select(content: bytes, wanted: str | None, where: str) -> tuple[bytes, str | None]:
    """The model with a signature's subgraph as its first, and a sentence on variables that it shares with others, if
    any. wanted: None for the only one or USUAL, or what is first where none has a name. Raises UsageError, and whatever
    the package tflite raises on a damaged file."""
    model = tflite.Model.GetRootAsModel(content, 0)
    known = signatures(model)
    _require_few(model)
    if wanted is not None and wanted not in known:
        if not known:
            raise UsageError(f"{where} has no signatures: leave out --signature.")
        near = get_close_matches(wanted, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UsageError(f"unknown signature {wanted!r}: {hint}{where} has {_listed(known)}.")
    if wanted is None and len(set(known.values())) > 1:
        if USUAL not in known:
            raise UsageError(f"{where} has the signatures {_listed(known)}: choose one with --signature.")
        wanted = USUAL
    chosen = 0 if wanted is None else known[wanted]
    sentence = None if wanted is None else _on_variables(model, wanted, known)
    if chosen == 0:
        return content, sentence
    subgraphs: list[Fields | Old] = [Old(model.Subgraphs(i)._tab.Pos) for i in range(model.SubgraphsLength())]
    subgraphs[0] = subgraphs[chosen]
    return with_subgraphs(content, model, subgraphs, Front()), sentence


def others(model: Any) -> tuple[str, ...]:
    """What else the file has to run: the names of other subgraphs' signatures, or of the subgraphs without one that
    nothing calls."""
    _require_few(model)
    first, count = model.Subgraphs(0)._tab.Pos, model.SubgraphsLength()
    called = {i for number in range(count) for op in operators(model, model.Subgraphs(number)) for i in callees(op)}
    names = {number: name for name, number in signatures(model).items()}
    return tuple(
        names.get(number) or text(model.Subgraphs(number).Name()) or f"subgraph {number}"
        for number in range(1, count)
        if model.Subgraphs(number)._tab.Pos != first and (number in names or number not in called)
    )


def _require_few(model: Any) -> None:
    """Raise ValueError on more operators than a file can have: thousands of subgraphs can be the same."""
    total = 0
    for number in range(model.SubgraphsLength()):
        total += 1 + model.Subgraphs(number).OperatorsLength()
        if total > MAX_OPERATORS:
            raise ValueError(f"more than {MAX_OPERATORS} operators")


def _on_variables(model: Any, chosen: str, known: dict[str, int]) -> str | None:
    """That other signatures' variables are its own too."""
    names = {name: set(_variables(model, number)) for name, number in known.items()}
    alike = [name for name in known if known[name] != known[chosen] and names[name] & names[chosen]]
    if not alike:
        return None
    return (
        f"signature {chosen!r} shares variables with {_listed(alike)}, and is built alone: on the device they begin "
        "with their first values, and nothing but it changes them."
    )


def _variables(model: Any, number: int) -> Iterator[tuple[bytes, bytes]]:
    """Which variables a subgraph has, by container and name, with those of what it calls."""
    seen, left = {number}, [number]
    while left:
        at = left.pop()
        ops = list(operators(model, model.Subgraphs(at)))
        for op in ops:
            union = op.table.BuiltinOptions()
            if op.builtin == tflite.BuiltinOperator.VAR_HANDLE and union is not None:
                options = tflite.VarHandleOptions()
                options.Init(union.Bytes, union.Pos)
                yield options.Container() or b"", options.SharedName() or b""
        new = {i for op in ops for i in callees(op) if 0 <= i < model.SubgraphsLength()} - seen
        seen |= new
        left += new


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
