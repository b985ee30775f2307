"""Anomalies in a series: windows of it, the alarm that their errors raise, and which events it finds.

A model learns to give back windows of the normal series (objective.Reconstruct); where it can't, its error is
high."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gen.data.examples import Dataset, Examples, Splits
from gen.learn.objective import Reconstruct, errors
from gen.model.graph import Array

TOLERANCE = 100  # points beside an event where the UCR archive still takes it for found


@dataclass(frozen=True, eq=False)
class Series:
    """In time. values: N of float32; anomalous: N of bool."""

    values: Array
    anomalous: Array


@dataclass(frozen=True)
class Windowing:
    """Windows of `steps` points: one begins at every point of training and validation, every `stride` points of the
    test series. validation_share: of the normal series, its end."""

    steps: int
    stride: int
    validation_share: float


@dataclass(frozen=True)
class Detection:
    """What an alarm at errors above the threshold is worth. events, alarms: runs of neighboring windows that have an
    anomalous point, that are above the threshold. found: events that an alarm overlaps; false_alarms: those that
    overlap none. f1: of precision (true ones of the alarms; 0 without an alarm) and recall (events found).
    peak_within: whether the middle of the window with the highest error is at most TOLERANCE points from an event, the
    UCR archive's own criterion."""

    threshold: float
    events: int
    found: int
    alarms: int
    false_alarms: int
    precision: float
    recall: float
    f1: float
    peak_within: bool


def windows(series: Series, steps: int, stride: int) -> Examples:
    """count x 1 x steps x 1; y is 1 where any of the window's points is anomalous. Raises ValueError when the series is
    shorter than a window."""
    values, flags = (
        np.lib.stride_tricks.sliding_window_view(array, steps)[::stride] for array in (series.values, series.anomalous)
    )
    return Examples(values.astype(np.float32)[:, None, :, None], np.max(flags, axis=1).astype(np.int64))


def dataset(source: str, normal: Series, test: Series, windowing: Windowing) -> Dataset:
    """The normal series in time: training, then validation, without a window that reaches over the border; each value
    less the training part's mean, in its deviations. Raises ValueError when normal holds an anomaly."""
    if normal.anomalous.any():
        raise ValueError("the normal series holds an anomaly: nothing may be learned from it")
    border = len(normal.values) - round(len(normal.values) * windowing.validation_share)
    mean, deviation = np.mean(normal.values[:border]), np.std(normal.values[:border])

    def part(series: Series, places: slice, stride: int) -> Examples:
        values = (series.values[places] - mean) / deviation
        return windows(Series(values.astype(np.float32), series.anomalous[places]), windowing.steps, stride)

    return Dataset(
        source=source,
        classes=("normal", "anomalous"),
        examples=part(normal, slice(border), 1),
        validation=part(normal, slice(border, None), 1),
        test=part(test, slice(None), windowing.stride),
        meaning=f"{windowing.steps} points in a row of the series; the output gives them back",
        mean=(float(np.float32(mean)),),
        deviation=(float(np.float32(deviation)),),
    )


def threshold_of(normal: Array) -> float:
    """The highest of the errors of normal windows, which training has not seen: no alarm on any of them."""
    return float(np.max(normal))


def detect(found: Array, anomalous: Array, threshold: float, steps: int, stride: int) -> Detection:
    """found, anomalous: the error of each window of a series, in order, and whether it has an anomalous point."""
    events, alarms = runs(anomalous), runs(found > threshold)
    hit = sum(any(overlap(event, alarm) for alarm in alarms) for event in events)
    false = sum(not any(overlap(event, alarm) for event in events) for alarm in alarms)
    precision = (len(alarms) - false) / len(alarms) if alarms else 0.0
    recall = hit / len(events) if events else 0.0
    middle = int(np.argmax(found)) * stride + steps // 2
    # The first window of an event ends in its first point, the last one begins at its last, up to the stride.
    ends = [sorted((first * stride + steps - 1, last * stride)) for first, last in events]
    near = any(begin - TOLERANCE <= middle <= end + TOLERANCE for begin, end in ends)
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return Detection(threshold, len(events), hit, len(alarms), false, precision, recall, f1, near)


def runs(flags: Array) -> list[tuple[int, int]]:
    """The first and the last place of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(first), int(end) - 1) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


@dataclass(frozen=True)
class Watch(Reconstruct):
    """To reconstruct the windows of a series; the card gets "events", see Detection, and the test windows' errors."""

    windowing: Windowing

    def further(self, validation: Array, test: Array, splits: Splits) -> dict[str, Any]:
        threshold = threshold_of(errors(validation, splits.validation))
        found = errors(test, splits.test)
        detection = detect(found, splits.test.y == 1, threshold, self.windowing.steps, self.windowing.stride)
        events = {**asdict(detection), "windows": runs(splits.test.y == 1)}
        return {"events": events, "errors": [float(f"{error:.4g}") for error in found]}
