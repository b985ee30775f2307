"""Who of ten people picked something up? The vertical acceleration of a game controller in the hand."""

from typing import Any

from gen.data import wheels
from gen.data.augment import SeriesAugmentation
from gen.data.examples import Dataset
from gen.learn.architectures import normalized
from gen.learn.objective import Distillation
from gen.learn.task import Task, Training

CLASSES = tuple(str(person) for person in range(1, 11))
STEPS = 360
MOMENTUM = 0.9  # of the moving averages: few steps are in an epoch


def load() -> Dataset:
    """x: 1 x 360 x 1: acceleration in g; 0 after the end, so that how long somebody takes tells as well."""
    return wheels.series(
        "PickupGestureWiimoteZ",
        CLASSES,
        STEPS,
        about="100 gestures of ten people (Guna, Humar and Pogacnik, 2012), of the "
        "UCR archive, with its training and test set; padded or cut to 360 steps",
        meaning="360 steps of the vertical acceleration in g; 0 after the end of the gesture",
    )


def teacher() -> Any:
    """Four convolutions of 32 to 64 channels along time."""
    from keras import Input, Sequential, layers

    model = Sequential([Input((1, STEPS, 1))])
    for channels, width in ((32, 9), (48, 5), (64, 5), (64, 3)):
        model.add(layers.Conv2D(channels, (1, width), padding="same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=MOMENTUM))
        model.add(layers.ReLU())
        model.add(layers.MaxPooling2D((1, 3)))
    model.add(layers.Flatten())
    model.add(layers.Dropout(0.4))
    model.add(layers.Dense(len(CLASSES)))
    return model


def student() -> Any:
    """Three convolutions along time: depthwise-separable ones learn less from so few examples."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((1, STEPS, 1)),
            *normalized(layers.Conv2D(12, (1, 9), strides=(1, 3), padding="same", use_bias=False, name="c1"), MOMENTUM),
            layers.MaxPooling2D((1, 2), name="p1"),
            *normalized(layers.Conv2D(20, (1, 5), padding="same", use_bias=False, name="c2"), MOMENTUM),
            layers.MaxPooling2D((1, 3), name="p2"),
            *normalized(layers.Conv2D(24, (1, 5), padding="same", use_bias=False, name="c3"), MOMENTUM),
            layers.MaxPooling2D((1, 5), name="p3"),
            layers.Flatten(name="flat"),
            layers.Dropout(0.3, name="drop"),
            layers.Dense(len(CLASSES), name="fc"),
        ]
    )


TASK = Task(
    name="gesture",
    title="ten people by how they pick something up, 360 steps of acceleration",
    seed=1,
    load=load,
    validation_share=0.2,
    test_share=0.0,
    teacher=teacher,
    student=student,
    teacher_training=Training(epochs=70, batch=20, learning_rate=2e-3),
    student_training=Training(epochs=120, batch=20, learning_rate=4e-3),
    augmentation=SeriesAugmentation(shift_steps=8.0, stretch=0.1, scale=0.05, jitter=0.02),
    distillation=Distillation(temperature=4.0, alpha=0.9),
)
