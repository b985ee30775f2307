"""Students and teachers for data that nobody made an architecture for, chosen by the input's size.

A student is MobileNet's kind: a convolution, then depthwise-separable blocks, a mean over all places, one dense layer
(Howard et al., MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications, 2017). Its teacher
has the same skeleton with full convolutions and more channels. Sizes are such that student, code and arena take
at most 64 kB of flash and 16 kB of RAM for images up to 64x64 gray or 32x32 in color and for series; a larger input
alone fills the RAM."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Skeleton:
    """For inputs of at most `places` positions. Strides are along both axes."""

    places: int  # H x W
    stem: tuple[int, int]  # stride and channels of the first convolution
    blocks: tuple[tuple[int, int], ...]  # those of the depthwise-separable convolutions


IMAGES = (
    Skeleton(16 * 16, (1, 12), ((2, 24), (1, 24), (2, 32))),
    Skeleton(32 * 32, (2, 12), ((2, 24), (1, 24), (2, 32), (1, 48))),
    Skeleton(64 * 64, (4, 12), ((1, 16), (2, 32), (1, 32), (2, 48))),
    Skeleton(1 << 30, (4, 8), ((2, 16), (1, 24), (2, 32), (2, 48))),
)
SERIES = (
    Skeleton(64, (1, 16), ((2, 24), (1, 24), (2, 32))),
    Skeleton(256, (2, 16), ((2, 24), (1, 24), (2, 32))),
    Skeleton(1 << 30, (4, 16), ((2, 24), (2, 32), (2, 32))),
)
TEACHER_WIDTH = 2
DROPOUT = 0.2
MOMENTUM = 0.9  # of the normalizations' running means: few examples make few steps an epoch

Shape = tuple[int, int, int]


def skeleton(shape: Shape) -> Skeleton:
    """shape: H, W, C; H is 1 for a series."""
    height, width, _ = shape
    table: Sequence[Skeleton] = SERIES if height == 1 else IMAGES
    return next(row for row in table if height * width <= row.places)


def normalized(layer: Any, momentum: float = 0.99) -> list[Any]:
    """A Keras layer, its batch normalization and its ReLU, named after it: c1, n1, r1. momentum: of the running means,
    0.99 is Keras' own."""
    from keras import layers

    place = layer.name[1:]
    return [layer, layers.BatchNormalization(momentum=momentum, name=f"n{place}"), layers.ReLU(name=f"r{place}")]


def student(shape: Shape, classes: int) -> Any:
    """A Keras model, NHWC to logits. The converter makes one tensor name of a convolution, its normalization and its
    activation: short names keep the file small."""
    from keras import Input, Sequential, layers

    plan, kernel = skeleton(shape), _kernel(shape)
    model = Sequential([Input(shape)])

    def add(layer: Any) -> None:
        for part in normalized(layer, MOMENTUM):
            model.add(part)

    step, channels = plan.stem
    add(layers.Conv2D(channels, kernel, strides=step, padding="same", use_bias=False, name="c1"))
    for number, (step, channels) in enumerate(plan.blocks):
        depthwise, pointwise = f"c{2 * number + 2}", f"c{2 * number + 3}"
        add(layers.DepthwiseConv2D(kernel, strides=step, padding="same", use_bias=False, name=depthwise))
        add(layers.Conv2D(channels, 1, use_bias=False, name=pointwise))
    model.add(layers.GlobalAveragePooling2D(name="mean"))
    model.add(layers.Dense(classes, name="fc"))
    return model


def teacher(shape: Shape, classes: int) -> Any:
    """A Keras model, NHWC to logits, with TEACHER_WIDTH times the student's channels in full convolutions."""
    from keras import Input, Sequential, layers

    plan, kernel = skeleton(shape), _kernel(shape)
    model = Sequential([Input(shape)])
    for step, channels in (plan.stem, *plan.blocks):
        wide = TEACHER_WIDTH * channels
        model.add(layers.Conv2D(wide, kernel, strides=step, padding="same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=MOMENTUM))
        model.add(layers.ReLU())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dropout(DROPOUT))
    model.add(layers.Dense(classes))
    return model


def _kernel(shape: Shape) -> tuple[int, int]:
    """Along time only for a series. Strides may be along both axes even there: a height of 1 stays, and TensorFlow
    computes depthwise convolutions with equal strides only."""
    return (1, 5) if shape[0] == 1 else (3, 3)
