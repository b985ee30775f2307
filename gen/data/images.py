"""PNG and JPEG files as examples: values 0 to 1, resized whatever the proportions were."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gen.data.files import Unusable, Windows
from gen.errors import INSTALL_TRAIN, MissingTool
from gen.model.graph import Array

SUFFIXES = (".png", ".jpg", ".jpeg")
GRAY = ("1", "L", "LA", "La", "I;16", "I;16B", "I;16L")
DAMAGED = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, struct.error, zlib.error)


@dataclass(frozen=True)
class ImageFeatures:
    """Resized with Pillow's bilinear filter, which averages where it shrinks; upright as EXIF says; a value is a pixel
    / 255."""

    height: int
    width: int
    channels: int  # 1: gray, 3: RGB

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    def read(self, content: bytes) -> Windows:
        """One example. Raises Unusable, MissingTool."""
        image, ops = pillow()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", image.DecompressionBombWarning)
            try:
                with image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as opened:
                    smaller = opened.width < self.width and opened.height < self.height
                    mode = "L" if self.channels == 1 else "RGB"
                    pixels = resized(ops.exif_transpose(opened), mode, self.height, self.width)
            except image.UnidentifiedImageError:
                raise Unusable("is not PNG or JPEG") from None
            except (image.DecompressionBombError, image.DecompressionBombWarning):
                raise Unusable("has more pixels than Pillow takes from an unknown source") from None
            except DAMAGED as error:
                raise Unusable(f"is damaged ({error})") from None
        note = f"smaller than {self.height}x{self.width}, enlarged" if smaller else ""
        return Windows((pixels / np.float32(255)).reshape(1, *self.shape), note=note)


def resized(opened: Any, mode: str, height: int, width: int) -> Array:
    """Pillow's image in a mode of 8 bits -> float32, H x W or H x W x C, 0 to 255. Raises MissingTool, and DAMAGED as
    Pillow does."""
    image, _ = pillow()
    if opened.mode.startswith("I;16"):  # convert() would cut off all above 255
        opened = image.fromarray((np.asarray(opened) >> 8).astype(np.uint8))
    if "transparency" in opened.info:
        opened = opened.convert("RGBA")
    return np.asarray(opened.convert(mode).resize((width, height), image.Resampling.BILINEAR), np.float32)


def survey(contents: Iterable[bytes], height: int, width: int) -> ImageFeatures:
    """RGB where any image has colors. Raises MissingTool."""
    image, _ = pillow()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # read() says what is wrong
        for content in contents:
            try:
                with image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as opened:
                    if opened.mode not in GRAY:
                        return ImageFeatures(height, width, 3)
            except (*DAMAGED, image.DecompressionBombError):
                continue
    return ImageFeatures(height, width, 1)


def pillow() -> tuple[Any, Any]:
    """The modules PIL.Image and PIL.ImageOps. Raises MissingTool."""
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise MissingTool(f"reading images needs the Python package pillow: run `{INSTALL_TRAIN}`.") from None
    return Image, ImageOps
