"""Who of nine men said two vowels? Twelve speech coefficients over up to 26 frames."""

from typing import Any

from gen.data import wheels
from gen.data.augment import SeriesAugmentation
from gen.data.examples import Dataset
from gen.learn.architectures import normalized
from gen.learn.objective import Distillation
from gen.learn.task import Task, Training

CLASSES = tuple(str(speaker) for speaker in range(1, 10))
STEPS = 26  # the longest utterance of the training set
MOMENTUM = 0.9  # of the moving averages: few steps are in an epoch


def load() -> Dataset:
    """x: 1 x 26 x 12: LPC cepstrum coefficients of frames, as published; 0 after the end of a shorter utterance."""
    return wheels.series(
        "JapaneseVowels",
        CLASSES,
        STEPS,
        about="640 utterances of the vowels a and e by nine men (Kudo, Toyama and "
        "Shimbo, 1999), of the UCI and UEA archives, with their training and test set; padded or cut to 26 frames",
        meaning="26 frames of 12 LPC cepstrum coefficients each, as published; 0 after the end of a shorter utterance",
    )


def teacher() -> Any:
    """Three convolutions of 64 channels along time."""
    from keras import Input, Sequential, layers

    model = Sequential([Input((1, STEPS, 12))])
    for _ in range(3):
        model.add(layers.Conv2D(64, (1, 3), padding="same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=MOMENTUM))
        model.add(layers.ReLU())
        model.add(layers.Dropout(0.2))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(len(CLASSES)))
    return model


def student() -> Any:
    """A convolution along time and two depthwise-separable ones."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((1, STEPS, 12)),
            *normalized(layers.Conv2D(24, (1, 3), padding="same", use_bias=False, name="c1"), MOMENTUM),
            *normalized(layers.DepthwiseConv2D((1, 3), padding="same", use_bias=False, name="c2"), MOMENTUM),
            *normalized(layers.Conv2D(32, 1, use_bias=False, name="c3"), MOMENTUM),
            layers.MaxPooling2D((1, 2), name="p3"),
            *normalized(layers.DepthwiseConv2D((1, 3), padding="same", use_bias=False, name="c4"), MOMENTUM),
            *normalized(layers.Conv2D(32, 1, use_bias=False, name="c5"), MOMENTUM),
            layers.GlobalAveragePooling2D(name="mean"),
            layers.Dense(len(CLASSES), name="fc"),
        ]
    )


TASK = Task(
    name="vowels",
    title="nine speakers by two vowels, 12 coefficients x 26 frames",
    seed=1,
    load=load,
    validation_share=0.2,
    test_share=0.0,
    teacher=teacher,
    student=student,
    teacher_training=Training(epochs=40, batch=24, learning_rate=3e-3),
    student_training=Training(epochs=80, batch=24, learning_rate=5e-3),
    augmentation=SeriesAugmentation(shift_steps=2.0, stretch=0.1, scale=0.05, jitter=0.03),
    distillation=Distillation(temperature=4.0, alpha=0.7),
)
