"""Instructions of an inference before anything is compiled: per kernel, linear in what one call of it does.

`bench --calibrate` builds untrained students of many shapes, runs each of their operators alone in the emulator, and
fits the rates by non-negative least squares (Lawson and Hanson, Solving Least Squares Problems, 1974) of the relative
error, so that small operators count as much as large ones. benchmarks/instructions.json keeps them by instruction set
and engine: boards with the same kernels need nearly the same instructions. The error that it names is of models that
the fit has not seen (each is left out once)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from gen.bench import measure
from gen.bench.measure import Case, Say
from gen.compiler.engines import LEVELED, Sources
from gen.compiler.kernels.select import LEVELS
from gen.device.board import Board
from gen.errors import GenError, UsageError
from gen.files import write_if_changed
from gen.learn import tensorflow
from gen.model.graph import Array, Graph, Op
from gen.model.ops import lower
from gen.model.quantized import QuantizedModel
from gen.paths import BENCHMARKS, ROOT

FILE = BENCHMARKS / "instructions.json"  # what --calibrate writes
OURS = ROOT / "benchmarks" / "instructions.json"  # the same in a checkout
MODELS = 42
SEED = 7
# Inputs, H x W x C, of the students that are measured; small enough for the smallest emulated board.
SHAPES = ((8, 8, 1), (12, 12, 3), (16, 16, 1), (24, 24, 1), (1, 64, 3), (1, 100, 6))
CLASSES = (3, 10)
MIN_RUNS = 4  # of a kernel, to be given rates of its own

Vector = tuple[float, ...]


@dataclass(frozen=True)
class Run:
    """One operator of one measured model."""

    model: int  # its number
    kind: str
    kernel: str
    does: Vector  # see work()
    instructions: int


@dataclass(frozen=True)
class CostModel:
    """Instructions from what kernels do. The fields are keys of its JSON."""

    board: str  # where it was measured
    models: int  # how many
    median_error: float  # of models left out of the fit, as a share of a whole inference's instructions
    worst_error: float
    # Kernel, or kind of operator for kernels that were not measured often enough -> what each part of work() costs.
    rates: Mapping[str, Vector]

    def predict(self, sources: Sources) -> int | None:
        """Instructions of one inference; None with an operator of a kind that was never measured, or one that runs as
        often as the input says."""
        if any(op.is_control for op in sources.graph.ops):
            return None
        ops = {op.index: op for op in sources.graph.ops}
        total = 0.0
        for index, kind, kernel in sources.kernels:
            rates = self.rates.get(kernel) or self.rates.get(kind)
            if rates is None:
                return None
            total += _dot(rates, work(sources.graph, ops[index]))
        return round(total)


def work(graph: Graph, op: Op) -> Vector:
    """What one call does, in numbers that kernels' loops are made of, those first that say most. Of a convolution or
    pool: 1; multiply-accumulates without those of padding; output elements; input elements; input elements in all
    windows of one output channel, without padding; output channels; output places; elements of weights; input elements
    in those windows with padding; multiply-accumulates with the places rounded up to blocks of 2, of 4, of 6, and the
    columns to blocks of 4; input elements in windows that touch padding; rows of all windows, and of those. Other
    operators are a window of one place."""
    y, call = graph.output(op), lower(graph, op)
    read = sum(graph.tensors[i].elements for i in op.inputs if i >= 0 and graph.tensors[i].data is None)
    p, channels = call.params, max(y.shape[-1], 1)
    places = y.elements / channels
    windows, height, columns, valid, touched = call.macs / channels, 1, 1, 1.0, 0.0
    if "k_h" in p:
        rows, lines = _axis(p, "h"), _axis(p, "w")
        taps, height, columns = p["k_h"] * p["k_w"], p["k_h"], p["out_w"]
        valid = rows.sum() * lines.sum() / (len(rows) * len(lines) * taps)
        whole = np.sum(rows == p["k_h"]) * np.sum(lines == p["k_w"])
        touched = 1.0 - whole / (len(rows) * len(lines))
        windows = windows or places * taps
    macs = windows * channels
    return (
        1.0,
        macs * valid,
        float(y.elements),
        float(read),
        windows * valid,
        float(channels),
        places,
        macs / places,
        windows,
        macs * _up(places, 2) / places,
        macs * _up(places, 4) / places,
        macs * _up(places, 6) / places,
        macs * _up(columns, 4) / columns,
        windows * touched,
        places * height,
        places * height * touched,
    )


def _dot(rates: Vector, does: Vector) -> float:
    return sum(rate * amount for rate, amount in zip(rates, does, strict=False))  # rates that are left out are 0


def _axis(params: Mapping[str, Any], axis: str) -> Array:
    """For each output row or column, how many taps of its window are not padding."""
    pad = params["pad_top" if axis == "h" else "pad_left"]
    start = np.arange(params[f"out_{axis}"]) * params[f"stride_{axis}"] - pad
    places = start[:, None] + np.arange(params[f"k_{axis}"]) * params.get(f"dilation_{axis}", 1)
    seen: Array = np.sum((places >= 0) & (places < params[f"in_{axis}"]), axis=1)
    return seen


def _up(count: float, block: int) -> float:
    return -(-count // block) * block


def fit(runs: Sequence[Run]) -> dict[str, Vector]:
    """Rates by kernel and by kind of operator; few runs get few numbers that aren't 0."""
    from scipy.optimize import nnls

    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.kernel, []).append(run)
        groups.setdefault(run.kind, []).append(run)
    rates = {}
    for name, group in sorted(groups.items()):
        if len(group) >= MIN_RUNS or name == group[0].kind:
            counts = np.array([max(run.instructions, 1) for run in group], np.float64)
            rows = np.array([run.does for run in group]) / counts[:, None]
            scale = rows.max(axis=0)  # the columns differ by orders of magnitude; some are 0 throughout
            taken = np.flatnonzero(scale)[: max(2, len(group) // 2)]
            solution, _ = nnls(rows[:, taken] / scale[taken], np.ones(len(group)))
            rates[name] = tuple(float(f"{rate:.6g}") for rate in _spread(solution / scale[taken], taken))
    return rates


def _spread(values: Array, places: Array) -> Array:
    """The values at these places, 0 before and between."""
    spread = np.zeros(int(places.max()) + 1)
    spread[places] = values
    return spread


def errors(runs: Sequence[Run], totals: Mapping[int, int]) -> list[float]:
    """For each model how far a fit without it is from its measured total, as a share of it; models with an operator
    that no other has are left out."""
    shares = []
    for number, total in totals.items():
        rates = fit([run for run in runs if run.model != number])
        mine = [run for run in runs if run.model == number]
        if all(run.kernel in rates or run.kind in rates for run in mine):
            predicted = sum(_dot(rates.get(run.kernel) or rates[run.kind], run.does) for run in mine)
            shares.append(abs(predicted - total) / total)
    return shares


def calibrate(board: Board, engine: str, models: Sequence[QuantizedModel], say: Say) -> CostModel:
    """Measures the models on an emulated board, at one level after the other. Raises UsageError where the board counts
    no instructions, MissingTool, BuildError, DeviceError."""
    if not board.emulated:
        raise UsageError(f"{board.id} is not emulated: `python -m gen boards` says which boards are.")
    runs, totals = list[Run](), dict[int, int]()
    levels = list(LEVELS) if engine in LEVELED else [None]
    for number, model in enumerate(models):
        case = Case(model, board, engine, levels[number % len(levels)])
        try:
            measured, _ = measure.run_case(case, profile=True)
        except GenError as error:
            say(f"{number + 1} of {len(models)}: {case}: left out: {error}")
            continue
        operators, instructions = measured.operators, measured.verdict.instructions
        if operators is None or instructions is None:
            raise UsageError(f"{board.id} counts no instructions: take one of {', '.join(measure.BOARDS)}.")
        graph = measured.built.sources.graph
        ops = {op.index: op for op in graph.ops}
        runs += [Run(number, o.kind, o.kernel, work(graph, ops[o.op]), o.instructions) for o in operators]
        totals[number] = instructions
        say(f"{number + 1} of {len(models)}: {case}: {instructions:,} instructions, {len(operators)} operators")
    off = errors(runs, totals)
    if not off:
        raise UsageError(f"too few models could be measured on {board.id} to fit anything: see the lines above.")
    return CostModel(board.id, len(totals), round(median(off), 4), round(max(off), 4), fit(runs))


def students(count: int = MODELS) -> list[QuantizedModel]:
    """Untrained models, quantized, the same ones every time: students of gen/search/space.py, and every third one made
    of dense layers or with a residual block, as tasks' own students may be."""
    from gen.learn import quantize
    from gen.model import tflite
    from gen.search import space

    tensorflow.require_train_extra()
    tensorflow.start_tensorflow()
    models = []
    for number in range(count):
        rng = np.random.default_rng((SEED, number))
        shape, classes = SHAPES[number % len(SHAPES)], CLASSES[number % len(CLASSES)]
        with tensorflow.quiet():
            import keras

            keras.utils.set_random_seed(number)
            if number % 3 < 2:
                architecture = space.suggest_architecture(space.Draw(rng), shape)
                model = space.student(architecture, shape, classes)
            else:
                model = (_dense if number % 2 else _residual)(shape, 4 * int(rng.integers(1, 12)))
            x = rng.random((50, *model.input_shape[1:]), dtype=np.float32)
            space.settle(model, x)
            name = f"calibration_{number}"
            content = quantize.convert(model, x)
            models.append(QuantizedModel(content, tflite.read(content, name), None))
    return models


def _dense(shape: tuple[int, int, int], width: int) -> Any:
    """An autoencoder's kind: H x W x C to a quarter of its elements, through layers of this width."""
    from keras import Input, Sequential, layers

    outputs = layers.Dense(max(4, int(np.prod(shape)) // 4))
    hidden = [layers.Dense(units, activation="relu") for units in (width, max(4, width // 4), width)]
    return Sequential([Input(shape), layers.Flatten(), *hidden, outputs])


def _residual(shape: tuple[int, int, int], width: int) -> Any:
    """Two convolutions, the second added to the first, between a stem and a mean."""
    from keras import Input, Model, layers

    inputs = Input(shape)
    x = layers.Conv2D(width, (min(3, shape[0]), 3), 2, padding="same", activation="relu")(inputs)
    y = layers.Conv2D(width, 1)(layers.DepthwiseConv2D((min(3, shape[0]), 3), padding="same", activation="relu")(x))
    return Model(inputs, layers.Dense(CLASSES[0])(layers.GlobalAveragePooling2D()(layers.Add()([x, y]))))


def load(isa: str, engine: str, path: Path = FILE) -> CostModel | None:
    """The kept model, else ours; None where these kernels were never calibrated. Raises UsageError for a damaged
    file."""
    try:
        kept = _read(path).get(isa, {}).get(engine)
        if kept is None and path == FILE:
            kept = _read(OURS).get(isa, {}).get(engine)
        return None if kept is None else CostModel(**kept)
    except (ValueError, TypeError, AttributeError):
        raise UsageError(f"{path} is damaged: `python -m gen bench --calibrate` writes it anew.") from None


def save(isa: str, engine: str, model: CostModel, path: Path = FILE) -> None:
    """In place of what was kept for these kernels; the rest of the file stays."""
    known = _read(path) if path.exists() else {}
    known.setdefault(isa, {})[engine] = asdict(model)
    lines = [
        f' "{name}": {{\n'
        + ",\n".join(f'  "{each}": {json.dumps(known[name][each])}' for each in sorted(known[name]))
        + "\n }"
        for name in sorted(known)
    ]
    write_if_changed(path, "{\n" + ",\n".join(lines) + "\n}\n")


def _read(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    if not isinstance(kept, dict):
        raise ValueError("not an object")
    return kept
