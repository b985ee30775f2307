"""Which digit is in an 8x8 image of handwriting? Small enough to train in a minute and to run in 8 kB of RAM."""

from typing import Any

import numpy as np

from gen.data.augment import ImageAugmentation
from gen.data.examples import Dataset, Examples
from gen.learn.architectures import normalized
from gen.learn.objective import Distillation
from gen.learn.task import Task, Training


def load() -> Dataset:
    """x: the share of each of the 8x8 cells that is ink, 0 to 1."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    x = (digits.images[..., None] / 16.0).astype(np.float32)
    return Dataset(
        source="scikit-learn load_digits: 1,797 images of the test set of UCI's Optical Recognition of Handwritten "
        "Digits (Alpaydin and Kaynak, 1998), CC BY 4.0",
        classes=tuple(str(digit) for digit in digits.target_names),
        examples=Examples(x, digits.target.astype(np.int64)),
        meaning="8 rows of 8 cells, from top to bottom, each the share of the cell that is ink, 0 to 1",
    )


def teacher() -> Any:
    """Four 3x3 convolutions of 16 to 32 channels."""
    from keras import Input, Sequential, layers

    model = Sequential([Input((8, 8, 1))])
    for channels in (16, 32):
        for _ in range(2):
            model.add(layers.Conv2D(channels, 3, padding="same", use_bias=False))
            model.add(layers.BatchNormalization())
            model.add(layers.ReLU())
        model.add(layers.MaxPooling2D(2))
        model.add(layers.Dropout(0.2))
    model.add(layers.Flatten())
    model.add(layers.Dense(10))
    return model


def student() -> Any:
    """Two convolutions and a depthwise-separable block. The converter folds each batch normalization and ReLU into the
    convolution before it, and makes the tensor's name of all three: short names keep the file small."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((8, 8, 1)),
            *normalized(layers.Conv2D(12, 3, padding="same", use_bias=False, name="c1")),
            layers.MaxPooling2D(2, name="p1"),
            *normalized(layers.Conv2D(16, 3, padding="same", use_bias=False, name="c2")),
            *normalized(layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="c3")),
            *normalized(layers.Conv2D(24, 1, use_bias=False, name="c4")),
            layers.MaxPooling2D(2, name="p4"),
            layers.Flatten(name="flat"),
            layers.Dense(10, name="fc"),
        ]
    )


TASK = Task(
    name="digits",
    title="handwritten digits, 8x8 gray",
    seed=1,
    load=load,
    validation_share=0.15,
    test_share=0.2,
    teacher=teacher,
    student=student,
    teacher_training=Training(epochs=25, batch=32, learning_rate=3e-3),
    student_training=Training(epochs=60, batch=32, learning_rate=5e-3),
    augmentation=ImageAugmentation(shift_pixels=0.4, rotation_degrees=10.0, zoom=0.1, shear=0.05),
    distillation=Distillation(temperature=4.0, alpha=0.9),
)
