"""What is a person with a smart watch doing? Ten seconds of acceleration and rotation; the student fits 8 kB of RAM."""

from typing import Any

from gen.data import wheels
from gen.data.augment import SeriesAugmentation
from gen.data.examples import Dataset
from gen.learn.architectures import normalized
from gen.learn.objective import Distillation
from gen.learn.task import Task, Training

CLASSES = ("Standing", "Running", "Walking", "Badminton")
STEPS = 100
MOMENTUM = 0.9  # of the moving averages: few steps are in an epoch


def load() -> Dataset:
    """x: 1 x 100 x 6: acceleration and rotation about three axes, ten times a second, as the watch gave them."""
    return wheels.series(
        "BasicMotions",
        CLASSES,
        STEPS,
        about="80 windows of 10 s, four students with a smart watch; of the UEA archive "
        "(Bagnall et al., 2018), with its training and test set",
        meaning="100 steps, ten a second, of 6 values each: acceleration, then rotation, about the "
        "axes x, y and z, as the watch gave them",
    )


def teacher() -> Any:
    """Three convolutions of 32 to 48 channels along time."""
    from keras import Input, Sequential, layers

    model = Sequential([Input((1, STEPS, 6))])
    for channels, width in ((32, 7), (48, 5), (48, 3)):
        model.add(layers.Conv2D(channels, (1, width), padding="same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=MOMENTUM))
        model.add(layers.ReLU())
        model.add(layers.MaxPooling2D((1, 2)))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(len(CLASSES)))
    return model


def student() -> Any:
    """A convolution along time and two depthwise-separable ones."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((1, STEPS, 6)),
            *normalized(layers.Conv2D(8, (1, 5), strides=(1, 2), padding="same", use_bias=False, name="c1"), MOMENTUM),
            *normalized(layers.DepthwiseConv2D((1, 5), padding="same", use_bias=False, name="c2"), MOMENTUM),
            *normalized(layers.Conv2D(16, 1, use_bias=False, name="c3"), MOMENTUM),
            layers.MaxPooling2D((1, 2), name="p3"),
            *normalized(layers.DepthwiseConv2D((1, 5), padding="same", use_bias=False, name="c4"), MOMENTUM),
            *normalized(layers.Conv2D(24, 1, use_bias=False, name="c5"), MOMENTUM),
            layers.GlobalAveragePooling2D(name="mean"),
            layers.Dense(len(CLASSES), name="fc"),
        ]
    )


TASK = Task(
    name="motion",
    title="activities from a watch's motion sensor, 6 channels x 100 steps",
    seed=1,
    load=load,
    validation_share=0.3,
    test_share=0.0,
    teacher=teacher,
    student=student,
    teacher_training=Training(epochs=40, batch=14, learning_rate=3e-3),
    student_training=Training(epochs=80, batch=14, learning_rate=5e-3),
    augmentation=SeriesAugmentation(shift_steps=10.0, stretch=0.1, scale=0.15, jitter=0.1),
    distillation=Distillation(temperature=4.0, alpha=0.7),
)
