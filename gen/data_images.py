"""PNG and JPEG files as examples: values 0 to 1, resized whatever the proportions were."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gen.data_files import Unusable, Windows
from gen.errors import MissingTool
from gen.graph import Array
from gen.task import INSTALL_TRAIN

SUFFIXES = (".png", ".jpg", ".jpeg")
GREY = ("1", "L", "LA", "La", "I;16", "I;16B", "I;16L")
DAMAGED = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, struct.error, zlib.error)


@dataclass(frozen=True)
class ImageFeatures:
    """channels: 1 is grey, 3 is RGB. Resized with Pillow's bilinear filter, which averages where it shrinks; upright as
    EXIF says; a value is a pixel / 255."""

    height: int
    width: int
    channels: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    def read(self, content: bytes) -> Windows:
        """One example. Raises Unusable, MissingTool."""
        image, ops = _pillow()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", image.DecompressionBombWarning)
            try:
                with image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as opened:
                    pixels = _resized(ops.exif_transpose(opened), self, image)
            except image.UnidentifiedImageError:
                raise Unusable("is no PNG or JPEG") from None
            except (image.DecompressionBombError, image.DecompressionBombWarning):
                raise Unusable("has more pixels than Pillow takes from an unknown source") from None
            except DAMAGED as error:
                raise Unusable(f"is damaged ({error})") from None
        return Windows((pixels / np.float32(255)).reshape(1, *self.shape))


def _resized(opened: Any, features: ImageFeatures, image: Any) -> Array:
    if opened.mode.startswith("I;16"):  # convert() would cut off all above 255
        opened = image.fromarray((np.asarray(opened) >> 8).astype(np.uint8))
    if "transparency" in opened.info:
        opened = opened.convert("RGBA")
    mode = "L" if features.channels == 1 else "RGB"
    resized = opened.convert(mode).resize((features.width, features.height), image.Resampling.BILINEAR)
    return np.asarray(resized, np.float32)


def survey(contents: Iterable[bytes], height: int, width: int) -> ImageFeatures:
    """RGB where any image has colours. Raises MissingTool."""
    image, _ = _pillow()
    for content in contents:
        try:
            with image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as opened:
                if opened.mode not in GREY:
                    return ImageFeatures(height, width, 3)
        except (*DAMAGED, image.DecompressionBombError, Warning):
            continue  # read() names it
    return ImageFeatures(height, width, 1)


def _pillow() -> tuple[Any, Any]:
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise MissingTool(f"reading images needs the Python package pillow: run `{INSTALL_TRAIN}`.") from None
    return Image, ImageOps
