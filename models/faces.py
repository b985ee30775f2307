"""Is a face in a 25x25 image? A student of MobileNetV2's kind: inverted residual blocks that depthwise convolutions
make cheap (Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018)."""

import io
from typing import Any

import numpy as np

from gen.data import wheels
from gen.data.augment import ImageAugmentation
from gen.data.examples import Dataset, Examples
from gen.learn.objective import Distillation
from gen.learn.task import Task, Training

SIZE = 25
MOMENTUM = 0.9  # of the moving averages: few steps are in an epoch


def load() -> Dataset:
    """x: 25x25 gray, 0 to 1; the first 100 of the file are faces, the others not."""
    images = np.load(io.BytesIO(wheels.read(wheels.SCIKIT_IMAGE, "skimage/data/lfw_subset.npy")))
    return Dataset(
        source="scikit-image 0.26.0, lfw_subset: 100 faces and 100 other patches of Labeled Faces in the Wild "
        "(Huang et al., 2007)",
        classes=("other", "face"),
        examples=Examples(images[..., None].astype(np.float32), (np.arange(len(images)) < 100).astype(np.int64)),
        meaning="25 rows of 25 pixels, from top to bottom, gray, 0 (black) to 1",
    )


def teacher() -> Any:
    """Six 3x3 convolutions of 16 to 64 channels."""
    from keras import Input, Sequential, layers

    model = Sequential([Input((SIZE, SIZE, 1))])
    for channels in (16, 32, 64):
        for _ in range(2):
            model.add(layers.Conv2D(channels, 3, padding="same", use_bias=False))
            model.add(layers.BatchNormalization(momentum=MOMENTUM))
            model.add(layers.ReLU())
        model.add(layers.MaxPooling2D(2))
        model.add(layers.Dropout(0.2))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(2))
    return model


def student() -> Any:
    """A convolution and three inverted residual blocks, the last two with the addition. Short names keep the file
    small."""
    from keras import Input, Model, layers

    def normalized(layer: Any, x: Any, active: bool = True) -> Any:
        x = layers.BatchNormalization(momentum=MOMENTUM, name=f"n{layer.name}")(layer(x))
        return layers.ReLU(6, name=f"r{layer.name}")(x) if active else x

    def block(x: Any, name: str, channels: int, stride: int) -> Any:
        """Twice as many channels, a depthwise convolution, and back to channels without an activation."""
        wide = normalized(layers.Conv2D(2 * x.shape[-1], 1, use_bias=False, name=f"{name}e"), x)
        depthwise = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False, name=f"{name}d")
        narrow = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}p")
        y = normalized(narrow, normalized(depthwise, wide), active=False)
        return layers.Add(name=f"{name}a")([x, y]) if stride == 1 and channels == x.shape[-1] else y

    inputs = Input((SIZE, SIZE, 1))
    x = normalized(layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="c"), inputs)
    for name, channels, stride in (("1", 12, 2), ("2", 12, 1), ("3", 12, 1)):
        x = block(x, name, channels, stride)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return Model(inputs, layers.Dense(2, name="fc")(x))


TASK = Task(
    name="faces",
    title="face or not, 25x25 gray",
    seed=1,
    load=load,
    validation_share=0.15,
    test_share=0.3,
    teacher=teacher,
    student=student,
    teacher_training=Training(epochs=25, batch=22, learning_rate=2e-3),
    student_training=Training(epochs=40, batch=22, learning_rate=5e-3),
    augmentation=ImageAugmentation(shift_pixels=1.5, rotation_degrees=10.0, zoom=0.1, shear=0.05),
    distillation=Distillation(temperature=4.0, alpha=0.7),
)
