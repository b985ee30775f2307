"""Engine aot on the host, with sanitizers: the reference's bytes from exactly the files that Sources names."""

from pathlib import Path

import numpy as np
import pytest

from gen.compiler import passes
from gen.compiler.arena import lower_bound
from gen.compiler.engines import ENGINES
from gen.compiler.kernels.select import LEVELS
from gen.compiler.program import compile_graph, plan
from gen.compiler.target import Target
from gen.model import reference
from gen.model.ops import KERNELS, lower
from gen.model.ops.operator import Call
from gen.model.quantized import QuantizedModel
from tests import tflm_host as host
from tests.tflm_host import OK
from tests.tflm_models import NAMES, load


@pytest.mark.parametrize("name", NAMES)
def test_generated_sources_give_the_references_bytes(name: str, tmp_path: Path) -> None:
    content, graph, vectors = load(name)
    sources = ENGINES["aot"](QuantizedModel(content, graph), Target("portable", 8))
    for file, text in sources.files.items():
        (tmp_path / file).write_text(text)
    files = [*(tmp_path / f for f in sources.files if f.endswith(".c")), *(host.FIRMWARE / f for f in sources.firmware)]
    objects = host.compile_all(tmp_path, [*files, host.PROBES / "tflm_engine_main.c"], host.SANITIZE)
    host.run("g++", *host.SANITIZE, *objects, "-o", tmp_path / "engine")
    stdin = b"".join(array.tobytes() for vector in vectors for array in vector)
    steps = b"".join(array.tobytes() for outputs in reference.sequence(graph, vectors) for array in outputs)
    afresh = b"".join(array.tobytes() for vector in vectors for array in reference.outputs(graph, vector))
    assert (steps != afresh) == bool(graph.variables)
    for mode, wanted in (("whole", steps), ("stepwise", steps), ("reset", afresh)):
        status, _, outputs = host.run(tmp_path / "engine", mode, stdin=stdin).partition(b"\n")
        assert status.decode() == f"{OK} {sources.arena_bytes} {name}"
        assert outputs == wanted


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("isa", ["portable", "dsp", "mve"])
@pytest.mark.parametrize("name", NAMES)
def test_constants_stay_within_the_level(name: str, isa: str, level: str) -> None:
    """balanced and size: at most 10 % over the model's own (weights, biases and their scales), and for each operator a
    structure and the tables of those that move elements by such; speed: 2.5 times."""
    content, graph, _ = load(name)
    constants = [t for t in passes.optimize(graph).tensors if t.data is not None]
    own = sum(t.data.nbytes + 4 * len(t.quant.scale if t.quant else ()) for t in constants if t.data is not None)
    sources = ENGINES["aot"](QuantizedModel(content, graph), Target(isa, 4), level)
    structs = sum(_beside_weights(lower(graph, op)) for op in graph.ops)
    assert sources.const_bytes <= own * (2.5 if level == "speed" else 1.1) + structs
    assert sources.level == level
    if not own:
        assert sources.const_growth is None
        return
    assert sources.const_growth is not None
    parameters = sources.const_bytes - sources.const_growth * own
    assert -1e-6 <= parameters <= structs


def _beside_weights(call: Call) -> int:
    kernel = KERNELS[call.kernel]
    tables = [] if kernel.weighted else [call.params[field.name] for field in kernel.struct.fields if field.pointer]
    return max(80, kernel.struct.layout(4)[1]) + sum(np.asarray(table).nbytes for table in tables)


@pytest.mark.parametrize("name", NAMES)
def test_arena_is_the_lower_bound_where_it_is_known(name: str) -> None:
    """The plan is checked by Placement itself; for these graphs the search also ends at what must be alive at once."""
    _, graph, _ = load(name)
    placement = plan(compile_graph(passes.optimize(graph), "portable", "balanced")).placement
    assert placement.total == lower_bound(placement.blocks)[1]
