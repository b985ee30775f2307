"""Is an arterial blood pressure as it should be? An autoencoder gives back windows of it; what it can't is an anomaly.

A heartbeat is 183 points long (the first maximum of the training part's autocorrelation). A window is a third of one:
windows of a whole one, 184 points, were given back worse on the validation part (99.5 % of the variance by the teacher,
against over 99.9 %), as the training part has less than five beats. Its score is the mean squared error, and the alarm
is above the highest one of the validation part, whose two beats know little of the test's thirty-four: a false alarm
or two is what that costs. Nothing was chosen by the test series, which has a single anomaly, 12 points of noise."""

from typing import Any

from gen.data import wheels
from gen.data.augment import SeriesAugmentation
from gen.data.examples import Dataset
from gen.learn import anomaly
from gen.learn.anomaly import Series, Windowing
from gen.learn.objective import Distillation
from gen.learn.task import Task, Training

WINDOWING = Windowing(steps=64, stride=16, validation_share=0.3)
PROBLEM, FILE = "KDD-TSAD_135", "135_UCR_Anomaly_InternalBleeding16"


def load() -> Dataset:
    """x: 1 x 64 x 1, in deviations of the training part from its mean; 1,200 normal points come before the test."""
    values, anomalous, test_values, test_anomalous = wheels.tsad(PROBLEM, FILE)
    return anomaly.dataset(
        "aeon 1.6.0, KDD-TSAD_135: arterial blood pressure of a pig, 7,501 points; of the UCR anomaly archive "
        "(Wu and Keogh, 2021), InternalBleeding16",
        Series(values, anomalous),
        Series(test_values, test_anomalous),
        WINDOWING,
    )


def autoencoder(wide: int, narrow: int) -> Any:
    """To `narrow` numbers and back, each way by way of `wide` ones."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((1, WINDOWING.steps, 1)),
            layers.Flatten(name="flat"),
            layers.Dense(wide, name="in1"),
            layers.ReLU(name="in2"),
            layers.Dense(narrow, name="code"),
            layers.Dense(wide, name="out1"),
            layers.ReLU(name="out2"),
            layers.Dense(WINDOWING.steps, name="out3"),
        ]
    )


TASK = Task(
    name="anomaly",
    title="anomalies of an arterial blood pressure, windows of 64 points",
    seed=1,
    load=load,
    validation_share=0.0,
    test_share=0.0,
    teacher=lambda: autoencoder(96, 8),
    student=lambda: autoencoder(16, 6),
    teacher_training=Training(epochs=200, batch=32, learning_rate=3e-3),
    student_training=Training(epochs=200, batch=32, learning_rate=3e-3),
    augmentation=SeriesAugmentation(stretch=0.05, scale=0.05),
    distillation=Distillation(temperature=1.0, alpha=0.5),
    objective=anomaly.Watch(WINDOWING),
)
