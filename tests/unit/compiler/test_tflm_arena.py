"""The planner: nothing overlaps, equal to the device's plan, no larger than it must be; struct sizes on both ABIs."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compiler.engines import tflm_arena
from gen.compiler.engines.tflm_arena import ALIGNMENT, TflmPlan, plan, tflm_arena_bytes
from gen.model import tflite
from gen.model.graph import Graph
from gen.model.ops import KERNELS
from tests import shared
from tests import tflm_host as host
from tests.tflm_models import MODELS
from tests.tiny import O, T, model

STRUCTS = [tflm_arena.NODE, tflm_arena.PLACEMENT, tflm_arena.TENSOR, *(kernel.struct for kernel in KERNELS.values())]


@st.composite
def graphs(draw: st.DrawFn) -> bytes:
    """RELU, ADD, CONCATENATION and RESHAPE between tensors of any size, several inputs and outputs."""
    sizes = st.integers(1, 300)
    shapes = [(draw(sizes),) for _ in range(draw(st.integers(1, 3)))]
    inputs = list(range(len(shapes)))
    ops = []
    for _ in range(draw(st.integers(1, 12))):
        x = draw(st.integers(0, len(shapes) - 1))
        same = [i for i, shape in enumerate(shapes) if shape == shapes[x]]
        kind = draw(st.sampled_from(["RELU", "RESHAPE", "RESHAPE", "ADD", "CONCATENATION"]))
        y, shape = len(shapes), shapes[x]
        if kind == "ADD":
            ops.append(O("ADD", (x, draw(st.sampled_from(same))), (y,), {}, "AddOptions"))
        elif kind == "CONCATENATION":
            alike = draw(st.lists(st.integers(0, len(shapes) - 1), min_size=1, max_size=4))
            shape = (sum(shapes[i][0] for i in alike),)
            ops.append(O("CONCATENATION", alike, (y,), {"axis": 0}, "ConcatenationOptions"))
        else:
            ops.append(O(kind, (x,), (y,)))
        shapes.append(shape)
    outputs = draw(st.lists(st.integers(0, len(shapes) - 1), min_size=1, max_size=3))
    return model([T(shape, scale=0.1) for shape in shapes], ops, inputs, outputs)


def check_plan(graph: Graph, planned: TflmPlan) -> None:
    """Independent of TflmPlan's own checks: step by step, the tensors alive have bytes of their own."""
    assert set(planned.offsets) == {tensor.index for tensor in graph.activations}
    kept = {tensor.index for tensor in graph.variables}
    owners = [{i} | {s for s, owner in planned.shares.items() if owner == i} for i in planned.sizes]
    for step in range(len(graph.ops) + 1):
        used = np.zeros(planned.total, np.int32)
        for group in owners:
            written = [number for number, o in enumerate(graph.ops) if group & {*o.outputs}]
            first = 0 if group & {*graph.inputs, *kept} else min(written)
            reads = [number for number, o in enumerate(graph.ops) if group & set(o.inputs)]
            last = len(graph.ops) if group & {*graph.outputs, *kept} else max([*reads, *written, first])
            if first <= step <= last:
                start = planned.offsets[min(group)]
                used[start : start + graph.tensors[min(group)].size_bytes] += 1
        assert used.max(initial=0) <= 1
    assert all(offset % ALIGNMENT == 0 for offset in planned.offsets.values())
    assert planned.peak()[1] <= planned.total <= sum(planned.sizes.values())


@settings(derandomize=True, deadline=None, max_examples=60)
@given(graphs())
def test_plans_of_drawn_graphs(content: bytes) -> None:
    graph = tflite.read(content, "drawn")
    planned = plan(graph)
    check_plan(graph, planned)
    arena_bytes = tflm_arena_bytes(graph, 8)
    prepared = host.prepare_graph(graph, content, arena_bytes)
    assert (prepared.status, prepared.used) == (0, arena_bytes)
    assert prepared.inputs == [planned.offsets[i] for i in graph.inputs]
    assert prepared.outputs == [planned.offsets[i] for i in graph.outputs]
    assert prepared.ops == [planned.offsets[op.outputs[0]] for op in graph.ops]
    assert host.prepare_graph(graph, content, arena_bytes - 16).failure == 1


@pytest.mark.parametrize("name", MODELS)
def test_plans_of_tiny_models(name: str) -> None:
    graph = tflite.read(MODELS[name](), name)
    check_plan(graph, plan(graph))


def test_reshape_takes_no_memory() -> None:
    graph = tflite.read(MODELS["classifier"](), "classifier")
    planned = plan(graph)
    assert planned.shares == {4: 2, 5: 2}
    assert planned.offsets[5] == planned.offsets[4] == planned.offsets[2]


def test_overlapping_plan_is_refused() -> None:
    with pytest.raises(AssertionError, match="overlap"):
        TflmPlan({0: 0, 1: 16}, {0: 32, 1: 32}, {0: (0, 1), 1: (1, 2)}, {}, 48)


@pytest.mark.parametrize(("compiler", "pointer_bytes"), [("g++", 8), ("arm-none-eabi-g++", 4)])
def test_struct_sizes_are_the_compilers(compiler: str, pointer_bytes: int, tmp_path: Path) -> None:
    checks = [f'static_assert(sizeof({s.name}) == {s.layout(pointer_bytes)[1]}, "{s.name}");' for s in STRUCTS]
    source = tmp_path / "sizes.cc"
    source.write_text('#include "kernels/nn.h"\n#include "tflm/operator.h"\n' + "\n".join(checks) + "\n")
    host.run(compiler, *host.CXX, *host.INCLUDES, "-fsyntax-only", source)


# What upstream TFLM with CMSIS-NN uses of its arena on a Cortex-M4.
UPSTREAM_BYTES = {"ad01_int8": 2580, "kws_ref_model": 22820, "pretrainedResnet_quant": 54996, "vww_96_int8": 100708}


@shared.needed
@pytest.mark.parametrize("name", UPSTREAM_BYTES)
def test_arena_is_smaller_than_upstreams(name: str) -> None:
    assert tflm_arena_bytes(tflite.read_file(shared.path(name))[1], 4) < UPSTREAM_BYTES[name]
