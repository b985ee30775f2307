"""A process that damages models and puts them through the generator: what tests/unit/test_fuzz.py starts.

    python -m tests.fuzz FIRST COUNT COMPARED

Cases are numbered, and each is the same in every run and on every computer. What a case may end in is a model or a
GenError of bounded length, in bounded time; the process itself has bounded memory. Every COMPARED-th model that is
accepted is compared with tflite-micro (0: none). One line of JSON a fault, and one at the end with counts."""

import json
import resource
import signal
import sys
import traceback
import warnings
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from gen.compiler import passes
from gen.compiler.engines import ENGINES
from gen.compiler.kernels.select import FALLBACK, LEVELS
from gen.compiler.target import Target
from gen.errors import GenError, ModelError
from gen.model import reference, tflite, upstream
from gen.model.graph import Graph
from gen.model.quantized import QuantizedModel
from gen.model.rewrites.tail import whole
from gen.model.support import require_supported
from tests import shared
from tests.control import CONTROLLED
from tests.graphs import network
from tests.mutations import mutant
from tests.tflm_models import MODELS

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 2.0  # of the processor, a case
ADDRESS_SPACE = 3 << 30
MESSAGE = 4000  # characters
MAX_BYTES = 20_000  # of a base model, so that a case takes milliseconds
VECTORS = 3
PUBLISHED = 10**9  # cases from this number on are of published models, where they are there (tests/shared.py)


@cache
def bases(published: bool) -> tuple[bytes, ...]:
    folder = shared.FOLDER / "public" if published else ROOT / "models"
    whole = [path.read_bytes() for path in sorted(folder.glob("*.tflite")) if path.stat().st_size < MAX_BYTES]
    if published:
        return tuple(whole)
    made = [*(make() for make in (*MODELS.values(), *CONTROLLED)), *(network(seed) for seed in range(20))]
    return (*(content for content in made if len(content) < MAX_BYTES), *whole)


def case(number: int) -> bytes:
    rng, models = np.random.default_rng(number), bases(number >= PUBLISHED)
    return mutant(rng, models[int(rng.integers(len(models)))])


def put_through(content: bytes, number: int) -> Graph:
    """Read, check and generate by both engines. Raises GenError and whatever is a fault."""
    graph = tflite.read(content, "m")
    require_supported(graph, "m")
    isa, level = list(FALLBACK)[number % len(FALLBACK)], list(LEVELS)[number // 7 % len(LEVELS)]
    for engine in ENGINES.values():
        sources = engine(QuantizedModel(content, graph), Target(isa, 4), level)
        assert sources.arena_bytes > 0 and sources.files
    return graph


def compare(graph: Graph, content: bytes) -> str:
    """ "same", why tflite-micro has no outputs, or "endless" where it would not end. Raises AssertionError."""
    vectors = [reference.random_inputs(graph, i, 1) for i in range(VECTORS)]
    optimized = passes.optimize(graph)
    with np.errstate(all="ignore"):
        try:
            ours = list(reference.sequence(graph, vectors))
        except ModelError:
            return "endless"
        better = list(reference.sequence(optimized, vectors))
    assert same(ours, better), "the optimized graph computes something else"
    try:
        activations = sum(t.size_bytes for t in graph.activations)
        theirs = upstream.outputs(whole(content).content, vectors, len(graph.outputs), activations)
    except upstream.Unconfirmed as why:
        return str(why)
    assert same(ours, theirs), "tflite-micro computes something else"
    return "same"


def same(ours: Any, theirs: Any) -> bool:
    pairs = [pair for a, b in zip(ours, theirs, strict=True) for pair in zip(a, b, strict=True)]
    return all(a.tobytes() == b.tobytes() for a, b in pairs)


def main(first: int, count: int, compared: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    warnings.simplefilter("error")

    def late(*_: Any) -> None:
        raise TimeoutError(f"more than {SECONDS} s")

    signal.signal(signal.SIGPROF, late)
    outcomes: Counter[str] = Counter()
    for number in range(first, first + count):
        content, outcome, graph = case(number), "accepted", None
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            graph = put_through(content, number)
        except GenError as error:
            outcome = type(error).__name__
            if not 0 < len(str(error)) <= MESSAGE:
                fault(number, f"a message of {len(str(error))} characters")
        except Exception:
            outcome = "fault"
            fault(number, traceback.format_exc())
        signal.setitimer(signal.ITIMER_PROF, 0)
        outcomes[outcome] += 1
        if graph is not None and compared and outcomes["accepted"] % compared == 0:
            try:
                outcomes[f"compared: {compare(graph, content)}"] += 1
            except Exception:
                fault(number, traceback.format_exc())
    print(json.dumps({"outcomes": outcomes}))


def fault(number: int, what: str) -> None:
    print(json.dumps({"case": number, "fault": what}), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
