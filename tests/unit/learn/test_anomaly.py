"""Windows of a series without leakage, the threshold, and what an alarm is worth, by hand-made series."""

import dataclasses
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.data import wheels
from gen.data.examples import Splits
from gen.errors import MissingTool
from gen.learn import anomaly, task, train_task
from gen.learn.anomaly import Detection, Series, Windowing
from gen.learn.objective import errors
from gen.learn.task import Training
from gen.model import tflite
from gen.model.graph import Array
from gen.model.values import outputs


def counting(length: int, *anomalous: int) -> Series:
    """Every value is its own place, so that a window tells which points it has."""
    flags = np.zeros(length, bool)
    flags[list(anomalous)] = True
    return Series(np.arange(length, dtype=np.float32), flags)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.data())
def test_every_window_has_its_points_and_says_if_one_is_anomalous(data: st.DataObject) -> None:
    length = data.draw(st.integers(1, 90))
    steps, stride = data.draw(st.integers(1, length)), data.draw(st.integers(1, 20))
    series = counting(length, *data.draw(st.sets(st.integers(0, length - 1), max_size=4)))
    found = anomaly.windows(series, steps, stride)
    assert found.x.shape == (1 + (length - steps) // stride, 1, steps, 1)
    for number, (x, y) in enumerate(zip(found.x, found.y, strict=True)):
        points = np.arange(number * stride, number * stride + steps)
        assert np.array_equal(x.ravel(), points)
        assert y == series.anomalous[points].any()


def test_a_series_shorter_than_a_window_is_an_error() -> None:
    with pytest.raises(ValueError, match="larger than"):
        anomaly.windows(counting(9), 10, 1)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.integers(2, 8), st.integers(1, 2), st.floats(0.2, 0.6), st.integers(40, 90))
def test_no_point_is_in_two_splits(steps: int, stride: int, share: float, length: int) -> None:
    normal, test = (
        counting(length),
        Series(np.arange(length, 2 * length, dtype=np.float32), counting(length, 7).anomalous),
    )
    found = anomaly.dataset("", normal, test, Windowing(steps, stride, share))
    assert found.validation is not None and found.test is not None
    train = found.examples.x
    border = length - round(length * share)
    mean, deviation = np.mean(normal.values[:border]), np.std(normal.values[:border])
    points = [
        set(np.rint(part.x * deviation + mean).astype(int).ravel())
        for part in (found.examples, found.validation, found.test)
    ]
    assert points[0] == set(range(border)) and points[1] == set(range(border, length))
    assert points[2] <= set(range(length, 2 * length))
    assert not found.examples.y.any() and not found.validation.y.any() and found.test.y.any()
    assert np.mean(train[:, 0, 0]) < np.mean(found.validation.x)


def test_nothing_is_learnt_from_an_anomaly() -> None:
    with pytest.raises(ValueError, match="nothing may be learned"):
        anomaly.dataset("", counting(50, 3), counting(50), Windowing(5, 1, 0.3))


def test_the_threshold_is_of_normal_errors_alone() -> None:
    """The test windows may be anything: the threshold stays, and no validation window is above it."""
    windowing = Windowing(4, 2, 0.4)
    dataset = anomaly.dataset("", counting(40), counting(60, 30), windowing)
    assert dataset.validation is not None and dataset.test is not None
    splits = Splits(dataset.examples, dataset.validation, dataset.test)
    further = anomaly.Watch(windowing).further
    outputs = dataset.validation.x.reshape(len(dataset.validation.x), -1) + 0.25
    thresholds = set()
    for scale in (0.0, 1.0, 50.0):
        found = further(outputs, scale * np.ones((len(dataset.test.x), 4), np.float32), splits)
        thresholds.add(found["events"]["threshold"])
        assert len(found["errors"]) == len(dataset.test.y)
    assert thresholds == {float(np.max(errors(outputs, dataset.validation)))}


def detect(found: str, anomalous: str, **sizes: int) -> Detection:
    """Of windows written as digits, the threshold at 4, and as marks x."""
    values, flags = np.array([float(c) for c in found]), np.array([c == "x" for c in anomalous])
    return anomaly.detect(values, flags, 4.0, **{"steps": 10, "stride": 5, **sizes})


@pytest.mark.parametrize(
    ("found", "anomalous", "counts", "f1"),
    [
        ("0055000", "..xx...", (1, 1, 1, 0), 1.0),
        ("0000055", "..xx...", (1, 0, 1, 1), 0.0),
        ("0050500", "..xxx..", (1, 1, 2, 0), 1.0),  # an event that raises two alarms is found once, none is false
        ("5055005", "..xx...", (1, 1, 3, 2), 0.5),
        ("0555550", ".x...x.", (2, 2, 1, 0), 1.0),  # one alarm over two events
        ("5000000", "x.....x", (2, 1, 1, 0), 2 / 3),
        ("0044000", "..xx...", (1, 0, 0, 0), 0.0),  # at the threshold is not above it
        ("0000000", ".......", (0, 0, 0, 0), 0.0),
        ("9999999", "xxxxxxx", (1, 1, 1, 0), 1.0),
        ("0055000", ".......", (0, 0, 1, 1), 0.0),
    ],
)
def test_events_and_alarms(found: str, anomalous: str, counts: tuple[int, int, int, int], f1: float) -> None:
    verdict = detect(found, anomalous)
    events, hit, alarms, false = counts
    assert (verdict.events, verdict.found, verdict.alarms, verdict.false_alarms) == (events, hit, alarms, false)
    assert verdict.f1 == pytest.approx(f1)
    assert verdict.recall == (hit / events if events else 0.0)
    assert verdict.precision == ((alarms - false) / alarms if alarms else 0.0)


