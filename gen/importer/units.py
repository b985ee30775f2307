"""In which units a model takes its pixels, told from what it does with them first: Rescaling and Normalization layers,
a BatchNormalization at the input, a division by 255."""

import numpy as np

from gen.model.graph import Array

BYTES, UNIT, SIGNED = "0..255", "0..1", "signed"
SMALL = 1 / 8  # a factor below this makes numbers of about 1 of bytes, as 1/255, 1/127.5 and 1/58 do
LARGE = 2.0  # a mean above this, in the input's units, is one of bytes
TOLERANCE = 0.1


def units(scale: Array, offset: Array) -> str | None:
    """Of a model whose first step is y = scale * x + offset, with a scale and offset for each element of y (scale 0
    where y is none of x, such as padding): BYTES, UNIT, SIGNED (-1 to 1), or None where y is x."""
    used = scale != 0
    scale, offset = scale[used], offset[used]
    if not scale.size or (np.allclose(scale, 1) and np.allclose(offset, 0, atol=1e-6)):
        return None
    mean = -offset / scale  # the pixel that becomes 0
    if np.abs(mean).max() > LARGE or np.abs(scale).max() < SMALL:
        return BYTES
    return SIGNED if np.abs(mean + 1).max() < TOLERANCE else UNIT
