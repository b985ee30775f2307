"""The benchmark models: the architectures that MLCommons publishes, alive, and made again by one command."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.compiler import passes
from gen.learn import task
from gen.model import reference, tflite
from gen.model.graph import Graph
from gen.model.ops import lower
from gen.model.values import quantize_input
from models.mlperf import BENCHMARKS, FOLDER
from tests import shared

ROOT = Path(__file__).resolve().parents[3]
MACS = {"ad": 264_192, "kws": 2_656_768, "ic": 12_501_632, "vww": 7_489_664, "sww": 826_368}
PUBLISHED_AS = {"ad": "ad01_int8", "kws": "kws_ref_model", "ic": "pretrainedResnet_quant", "vww": "vww_96_int8"}


def _read(path: Path) -> Graph:
    return tflite.read_file(path)[1]


def _macs(graph: Graph) -> int:
    return sum(lower(graph, op).macs for op in graph.ops)


def _architecture(graph: Graph) -> list[tuple[Any, ...]]:
    """Each operator: its kind, options and tensors' types, shapes and numbers of scales."""
    rows = []
    for op in graph.ops:
        tensors = [graph.tensors[index] for index in (*op.inputs, *op.outputs)]
        rows.append((op.kind, op.options, [(t.dtype, t.shape, len(t.quant.scale) if t.quant else 0) for t in tensors]))
    return rows


def test_the_table_is_the_folder() -> None:
    assert set(MACS) == set(BENCHMARKS) == {path.stem for path in FOLDER.glob("*.tflite")}
    assert not set(BENCHMARKS) & set(task.list_tasks())


@pytest.mark.parametrize("name", MACS)
def test_examples_are_reproducible_and_in_range(name: str) -> None:
    benchmark = BENCHMARKS[name]
    x = benchmark.examples(8, seed=1)
    assert x.shape == (8, *benchmark.shape) and x.dtype == np.float32
    assert (x.min(), x.max()) == (benchmark.low, benchmark.high)
    assert np.array_equal(x, benchmark.examples(8, seed=1)) and not np.array_equal(x, benchmark.examples(8, seed=2))


@pytest.mark.parametrize("name", MACS)
def test_multiplications(name: str) -> None:
    graph = _read(FOLDER / f"{name}.tflite")
    assert _macs(graph) == MACS[name]
    assert graph.tensors[graph.inputs[0]].shape == (1, *BENCHMARKS[name].shape)


@shared.needed
@pytest.mark.parametrize("name", PUBLISHED_AS)
def test_same_architecture_as_the_published_file(name: str) -> None:
    assert _architecture(_read(FOLDER / f"{name}.tflite")) == _architecture(_read(shared.path(PUBLISHED_AS[name])))


@pytest.mark.parametrize("name", MACS)
def test_no_channel_is_provably_constant(name: str) -> None:
    graph = _read(FOLDER / f"{name}.tflite")
    assert _macs(passes.optimize(graph)) == MACS[name]


@pytest.mark.parametrize("name", MACS)
def test_activations_are_alive(name: str) -> None:
    """On examples that the ranges were not taken from: ReLUs cut off about half, hardly anything saturates, every
    range is used, and nearly every channel takes more than one value."""
    graph = _read(FOLDER / f"{name}.tflite")
    examples = BENCHMARKS[name].examples(12, seed=99)
    runs = [reference.run(graph, quantize_input(graph, example)) for example in examples]
    for op in graph.ops:
        y = graph.output(op)
        values = np.concatenate([run[y.index].reshape(-1, y.shape[-1]) for run in runs])
        assert np.mean(values.min(axis=0) < values.max(axis=0)) > 0.95, str(op)
        assert np.mean(values == 127) < 0.01, str(op)
        assert np.ptp(values.astype(np.int32)) > 30, str(op)
        if op.options.get("FusedActivationFunction") == "relu":
            assert 0.35 < np.mean(values == y.zero_point) < 0.6, str(op)


def test_one_command_writes_the_same_bytes_again(tmp_path: Path) -> None:
    """Not compared with the committed bytes: another processor may round the float weights' ranges otherwise."""
    for folder in ("first", "second"):
        command = [sys.executable, "-m", "models.mlperf", "sww", "--folder", str(tmp_path / folder)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    first, second = ((tmp_path / folder / "sww.tflite").read_bytes() for folder in ("first", "second"))
    assert first == second
    assert _architecture(tflite.read(first, "sww")) == _architecture(_read(FOLDER / "sww.tflite"))