@pytest.mark.parametrize(("away", "within"), [(0, True), (9, True), (10, True), (11, False)])
def test_the_archives_criterion_is_a_hundred_points_beside_the_event(away: int, within: bool) -> None:
    """Windows of 11 points, 10 apart, their middles at 5, 15, ...: the event, point 105, is in window 10 alone."""
    anomalous = anomaly.windows(counting(400, 105), 11, 10).y == 1
    assert anomaly.runs(anomalous) == [(10, 10)]
    found = np.zeros(len(anomalous))
    found[10 + away] = 1.0
    assert anomaly.detect(found, anomalous, 2.0, 11, 10).peak_within == within


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.lists(st.booleans(), max_size=40))
def test_runs_are_all_of_the_flags_and_do_not_touch(flags: list[bool]) -> None:
    array: Array = np.array(flags, bool)
    found = anomaly.runs(array)
    assert [place for first, last in found for place in range(first, last + 1)] == np.flatnonzero(array).tolist()
    assert all(last + 1 < first for (_, last), (first, _) in pairwise(found))


def test_the_data_are_the_archives() -> None:
    """The UCR archive names the file after the length of the training part, and where the anomaly begins and ends."""
    values, anomalous, test, test_anomalous = wheels.tsad("KDD-TSAD_135", "135_UCR_Anomaly_InternalBleeding16")
    assert (len(values), len(test), values.dtype.name) == (1200, 7501 - 1200, "float32")
    assert not anomalous.any()
    assert (1200 + np.flatnonzero(test_anomalous)).tolist() == list(range(4187, 4199))


def test_without_the_wheel_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels.read, "__defaults__", (tmp_path,))
    with pytest.raises(MissingTool, match=rf"aeon.*not in {re.escape(str(tmp_path))}: run"):
        task.load_task("anomaly").splits()


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(task.card_path("anomaly").read_text("utf-8"))
    return found


def test_the_committed_students_events_are_what_the_card_says(card: dict[str, Any]) -> None:
    _, graph = tflite.read_file(task.model_path("anomaly"))
    found = task.load_task("anomaly")
    splits = found.splits()
    validation, test = (outputs(graph, part.x) for part in (splits.validation, splits.test))
    said = card["models"]["distilled"]
    computed = found.objective.further(validation, test, splits)
    assert json.loads(json.dumps(computed)) == {"events": said["events_int8"], "errors": said["errors_int8"]}


def test_the_event_is_found(card: dict[str, Any]) -> None:
    for kind in ("float", "int8"):
        events = card["models"]["distilled"][f"events_{kind}"]
        assert (events["events"], events["found"], events["peak_within"]) == (1, 1, True)
        assert events["threshold"] > 0.0


def test_a_whole_run_of_a_small_task(tmp_path: Path) -> None:
    """A sine with a step in it, few epochs: the card has events, and the same bytes come out as int8 as it says."""
    windowing = Windowing(16, 8, 0.3)
    wave = np.sin(np.arange(600) / 5.0).astype(np.float32)
    wave[500:504] += 3.0
    flags = np.abs(np.arange(600) - 501.5) < 2.0
    small = dataclasses.replace(
        task.load_task("anomaly"),
        load=lambda: anomaly.dataset("", Series(wave[:300], flags[:300]), Series(wave[300:], flags[300:]), windowing),
        teacher=lambda: _dense(16),
        student=lambda: _dense(16),
        teacher_training=Training(epochs=6, batch=16, learning_rate=1e-2),
        student_training=Training(epochs=6, batch=16, learning_rate=1e-2),
        objective=anomaly.Watch(windowing),
    )
    card = train_task.train_task(small, tmp_path, lambda _: None)
    student = card["models"]["distilled"]
    assert (tmp_path / "anomaly.png").read_bytes().startswith(b"\x89PNG")
    assert student["test_int8"]["roc_auc"] > 0.95
    assert student["events_int8"]["found"] == student["events_int8"]["events"] == 1
    assert student["validation_int8"]["variance_explained"] > 0.5
    assert card["distillation"]["runs"][0]["int8"].keys() >= {"difference", "low_95", "high_95", "p_value"}
    assert train_task.summary(card)[-1] == ("distillation", card["distillation"]["summary"])
    _, graph = tflite.read_file(tmp_path / "anomaly.tflite")
    assert graph.tensors[graph.outputs[0]].shape == (1, 16) and {op.kind for op in graph.ops} <= {
        "reshape",
        "fully_connected",
    }
    test = small.test_set()
    assert small.objective.measure(outputs(graph, test.x), test).as_json() == student["test_int8"]


def _dense(elements: int) -> Any:
    from keras import Input, Sequential, layers

    hidden = layers.Dense(6, activation="relu", name="hidden")
    return Sequential(
        [Input((1, elements, 1)), layers.Flatten(name="flat"), hidden, layers.Dense(elements, name="out")]
    )
